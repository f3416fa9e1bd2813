"""Whether p-values among held-out normals keep what they promise on normals that nothing was fitted to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import betabinom, ks_2samp

from fundus_anomaly.scoring.thresholds import p_values


class Promises(NamedTuple):
    """One method's p-values, and whether normals of the test score as held-out normals do.

    Attributes:
        normal: Of the test's normals, ``(m,)`` float64 in (0, 1], sorted.
        abnormal: Of its abnormal images, ``(k,)``, sorted.
        held_out: n, the number of held-out normals.
        same: p-value of the two-sample Kolmogorov–Smirnov test between the scores of the test's normals and of the
            held-out ones; NaN without either. Two eyes of a patient count as two, which makes it too small.
    """

    normal: np.ndarray
    abnormal: np.ndarray
    held_out: int
    same: float


def promises(scores: np.ndarray, abnormal: np.ndarray, normal_scores: np.ndarray) -> Promises:
    """Return the p-values of a test's images.

    Args:
        scores: ``(n,)`` float, image scores of the test.
        abnormal: ``(n,)`` bool.
        normal_scores: Those of held-out normals, ``(h,)`` float.
    """
    found = p_values(scores, normal_scores)
    normals = scores[~abnormal]
    same = float(ks_2samp(normals, normal_scores).pvalue) if len(normals) and len(normal_scores) else float("nan")
    return Promises(np.sort(found[~abnormal]), np.sort(found[abnormal]), len(normal_scores), same)


def delivered(found: np.ndarray, promised: np.ndarray) -> np.ndarray:
    """Return the share of images that are called abnormal where p ≤ α does.

    Args:
        found: Their p-values, ``(m,)``, sorted.
        promised: α, ``(a,)`` in [0, 1].

    Returns:
        ``(a,)`` float64; NaN without images.
    """
    if not len(found):
        return np.full(len(promised), np.nan)
    # A promise is kept to the last bit: k / (n + 1) counts for the α that is written so.
    return np.searchsorted(found, np.asarray(promised) + 1e-12, side="right") / len(found)


def chance_band(held_out: int, tested: int, promised: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return between which shares :func:`delivered` lies by chance at each α, where normals are exchangeable.

    Of n held-out normals and m tested ones, the number of tested ones with p ≤ α has a beta-binomial distribution: the
    share of new normals above the order statistic that α names is Beta(k, n + 1 − k), k = ⌊α (n + 1)⌋ (Vovk, ACML
    2012). The band holds at each α by itself, not at all of them together.

    Args:
        held_out: n.
        tested: m.
        promised: α, ``(a,)`` in [0, 1].
        confidence: As 0.95.

    Returns:
        Lower and upper ends, ``(a,)`` float64 each; 0 and 1 where none was tested.
    """
    if not tested:
        return np.zeros(len(promised)), np.ones(len(promised))
    rank = np.floor(np.asarray(promised) * (held_out + 1) + 1e-9).astype(int)
    low, high = np.zeros(len(rank)), np.zeros(len(rank))
    low[rank > held_out] = high[rank > held_out] = 1
    inside = (rank > 0) & (rank <= held_out)
    shares = betabinom(tested, rank[inside], held_out + 1 - rank[inside])
    low[inside], high[inside] = (shares.ppf(q) / tested for q in ((1 - confidence) / 2, (1 + confidence) / 2))
    return low, high
