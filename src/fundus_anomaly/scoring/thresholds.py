"""Calibrated thresholds: order statistics of the scores of held-out normals, in which no image of the test has part."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv

_RANGE = 0.9


class Calibration(NamedTuple):
    """The threshold that n held-out normals give, and how many false alarms it lets expect.

    Attributes:
        threshold: The score of that rank; an image at or above it is called abnormal. NaN if n is 0.
        rank: k, from the lowest score.
        count: n.
        expected: Share of new normals that is expected above the threshold; NaN if n is 0.
        low: Lower end of the range that this share is in for nine of ten such sets of held-out normals.
        high: Upper end.
    """

    threshold: float
    rank: int
    count: int
    expected: float
    low: float
    high: float


def rank_of(count: int, quantile: float) -> int:
    """Return ⌈(n + 1) q⌉, at most n: the rank whose score a new normal exceeds with probability 1 − q or less.

    The quantile of split conformal prediction (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World,
    2005; Lei et al., JASA 2018). A quantile of the scores themselves lets more normals pass than it says it does.

    Args:
        count: n, the number of held-out normals.
        quantile: q, in (0, 1).
    """
    return min(count, math.ceil((count + 1) * quantile - 1e-9))


def calibrate(normal_scores: np.ndarray, quantile: float) -> Calibration:
    """Return the threshold that the scores of held-out normals give.

    Where they are exchangeable with new normals and no two scores are equal, the share of new normals above the score
    of rank k has the Beta distribution of n + 1 − k and k (Vovk, ACML 2012), with mean (n + 1 − k) / (n + 1). With
    fewer than q / (1 − q) of them their highest score is taken, and that share is more than 1 − q.

    Two eyes of a patient count as two normals. That makes the range a little too narrow: for 48 images of 24 patients
    whose scores correlate by .7 it is .6 to 11.2 % about 4.5 % instead of .7 to 9.5 % about 4.1 % (simulated).

    Args:
        normal_scores: (n,) float, image scores of normals that were scored against a bank without their patient.
        quantile: q, the share of new normals that are to lie below, in (0, 1).
    """
    count, rank = len(normal_scores), rank_of(len(normal_scores), quantile)
    if not count:
        return Calibration(math.nan, 0, 0, math.nan, math.nan, math.nan)
    low, high = betaincinv(count + 1 - rank, rank, [(1 - _RANGE) / 2, (1 + _RANGE) / 2])
    expected = (count + 1 - rank) / (count + 1)
    return Calibration(float(np.sort(normal_scores)[rank - 1]), rank, count, expected, float(low), float(high))


def image_threshold(normal_scores: np.ndarray, quantile: float) -> float:
    """Return the threshold of :func:`calibrate` alone."""
    return calibrate(normal_scores, quantile).threshold


def p_values(scores: np.ndarray, normal_scores: np.ndarray) -> np.ndarray:
    """Return how rare scores are among normals: (1 + number of normals that score as high) / (n + 1).

    The p-value of split conformal prediction: of new normals that are exchangeable with these at most a share of p has
    one of p or less. It is never below 1 / (n + 1).

    Args:
        scores: ``(m,)`` float.
        normal_scores: ``(n,)`` float, as in :func:`calibrate`.

    Returns:
        ``(m,)`` float64 in (0, 1]; 1 without normals.
    """
    ordered = np.sort(np.asarray(normal_scores, np.float64))
    return (1 + len(ordered) - np.searchsorted(ordered, scores, side="left")) / (len(ordered) + 1)


def percentiles(scores: np.ndarray, normal_scores: np.ndarray) -> np.ndarray:
    """Return the share of normals, in percent, whose score is lower.

    Args:
        scores: ``(m,)`` float.
        normal_scores: ``(n,)`` float, as in :func:`calibrate`.

    Returns:
        ``(m,)`` float64 in [0, 100]; NaN without normals.
    """
    if not len(normal_scores):
        return np.full(len(scores), np.nan)
    return 100 * np.searchsorted(np.sort(normal_scores), scores, side="left") / len(normal_scores)


def calibration_in_words(count: int, quantile: float) -> str:
    """Return what n held-out normals make of a quantile, as the end of a sentence without its stop.

    Args:
        count: n, the number of held-out normals.
        quantile: As in :func:`calibrate`.
    """
    if not count:
        return "none, because there are no held-out normals"
    found = calibrate(np.arange(count), quantile)
    which = "the highest" if found.rank == count else f"rank {found.rank}"
    few = f", which are too few for {quantile:g}" if (count + 1) * quantile - 1e-9 > count else ""
    return (
        f"{which} of the scores of {count} held-out normals{few}; of new normals like them {_percent(found.expected)} "
        f"are expected above it, {_percent(found.low)} to {_percent(found.high)} in nine of ten such calibrations"
    )


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


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
