"""From distances at feature positions to an anomaly map and image scores (ReSAD, Sec. 3.3)."""

from __future__ import annotations

import cv2
import numpy as np

IMAGE_SCORES = ("maximum", "mean", "top_quantile", "smoothed_maximum")


def anomaly_map(distance: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Return A, the distance map brought to the image's size by bilinear interpolation.

    Args:
        distance: D of eq. 7, ``(h, w)`` float32.
        image_size: ``(H, W)`` in pixels.

    Returns:
        ``(H, W)`` float32; no value lies outside the range of ``distance``.
    """
    return cv2.resize(np.asarray(distance, np.float32), image_size[::-1], interpolation=cv2.INTER_LINEAR)


def image_scores(map_: np.ndarray, *, top_quantile: float, smoothing: float) -> dict[str, float]:
    """Return every image score of an anomaly map; the paper's is ``maximum``.

    Args:
        map_: A, ``(H, W)`` float32.
        top_quantile: The quantile of the map that is the score of that name, e.g. 0.995.
        smoothing: σ in pixels of the Gaussian before ``smoothed_maximum``.
    """
    smoothed = cv2.GaussianBlur(map_, (0, 0), smoothing) if smoothing > 0 else map_
    return {
        "maximum": float(map_.max()),
        "mean": float(map_.mean(dtype=np.float64)),
        "top_quantile": float(np.quantile(map_, top_quantile)),
        "smoothed_maximum": float(smoothed.max()),
    }
