"""Where the retina is in a photograph: the lit disc on its black border."""

from __future__ import annotations

import cv2
import numpy as np

# The disc is found on a copy of this many pixels a side; its border is sharp enough there.
_WORKING_SIDE = 256
_SMALLEST_SHARE = 0.1


def field_of_view(photograph: np.ndarray) -> np.ndarray:
    """Return the field of view of a fundus photograph as ``(H, W)`` bool.

    The brightest channel, freed of noise, is divided from the border by Otsu's threshold, capped so that a dark rim
    still counts; the largest connected part is made convex, since vessels and shadows may dent it but a camera's
    aperture never does. A photograph without a dark border (nothing half as dark as its brightest part, or less than a
    tenth of it lit) is all field of view.

    Args:
        photograph: ``(H, W, 3)`` uint8 RGB.
    """
    height, width = photograph.shape[:2]
    scale = _WORKING_SIDE / max(height, width)
    smaller = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(photograph, smaller, interpolation=cv2.INTER_AREA) if scale < 1 else photograph
    # A median keeps the rim where it is: after a mean, a low threshold would be passed well outside of it.
    level = cv2.medianBlur(small.max(axis=2), 5)
    otsu, _ = cv2.threshold(level, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    darkest, brightest = float(np.percentile(level, 1)), float(level.max())
    whole = np.ones((height, width), bool)
    if darkest > brightest / 2:
        return whole
    lit = (level > min(otsu, darkest + 0.15 * (brightest - darkest) + 5)).astype(np.uint8)

    count, labels, stats, _ = cv2.connectedComponentsWithStats(lit, connectivity=8)
    if count < 2:
        return whole
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    if stats[largest, cv2.CC_STAT_AREA] < _SMALLEST_SHARE * lit.size:
        return whole
    points = np.argwhere(labels == largest)[:, ::-1].astype(np.int32)
    disc = np.zeros_like(lit)
    cv2.fillConvexPoly(disc, cv2.convexHull(points), 1)
    return cv2.resize(disc, (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)


def bounding_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Return ``(top, left, height, width)`` in pixels of the smallest box around a non-empty ``(H, W)`` bool mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


def retina_diameter(mask: np.ndarray, scale: tuple[float, float] = (1.0, 1.0)) -> float:
    """Return how wide the retina is in the photograph, in its pixels, also where the camera cut it at top and bottom.

    Args:
        mask: The field of view, ``(H, W)`` bool, not empty.
        scale: Pixels of ``mask``, along y and along x, for one of the photograph.
    """
    _, _, height, width = bounding_box(mask)
    return max(height / scale[0], width / scale[1])
