"""What the pages show of photographs that were judged; apart, so that another look judges none again."""

from __future__ import annotations

import cv2
import numpy as np

from fundus_anomaly.predict.store import Judged
from fundus_anomaly.report.pages.gallery_folder import Pictured


def pictured(judged: Judged) -> Pictured:
    """Return what is shown of a photograph that was judged."""
    photograph = np.ascontiguousarray(cv2.imdecode(judged.photograph, cv2.IMREAD_COLOR)[..., ::-1])
    painted = None if judged.levels is None else cv2.imdecode(judged.levels, cv2.IMREAD_GRAYSCALE)
    return Pictured(photograph, painted, encoded=judged.photograph.tobytes())
