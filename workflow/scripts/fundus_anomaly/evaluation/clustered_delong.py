"""DeLong's variance where images come in clusters: two eyes of a patient, or slices of a scan, are no two witnesses.

Obuchowski, Nonparametric analysis of clustered ROC curve data, Biometrics 1997. With one image a patient it is
DeLong's.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def components(abnormal: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return each image's structural component: the share of the other class that it is on the right side of.

    Args:
        abnormal: (n,) bool, both classes.
        scores: (n,) float.

    Returns:
        (n,) float64, ties counted by half; the mean over either class is the area under the ROC curve.
    """
    result = np.empty(len(scores))
    everything = rankdata(scores)
    for own in (abnormal, ~abnormal):
        below = (everything[own] - rankdata(scores[own])) / (~own).sum()
        result[own] = below if own is abnormal else 1 - below
    return result


def variance(abnormal: np.ndarray, component: np.ndarray, patients: np.ndarray) -> float:
    """Return the variance of an area under the ROC curve, or of the difference of two.

    Args:
        abnormal: (n,) bool; at least two patients have an abnormal image, and at least two a normal one.
        component: (n,) from :func:`components`, or the difference of two of them.
        patients: (n,) whose image each is.
    """
    area = component[abnormal].mean()
    owner = np.unique(patients, return_inverse=True)[1]
    sums, shares = [], []
    for own in (abnormal, ~abnormal):
        count = np.bincount(owner, weights=own)
        residual = np.bincount(owner, weights=np.where(own, component - area, 0.0))
        sums.append(residual / own.sum())
        shares.append((count > 0).sum())
    both = len(np.bincount(owner))
    parts = [clusters / (clusters - 1) * (one @ one) for clusters, one in zip(shares, sums, strict=True)]
    return float(sum(parts) + 2 * both / (both - 1) * (sums[0] @ sums[1]))


def disjoint_pairs(abnormal: np.ndarray, patients: np.ndarray) -> int:
    """Return how many pairs of an abnormal and a normal image can be formed such that no patient is in two of them."""
    has = [set(patients[own]) for own in (abnormal, ~abnormal)]
    return min(len(has[0]), len(has[1]), len(has[0] | has[1]) // 2)
