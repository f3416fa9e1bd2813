"""DeLong's variance of the area under the ROC curve: an interval for one score, a test between two.

DeLong, DeLong and Clarke-Pearson, Biometrics 1988; computed by MLstatkit, and where a patient has several images by
:mod:`.clustered_delong`. What they leave undefined is defined here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from MLstatkit import Delong_test
from scipy.stats import binomtest, norm

from .clustered_delong import components, disjoint_pairs, variance

_NO_VARIANCE = 1e-15
_FEW = "fewer than two patients in a class"


@dataclass(frozen=True)
class Comparison:
    """DeLong's test of two scores on the same images.

    Attributes:
        auc_a: Area under the ROC curve of the first score.
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

    Where the two classes are separated altogether, DeLong's variance and the bootstrap's are both zero and would claim
    certainty. Then the k disjoint pairs of one positive and one negative, no patient in two of them, are k
    independent trials that all went the same way, and their exact (Clopper–Pearson) interval is given: valid,
    and wide for few images.

    Args:
        abnormal: (n,) bool.
        scores: (n,) float, finite.
        confidence: Coverage, in (0, 1).
        patients: (n,) whose image each is; None for one patient an image.

    Returns:
        Lower and upper end, and a note, "" for DeLong's own interval. Both ends are NaN if a class has fewer than two
        patients or if all scores are equal.
    """
    patients = np.arange(len(scores)) if patients is None else np.asarray(patients)
    positive, negative = scores[abnormal], scores[~abnormal]
    undefined = float("nan"), float("nan")
    if _fewest(abnormal, patients) < 2:
        return *undefined, f"no interval: {_FEW}"
    if scores.min() == scores.max():
        return *undefined, "no interval: all scores are equal"
    if positive.min() > negative.max() or positive.max() < negative.min():
        pairs = disjoint_pairs(abnormal, patients)
        won = pairs if positive.min() > negative.max() else 0
        ends = binomtest(won, pairs).proportion_ci(confidence, method="exact")
        return ends.low, ends.high, "classes separated altogether: Clopper–Pearson interval over disjoint pairs"
    if _repeated(patients):
        component = components(abnormal, scores)
        area = component[abnormal].mean()
        half = norm.ppf((1 + confidence) / 2) * np.sqrt(max(0.0, variance(abnormal, component, patients)))
        return float(max(0.0, area - half)), float(min(1.0, area + half)), ""
    # Against its own negative the variance of the difference is 4 var(AUC) > 0, so MLstatkit never has to resample.
    _, _, (low, high), _ = Delong_test(abnormal, scores, -scores, alpha=confidence, return_auc=False, n_boot=1)
    return low, high, ""


def compare(
    abnormal: np.ndarray, scores_a: np.ndarray, scores_b: np.ndarray, patients: np.ndarray | None = None
) -> Comparison:
    """Test whether two scores of the same images have the same area under the ROC curve.

    Args:
        abnormal: (n,) bool.
        scores_a: (n,) float, finite.
        scores_b: (n,) float, finite.
        patients: (n,) whose image each is; None for one patient an image.
    """
    undefined = float("nan")
    patients = np.arange(len(scores_a)) if patients is None else np.asarray(patients)
    if _fewest(abnormal, patients) < 2:
        return Comparison(undefined, undefined, undefined, undefined, _FEW)
    if _repeated(patients):
        return _compare_clustered(abnormal, scores_a, scores_b, patients)
    z, p_value, _, _, auc_a, auc_b, found = Delong_test(abnormal, scores_a, scores_b, n_boot=50, random_state=0)
    if found["method"] != "delong" or found["var_diff"] <= _NO_VARIANCE:
        # MLstatkit's resampling calls two equal scores significantly different (p = 0); the truth is known here.
        return _without_variance(auc_a, auc_b)
    return Comparison(auc_a, auc_b, z, p_value, "")


def _compare_clustered(
    abnormal: np.ndarray, scores_a: np.ndarray, scores_b: np.ndarray, patients: np.ndarray
) -> Comparison:
    of_a, of_b = components(abnormal, scores_a), components(abnormal, scores_b)
    auc_a, auc_b = float(of_a[abnormal].mean()), float(of_b[abnormal].mean())
    spread = variance(abnormal, of_b - of_a, patients)
    if spread <= _NO_VARIANCE:
        return _without_variance(auc_a, auc_b)
    z = (auc_b - auc_a) / np.sqrt(spread)
    return Comparison(auc_a, auc_b, float(z), float(2 * norm.sf(abs(z))), "")


def _without_variance(auc_a: float, auc_b: float) -> Comparison:
    if abs(auc_a - auc_b) < 1e-12:
        return Comparison(auc_a, auc_b, 0.0, 1.0, "both scores rank the images alike")
    return Comparison(auc_a, auc_b, float("nan"), float("nan"), "the difference has no variance")


def _fewest(abnormal: np.ndarray, patients: np.ndarray) -> int:
    """Return how many patients the class has that has fewer."""
    return min(len(np.unique(patients[own])) for own in (abnormal, ~abnormal))


def _repeated(patients: np.ndarray) -> bool:
    return len(np.unique(patients)) < len(patients)
