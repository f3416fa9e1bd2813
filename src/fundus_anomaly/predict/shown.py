"""What the pages show of photographs that were judged; apart, so that another look judges none again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from fundus_anomaly.methods.resad.detector_file import Trained
from fundus_anomaly.predict.store import Judged, Store
from fundus_anomaly.report.figures.heat_map import Scale, scale_in_words
from fundus_anomaly.report.pages.gallery_folder import Pictured
from fundus_anomaly.report.pages.gallery_page import Settings


def pictured_in(store: Store, keys: Mapping[str, str]) -> Callable[[str], Pictured]:
    """Return what is shown of a photograph, by its id, as :func:`..report.pages.gallery_folder.write_gallery` takes it.

    Args:
        store: What was kept of each photograph.
        keys: The key of each, by its id.
    """
    return lambda name: pictured(store.require(keys[name]))


def pictured(judged: Judged) -> Pictured:
    """Return what is shown of a photograph that was judged."""
    photograph = np.ascontiguousarray(cv2.imdecode(judged.photograph, cv2.IMREAD_COLOR)[..., ::-1])
    painted = None if judged.levels is None else cv2.imdecode(judged.levels, cv2.IMREAD_GRAYSCALE)
    return Pictured(photograph, painted, encoded=judged.photograph.tobytes())


def settings_of(trained: Trained, normal_scores: np.ndarray, title: str) -> Settings:
    """Return what holds for all pages of photographs that a detector judged.

    Args:
        trained: What the detector was made with.
        normal_scores: ``(n,)`` calibrated image scores of held-out normals.
        title: Heading of the pages.
    """
    return Settings.of_normals(
        normal_scores,
        trained.normal_quantile,
        title=title,
        method=f"ReSAD, calibrated, {trained.backbone['name']}, image score {trained.scoring['calibrated_score']}",
        scale=Scale(*trained.colours),
        unit=scale_in_words(calibrated=True, quantile=trained.scale_quantile),
        left_out_title="Could not be read",
    )
