"""How much of a pixel is lesion, in levels from 0 to 255, and from which level on it counts as lesion."""

from __future__ import annotations

import cv2
import numpy as np

_HALF = 128


# Largest rounding error of sums in single precision, so that a pixel that is exactly half covered counts as such.
_ROUNDING = 1e-5


def covered_levels(share: np.ndarray) -> np.ndarray:
    """Return shares of pixels as uint8: 0 for none, 255 for all, 128 and above for a half or more and for nothing less.

    A share is rounded up, but never from below a half to 128; one above zero is never 0.

    Args:
        share: Any shape, float32, from 0 to 1.
    """
    levels = np.ceil(share * 255 - 1e-3).clip(share > 0, 255).astype(np.uint8)
    return np.where(share >= 0.5 - _ROUNDING, levels.clip(_HALF), levels.clip(None, _HALF - 1))


def lesion_truth(coverage: np.ndarray) -> np.ndarray:
    """Return the ground truth as ``(S, S)`` bool from a lesion's coverage, ``(S, S)`` uint8 of :func:`covered_levels`.

    A pixel is lesion where at least half of it is. A lesion so small that it covers no pixel by half keeps the pixel
    that it covers most, so that every annotated lesion counts.
    """
    truth = coverage >= _HALF
    count, labels = cv2.connectedComponents((coverage > 0).astype(np.uint8), connectivity=8)
    reached = np.zeros(count, bool)
    reached[np.unique(labels[truth])] = True
    small = np.flatnonzero(~reached[1:]) + 1
    if small.size:
        # Pixels in order of their lesion, the most covered first: the first of each small lesion is kept.
        order = np.lexsort((-coverage.ravel().astype(int), labels.ravel()))
        truth.ravel()[order[np.searchsorted(labels.ravel()[order], small)]] = True
    return truth
