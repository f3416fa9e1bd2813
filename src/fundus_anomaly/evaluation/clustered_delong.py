"""DeLong's variance where images come in clusters: two eyes of a patient, or slices of a scan, are not independent.

Obuchowski, Nonparametric analysis of clustered ROC curve data, Biometrics 1997. With one image a patient it is
DeLong's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class PatientSums(NamedTuple):
    """What each of p patients adds to an area under the ROC curve: its influence, split by class.

    Attributes:
        abnormal: ``(p,)`` float64, through the patient's abnormal images; 0 without any.
        normal: ``(p,)`` float64, through the normal ones.
        of_abnormal: Patients with an abnormal image.
        of_normal: Patients with a normal image.
    """

    abnormal: np.ndarray
    normal: np.ndarray
    of_abnormal: int
    of_normal: int


def components(abnormal: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return each image's structural component: the share of the other class that it is on the right side of.

    Args:
        abnormal: (n,) bool, both classes.
        scores: (n,) float.

    Returns:
        (n,) float64, ties counted by half; the mean over either class is the area under the ROC curve.
    """
    result = np.empty(len(scores))
    everything = midranks(scores)
    for own in (abnormal, ~abnormal):
        below = (everything[own] - midranks(scores[own])) / (~own).sum()
        result[own] = below if own is abnormal else 1 - below
    return result


def midranks(scores: np.ndarray) -> np.ndarray:
    """Return the rank of each of (n,) scores from 1, equal ones sharing the mean of theirs: (n,) float64."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def patient_sums(abnormal: np.ndarray, component: np.ndarray, patients: np.ndarray) -> PatientSums:
    """Return what each patient adds to the area, or to the difference of two; over the patients it sums to 0.

    Args:
        abnormal: (n,) bool, both classes.
        component: (n,) from :func:`components`, or the difference of two of them.
        patients: (n,) whose image each is.
    """
    area = component[abnormal].mean()
    owner = np.unique(patients, return_inverse=True)[1]
    sums, counts = [], []
    for own in (abnormal, ~abnormal):
        residual = np.bincount(owner, weights=np.where(own, component - area, 0.0))
        sums.append(residual / own.sum())
        counts.append(int((np.bincount(owner, weights=own) > 0).sum()))
    return PatientSums(*sums, *counts)


def variance(abnormal: np.ndarray, component: np.ndarray, patients: np.ndarray) -> float:
    """Return the variance of an area under the ROC curve, or of the difference of two.

    Where patients have images of both classes what they add may cancel out: it is then 0, up to rounding.

    Args:
        abnormal: (n,) bool; at least two patients have an abnormal image, and at least two a normal one.
        component: (n,) from :func:`components`, or the difference of two of them.
        patients: (n,) whose image each is.
    """
    return variance_of(patient_sums(abnormal, component, patients))


def variance_of(sums: PatientSums) -> float:
    """Return :func:`variance` from what each patient adds."""
    both = len(sums.abnormal)
    parts = [
        _unbiased(count) * (one @ one)
        for count, one in ((sums.of_abnormal, sums.abnormal), (sums.of_normal, sums.normal))
    ]
    return float(sum(parts) + 2 * _unbiased(both) * (sums.abnormal @ sums.normal))


def stratified_variance(abnormal: np.ndarray, component: np.ndarray, patients: np.ndarray, strata: np.ndarray) -> float:
    """Return the variance of the mean, over strata, of areas that are computed within each.

    Args:
        abnormal: (n,) bool; in each stratum at least two patients have an abnormal image and two a normal one.
        component: (n,), computed within each stratum.
        patients: (n,) whose image each is; a patient with images in several strata counts once.
        strata: (n,), the stratum of each image, such as the fold of a cross-validation.
    """
    owner = np.unique(patients, return_inverse=True)[1]
    influence = []
    total = 0.0
    for stratum in np.unique(strata):
        own = strata == stratum
        sums = patient_sums(abnormal[own], component[own], owner[own])
        total += variance_of(sums)
        here = np.zeros(owner.max() + 1)
        here[np.unique(owner[own])] = sums.abnormal + sums.normal
        influence.append(here)
    # Nothing where no patient is in two strata, as in a cross-validation by patient.
    between = np.square(np.sum(influence, axis=0)).sum() - np.square(influence).sum()
    return (total + float(between)) / len(influence) ** 2


def degrees_of_freedom(sums: PatientSums) -> float:
    """Return for how many degrees of freedom the variance is estimated: few where few patients make all of it up.

    The smaller of two answers: Welch's for two classes of few patients, and that of Pan and Wall (Stat. Med. 2002)
    for a sum of squares over patients, whose own variance is estimated from the fourth powers. Where all images but
    a few are ranked perfectly, those few are the whole sum, and the second falls to 2 to 4 however large the test is.

    Args:
        sums: From :func:`patient_sums`.

    Returns:
        At least 0; 0 where no patient adds anything.
    """
    of_class = [
        _unbiased(count) * (one @ one)
        for count, one in ((sums.of_abnormal, sums.abnormal), (sums.of_normal, sums.normal))
    ]
    squares = np.square(sums.abnormal + sums.normal)
    if sum(of_class) <= 0 or squares.sum() <= 0:
        return 0.0
    freedom = (sums.of_abnormal - 1, sums.of_normal - 1)
    welch = sum(of_class) ** 2 / sum(part**2 / own for part, own in zip(of_class, freedom, strict=True))
    spread = float(np.square(squares).sum() - squares.sum() ** 2 / len(squares))
    return float(min(welch, 2 * squares.sum() ** 2 / spread)) if spread > 0 else float(welch)


def disjoint_pairs(abnormal: np.ndarray, patients: np.ndarray) -> int:
    """Return how many pairs of an abnormal and a normal image can be formed such that no patient is in two of them.

    A pair may be two images of one patient no more than of two: k patients with both kinds give k / 2 pairs.
    """
    has = [set(patients[own]) for own in (abnormal, ~abnormal)]
    return min(len(has[0]), len(has[1]), len(has[0] | has[1]) // 2)


def _unbiased(count: int) -> float:
    return count / (count - 1)
