"""The phantom's photographs and masks as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from fundus_anomaly.files.whole import whole
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.phantom import cohort
from fundus_anomaly.phantom.render import render
from fundus_anomaly.progress import track

_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 92]


def draw_files(eyes: Sequence[cohort.Eye], root: Path, *, seed: int, width: int, height: int, threads: int) -> None:
    """Draw eyes and write the photograph (JPEG) and the masks (PNG) of each below a folder.

    Args:
        eyes: Whose photographs are wanted.
        root: The folder; :func:`.cohort.file_names` names the files in it.
        seed: Seed of the phantom.
        width: Pixels of a photograph's row.
        height: Rows of a photograph.
        threads: Eyes that are drawn at a time.
    """

    def draw(eye: cohort.Eye) -> None:
        rendering = render(eye, seed, width, height)
        photograph, masks = cohort.file_names(eye)
        _encode(root / photograph, rendering.photograph[..., ::-1], _QUALITY)
        for lesion, name in masks.items():
            _encode(root / name, rendering.masks[lesion], [])

    # The threads are ours: OpenCV's own would run beside them.
    cv2.setNumThreads(1)
    for _ in track(ordered_map(draw, eyes, threads), len(eyes), "phantom"):
        pass


def _encode(path: Path, image: np.ndarray, options: list[int]) -> None:
    """Write an image, ``(H, W)`` or ``(H, W, 3)`` BGR uint8, in the format of the path's suffix."""
    _, data = cv2.imencode(path.suffix, image, options)
    with whole(path) as temporary:
        temporary.write_bytes(data.tobytes())
