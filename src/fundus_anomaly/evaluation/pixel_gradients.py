"""Pixel figures of many test sets at once, and their derivatives by the number of pixels.

The gradient by the counts is what a bootstrap needs to know the standard error of each of its resamples: a patient's
influence on a figure is the product of the gradient and the patient's own counts (the infinitesimal jackknife: Efron,
"The Jackknife, the Bootstrap and Other Resampling Plans", SIAM 1982, chapter 6). Each figure depends on shares of
counts alone, so a patient's influences sum to zero.

All functions take counts (…, bins), bins in the order of rising score, and return the figure (…) and two gradients
(…, bins); all float64, NaN where a class is empty. Scores in one bin are ties.
"""

from __future__ import annotations

import numpy as np


def roc_auc(positive: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the area under the ROC curve as :func:`.pixel_metrics.roc_auc`, and its gradients by both counts."""
    of_positive, positives = _shares(positive)
    of_negative, negatives = _shares(negative)
    below = np.cumsum(of_negative, axis=-1) - of_negative / 2
    above = _from_above(of_positive) - of_positive / 2
    area = np.sum(of_positive * below, axis=-1, keepdims=True)
    return area[..., 0], (below - area) / positives, (above - area) / negatives


def average_precision(positive: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the average precision as :func:`.pixel_metrics.average_precision`, and its gradients by both counts."""
    positive, negative = np.asarray(positive, np.float64), np.asarray(negative, np.float64)
    hits = _from_above(positive)
    # Bins above the highest score of all hold nothing and take no part.
    called = np.maximum(hits + _from_above(negative), np.finfo(np.float64).tiny)
    with np.errstate(invalid="ignore", divide="ignore"):
        positives = np.where(negative.any(axis=-1, keepdims=True), hits[..., :1], np.nan)
        precision = hits / called
        area = np.sum(positive * precision, axis=-1, keepdims=True) / positives
        step = positive / called
        lost = np.cumsum(step * precision, axis=-1)
        by_positive = (precision + np.cumsum(step, axis=-1) - lost - area) / positives
        return area[..., 0], by_positive, -lost / positives


def aupro(regions: np.ndarray, negative: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the area under the per-region overlap as :func:`.region_overlap.aupro`, and its gradients.

    Args:
        regions: (…, bins) sum of :func:`.region_overlap.region_histogram` over the images; its own sum is the number
            of regions.
        negative: (…, bins) pixel counts without any lesion.
        limit: False positive rate at which integration ends, in (0, 1].
    """
    of_region, number = _shares(regions)
    of_negative, negatives = _shares(negative)
    false = _from_above(of_negative)
    start, end = np.minimum(false - of_negative, limit), np.minimum(false, limit)
    width = end - start
    # Of each bin, what lies before the limit: a bin without negatives is one point of the curve.
    inside = np.divide(width, of_negative, out=(false <= limit).astype(np.float64), where=of_negative > 0)
    overlap = _from_above(of_region) - of_region
    area = np.sum((overlap + of_region * inside / 2) * width, axis=-1, keepdims=True) / limit
    by_region = ((limit - end + width * inside / 2) / limit - area) / number
    found = of_region * inside
    mean_false = np.sum(found * (start + width / 2), axis=-1, keepdims=True)
    before = np.cumsum(found, axis=-1) - found + found * inside / 2
    return area[..., 0], by_region, (mean_false - before) / (negatives * limit)


def _shares(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return counts divided by their sum, and the sum (…, 1); NaN where there are none."""
    total = np.sum(counts, axis=-1, dtype=np.float64, keepdims=True)
    total = np.where(total > 0, total, np.nan)
    return counts / total, total


def _from_above(counts: np.ndarray) -> np.ndarray:
    """Return for each bin the sum of it and all above it."""
    return np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1]
