"""Confidence intervals of a share of images, such as the sensitivity, and of the mean of two."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri


def share_interval(hits: np.ndarray, patients: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return Wilson's interval (JASA 1927) of the share of images that are hits, over patients.

    Where patients have several images their number is divided by the design effect of the patients (Rao and Scott,
    Biometrics 1992; Wilson's interval with it is among the best of those compared by Saha, Miller and Wang, Int. J.
    Biostat. 2016). A design effect below 1 is taken as 1, and where all images agree, so that there is none to
    estimate, patients are counted instead of images.

    Args:
        hits: (n,) bool.
        patients: (n,) whose image each is.
        confidence: Coverage, in (0, 1).

    Returns:
        Lower and upper end; NaN for fewer than two patients.
    """
    owner = np.unique(patients, return_inverse=True)[1]
    if not len(hits) or owner.max() < 1:
        return math.nan, math.nan
    images = np.bincount(owner)
    share = float(np.mean(hits))
    count = float(len(images))
    if 0 < share < 1:
        residual = np.bincount(owner, weights=hits) - share * images
        over_patients = len(images) / (len(images) - 1) * (residual @ residual) / len(hits) ** 2
        if len(images) < len(hits):
            count = min(len(hits), share * (1 - share) / over_patients) if over_patients > 0 else len(hits)
    return _wilson(share, count, confidence)


def mean_interval(first: tuple[float, float, float], second: tuple[float, float, float]) -> tuple[float, float]:
    """Return the interval of the mean of two independent shares, such as the balanced accuracy, from theirs.

    Its variance is recovered from the two intervals (MOVER: Zou and Donner, Stat. Med. 2008). Two eyes of a patient
    that are of different classes make it too wide rather than too narrow: a patient with high scores has more hits
    in one class and more false alarms in the other.

    Args:
        first: Share, lower and upper end of its interval.
        second: Likewise.
    """
    mean = (first[0] + second[0]) / 2
    below = math.hypot(first[0] - first[1], second[0] - second[1]) / 2
    above = math.hypot(first[2] - first[0], second[2] - second[0]) / 2
    return mean - below, mean + above


def _wilson(share: float, count: float, confidence: float) -> tuple[float, float]:
    square = float(ndtri((1 + confidence) / 2)) ** 2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = math.sqrt(square * (share * (1 - share) / count + square / (4 * count**2))) / (1 + square / count)
    # At 0 and 1 the end is the share itself, but for rounding.
    return min(share, middle - half), max(share, middle + half)
