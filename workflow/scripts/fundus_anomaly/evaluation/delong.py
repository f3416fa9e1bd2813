"""DeLong's variance of the area under the ROC curve: an interval for one score, a test between two.

DeLong, DeLong and Clarke-Pearson, Biometrics 1988; computed by MLstatkit. What it leaves undefined is defined here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from MLstatkit import Delong_test
from scipy.stats import binomtest

_NO_VARIANCE = 1e-15


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


def auc_interval(abnormal: np.ndarray, scores: np.ndarray, confidence: float) -> tuple[float, float, str]:
    """Return a confidence interval of the area under the ROC curve.

    Where the two classes are separated altogether, DeLong's variance and the bootstrap's are both zero and would claim
    certainty. Then the k = min(positives, negatives) disjoint pairs of one positive and one negative are k
    independent trials that all went the same way, and their exact (Clopper–Pearson) interval is given: valid,
    and wide for few images.

    Args:
        abnormal: (n,) bool.
        scores: (n,) float, finite.
        confidence: Coverage, in (0, 1).

    Returns:
        Lower and upper end, and a note, "" for DeLong's own interval. Both ends are NaN if a class has fewer than two
        images or if all scores are equal.
    """
    positive, negative = scores[abnormal], scores[~abnormal]
    undefined = float("nan"), float("nan")
    if min(len(positive), len(negative)) < 2:
        return *undefined, "no interval: fewer than two images in a class"
    if scores.min() == scores.max():
        return *undefined, "no interval: all scores are equal"
    if positive.min() > negative.max() or positive.max() < negative.min():
        pairs = min(len(positive), len(negative))
        won = pairs if positive.min() > negative.max() else 0
        ends = binomtest(won, pairs).proportion_ci(confidence, method="exact")
        return ends.low, ends.high, "classes separated altogether: Clopper–Pearson interval over disjoint pairs"
    # Against its own negative the variance of the difference is 4 var(AUC) > 0, so MLstatkit never has to resample.
    _, _, (low, high), _ = Delong_test(abnormal, scores, -scores, alpha=confidence, return_auc=False, n_boot=1)
    return low, high, ""


def compare(abnormal: np.ndarray, scores_a: np.ndarray, scores_b: np.ndarray) -> Comparison:
    """Test whether two scores of the same images have the same area under the ROC curve.

    Args:
        abnormal: (n,) bool.
        scores_a: (n,) float, finite.
        scores_b: (n,) float, finite.
    """
    undefined = float("nan")
    if min(abnormal.sum(), (~abnormal).sum()) < 2:
        return Comparison(undefined, undefined, undefined, undefined, "fewer than two images in a class")
    z, p_value, _, _, auc_a, auc_b, found = Delong_test(abnormal, scores_a, scores_b, n_boot=50, random_state=0)
    if found["method"] != "delong" or found["var_diff"] <= _NO_VARIANCE:
        # MLstatkit's resampling calls two equal scores significantly different (p = 0); the truth is known here.
        if abs(auc_a - auc_b) < 1e-12:
            return Comparison(auc_a, auc_b, 0.0, 1.0, "both scores rank the images alike")
        return Comparison(auc_a, auc_b, undefined, undefined, "the difference has no variance")
    return Comparison(auc_a, auc_b, z, p_value, "")
