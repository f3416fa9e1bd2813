"""DeLong's variance of the area under the ROC curve: an interval for one score, a test between two.

DeLong, DeLong and Clarke-Pearson, Biometrics 1988; where a patient has several images, or an area is a mean over
folds, by :mod:`.clustered_delong`. The test of two scores with one image a patient is MLstatkit's; what it leaves
undefined is defined here. The interval is that of :mod:`.logit_interval`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from fundus_anomaly.evaluation.clustered_delong import (
    components,
    disjoint_pairs,
    patient_sums,
    stratified_variance,
    variance,
)
from fundus_anomaly.evaluation.logit_interval import NO_VARIANCE, logit_interval

FEWEST = 3
"""Patients that each class must have: with two, 95 % intervals may cover 90 %, and the test at 5 % rejects two equally
good scores in up to 15 % of cases (``benchmarks/coverage.py``)."""

_FEW = "fewer than three patients in a class"


@dataclass(frozen=True)
class Comparison:
    """DeLong's test of two scores on the same images.

    Attributes:
        auc_a: Area under the ROC curve of the first score; NaN without both classes.
        auc_b: Of the second.
        z: (auc_b − auc_a) / standard error; NaN where it is undefined.
        p_value: Two-sided; NaN where it is undefined.
        note: Why something is undefined, or "".
    """

    auc_a: float
    auc_b: float
    z: float
    p_value: float
    note: str


def auc_interval(
    abnormal: np.ndarray, scores: np.ndarray, confidence: float, patients: np.ndarray | None = None
) -> tuple[float, float, str]:
    """Return a confidence interval of the area under the ROC curve.

    It is made on the logit scale from DeLong's variance, Obuchowski's where patients have several images. Where the
    classes are separated altogether, or the variance over patients is zero or below, those variances claim certainty.
    Then the k disjoint pairs of one abnormal and one normal image, no patient in two of them, are k independent
    trials, and their exact (Clopper–Pearson) interval is given: valid, and wide for few patients.

    Args:
        abnormal: (n,) bool.
        scores: (n,) float, finite.
        confidence: Coverage, in (0, 1).
        patients: (n,) whose image each is; None for one patient an image.

    Returns:
        Lower and upper end, and a note, "" for the usual interval. Both ends are NaN if a class has fewer than three
        patients or if all scores are equal.
    """
    patients = np.arange(len(scores)) if patients is None else np.asarray(patients)
    undefined = float("nan"), float("nan")
    if scores.min() == scores.max() and 0 < abnormal.sum() < len(abnormal):
        return *undefined, "no interval: all scores are equal"
    if _fewest(abnormal, patients) < FEWEST:
        return *undefined, f"no interval: {_FEW}"
    component = components(abnormal, scores)
    positive, negative = scores[abnormal], scores[~abnormal]
    separated = positive.min() > negative.max() or positive.max() < negative.min()
    area = round(component[abnormal].mean()) if separated else component[abnormal].mean()
    sums = patient_sums(abnormal, component, patients)
    found = logit_interval(float(area), sums, disjoint_pairs(abnormal, patients), confidence)
    why = "classes separated altogether" if separated else "the variance over patients is not above zero"
    return found.low, found.high, f"{why}: Clopper–Pearson interval over disjoint pairs" if found.exact else ""


def compare(
    abnormal: np.ndarray,
    scores_a: np.ndarray,
    scores_b: np.ndarray,
    patients: np.ndarray | None = None,
    strata: np.ndarray | None = None,
) -> Comparison:
    """Test whether two scores of the same images have the same area under the ROC curve.

    The scores of different classifiers have no common scale and are never ranked together: those of several runs on
    the same images are rows of ``scores``, those of the folds of a cross-validation are kept apart by ``strata``. The
    area is then the mean over runs and strata, and so are the components of its variance.

    Args:
        abnormal: (n,) bool.
        scores_a: (n,) float, finite, or (r, n) of r runs.
        scores_b: Likewise; the number of runs may be another.
        patients: (n,) whose image each is; None for one patient an image.
        strata: (n,) within which images may be ranked, such as folds; None for all.
    """
    undefined = float("nan")
    patients = np.arange(len(abnormal)) if patients is None else np.asarray(patients)
    strata = np.zeros(len(abnormal), int) if strata is None else np.asarray(strata)
    a, b = np.atleast_2d(scores_a), np.atleast_2d(scores_b)
    groups = [strata == stratum for stratum in np.unique(strata)]
    if not groups or not all(0 < abnormal[own].sum() < own.sum() for own in groups):
        return Comparison(undefined, undefined, undefined, undefined, "a class has no image")
    single = len(a) == len(b) == len(groups) == 1 and not _repeated(patients)
    of_a, of_b = (_components_of(abnormal, scores, groups) for scores in (a, b))
    auc_a, auc_b = (float(np.mean([of[own & abnormal].mean() for own in groups])) for of in (of_a, of_b))
    if min(_fewest(abnormal[own], patients[own]) for own in groups) < FEWEST:
        return Comparison(auc_a, auc_b, undefined, undefined, _FEW)
    spread = (
        variance(abnormal, of_b - of_a, patients)
        if len(groups) == 1
        else stratified_variance(abnormal, of_b - of_a, patients, strata)
    )
    if spread <= NO_VARIANCE:
        # MLstatkit would resample and call two equal scores significantly different (p = 0).
        return _without_variance(auc_a, auc_b)
    if single:
        # It brings scikit-learn, which an interval needs no more than a fold's comparison does.
        from MLstatkit import Delong_test

        z, p_value, *_ = Delong_test(abnormal, a[0], b[0], n_boot=50, random_state=0)
        return Comparison(auc_a, auc_b, float(z), float(p_value), "")
    z = (auc_b - auc_a) / np.sqrt(spread)
    return Comparison(auc_a, auc_b, float(z), float(2 * ndtr(-abs(z))), "")


def _components_of(abnormal: np.ndarray, scores: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Return the (n,) components, computed within each group and run, and their mean over the runs."""
    found = np.empty(len(abnormal))
    for own in groups:
        found[own] = np.mean([components(abnormal[own], run[own]) for run in scores], axis=0)
    return found


def _without_variance(auc_a: float, auc_b: float) -> Comparison:
    if abs(auc_a - auc_b) < 1e-12:
        return Comparison(auc_a, auc_b, 0.0, 1.0, "both scores rank the images alike")
    return Comparison(auc_a, auc_b, float("nan"), float("nan"), "the difference has no variance")


def _fewest(abnormal: np.ndarray, patients: np.ndarray) -> int:
    """Return how many patients the class has that has fewer."""
    return min(len(np.unique(patients[own])) for own in (abnormal, ~abnormal))


def _repeated(patients: np.ndarray) -> bool:
    return len(np.unique(patients)) < len(patients)
