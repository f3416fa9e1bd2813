"""Honest thresholds: quantiles of the scores of held-out normals, which no image of the test has any part in."""

from __future__ import annotations

import numpy as np


def image_threshold(normal_scores: np.ndarray, quantile: float) -> float:
    """Return the threshold that a share of held-out normal images lies below.

    Args:
        normal_scores: (n,) float, image scores of normals that were scored against a bank without their patient.
        quantile: That share, in (0, 1).

    Returns:
        The quantile, linear between scores; NaN if there are no scores.
    """
    return float(np.quantile(normal_scores, quantile)) if len(normal_scores) else float("nan")


def pixel_threshold_bin(normal: np.ndarray, quantile: float) -> int | None:
    """Return the bin of the lowest threshold that at least a share of held-out normal pixels lies below.

    Args:
        normal: (bins,) counts of the pixels of held-out normals.
        quantile: That share, in (0, 1).

    Returns:
        An index from 1 to ``bins``; pixels of this bin and above are called abnormal. None without pixels.
    """
    below = np.cumsum(normal, dtype=np.float64)
    if below[-1] == 0:
        return None
    return int(np.searchsorted(below, quantile * below[-1], side="left")) + 1
