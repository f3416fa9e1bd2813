"""Figures of merit from two histograms: how many positives and how many negatives fall into each bin of the score.

All functions take histograms of shape (…, bins), bins in the order of rising score, and work along the last axis, so
that the bootstrap gets all of its resamples in one call. A pixel is called abnormal if its bin is at or above the
threshold's. Scores in one bin are ties.
"""

from __future__ import annotations

import numpy as np

from fundus_anomaly.evaluation.thinning import thinned


def roc_auc(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve, ties counted by half (the Mann–Whitney statistic).

    Args:
        positive: (…, bins) counts.
        negative: (…, bins) counts.

    Returns:
        (…) float64; NaN where a class is empty.
    """
    negative = np.asarray(negative, np.float64)
    below = np.cumsum(negative, axis=-1) - negative / 2
    pairs = np.sum(positive, axis=-1, dtype=np.float64) * negative.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.einsum("...b,...b->...", np.asarray(positive, np.float64), below) / pairs


def average_precision(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Return the average precision Σ (Rₙ − Rₙ₋₁) Pₙ over falling thresholds, without interpolation.

    Args:
        positive: (…, bins) counts.
        negative: (…, bins) counts.

    Returns:
        (…) float64; NaN where a class is empty.
    """
    hits = np.cumsum(np.asarray(positive, np.float64)[..., ::-1], axis=-1)
    called = hits + np.cumsum(np.asarray(negative, np.float64)[..., ::-1], axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(called > 0, hits / called, 0.0)
        area = np.einsum("...b,...b->...", np.asarray(positive, np.float64)[..., ::-1], precision) / hits[..., -1]
    return np.where(called[..., -1] > hits[..., -1], area, np.nan)


def rates(positive: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the true and false positive rate at each threshold.

    Args:
        positive: (bins,) counts, not all 0.
        negative: (bins,) counts, not all 0.

    Returns:
        Two arrays (bins + 1,) float64; entry k is the share of pixels whose bin is k or above, the last one 0.
    """

    def share_at_or_above(counts: np.ndarray) -> np.ndarray:
        above = np.cumsum(np.asarray(counts, np.float64)[::-1])
        return np.append(above[::-1], 0.0) / above[-1]

    return share_at_or_above(positive), share_at_or_above(negative)


def best_balanced_accuracy(positive: np.ndarray, negative: np.ndarray) -> tuple[float, int]:
    """Return the highest balanced accuracy that any threshold reaches, and the lowest such threshold's bin.

    The threshold is chosen on the pixels that it is judged by, so the figure is optimistic. The paper (section
    4.2) names no threshold; its ACC is compared with this reading of it.
    """
    hit, false = rates(positive, negative)
    balanced = (hit + 1 - false) / 2
    best = int(np.argmax(balanced))
    return float(balanced[best]), best


def thinned_curves(positive: np.ndarray, negative: np.ndarray, points: int) -> dict[str, np.ndarray]:
    """Return the ROC and precision–recall curves, thinned for drawing.

    Args:
        positive: (bins,) counts, not all 0.
        negative: (bins,) counts, not all 0.
        points: The most points that each curve may have, at least 2; spread evenly along it, both ends kept.

    Returns:
        ``{"roc": (p, 3), "precision_recall": (p', 3)}`` float64, columns x, y and the threshold's bin: false and
        true positive rate, or recall and precision; thresholds fall.
    """
    hit, false = (rate[::-1] for rate in rates(positive, negative))
    index = np.arange(len(hit) - 1, -1, -1, dtype=np.float64)
    hits = hit * np.sum(positive, dtype=np.float64)
    called = hits + false * np.sum(negative, dtype=np.float64)
    some = called > 0
    return {
        "roc": thinned(np.column_stack([false, hit, index]), points),
        "precision_recall": thinned(np.column_stack([hit[some], hits[some] / called[some], index[some]]), points),
    }
