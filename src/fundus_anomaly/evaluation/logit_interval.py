"""The confidence interval of an area under the ROC curve, on the logit scale.

The plain interval, area ± 1.96 standard errors, is too short and lies too high where the area is large; its logit
(Pepe, The Statistical Evaluation of Medical Tests, 2003, section 5.2.5; compared by Qin and Hotilovac, Stat. Methods
Med. Res. 2008) is good as long as the variance is. But DeLong's variance is estimated from the very images that are
ranked wrongly. With a handful of those, or a handful of patients in a class, it is too small just when the area is too
high, and it vanishes as the classes separate. Hence three steps, each of which changes nothing in a large test:

1. *Bounds.* For k disjoint pairs of an abnormal and a normal image, no patient in two, the variance is at most
   θ(1 − θ)/k (Birnbaum and Klose, Ann. Math. Stat. 1957), and with unrelated patients at least θ(1 − θ)/(M N).
2. *Moderation.* The variance V̂ with ν degrees of freedom becomes (ν V̂ + ½ θ(1 − θ)/k) / (ν + ½), in the manner of
   Smyth (Stat. Appl. Genet. Mol. Biol. 2004): as if the upper bound had been seen with half a degree of freedom. It
   counts in full at the end of the interval that is nearer to chance, where the misses are, and fades out at the other.
3. *Limit.* The interval never leaves that of Clopper and Pearson for θ k successes among the k pairs (with a number
   of successes that is no integer, as in Korn and Graubard, Surv. Methodol. 1998). At an area of 0 or 1, or without a
   variance, it is that one: so the interval does not jump when the last wrong pair vanishes.

The half, and the least number of patients, are chosen by simulation: ``benchmarks/coverage.py`` has the coverage.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv, expit, logit, ndtri

from fundus_anomaly.evaluation.clustered_delong import PatientSums, degrees_of_freedom, variance_of

NO_VARIANCE = 1e-15
"""A variance below it is rounding error: one wrong pair among a million has more."""

_PRIOR = 0.5


class Interval(NamedTuple):
    """An interval of an area under the ROC curve.

    Attributes:
        low: Lower end.
        high: Upper end.
        exact: Whether it is Clopper–Pearson's over disjoint pairs alone.
    """

    low: float
    high: float
    exact: bool


def logit_interval(area: float, sums: PatientSums, pairs: int, confidence: float) -> Interval:
    """Return the interval of an area under the ROC curve.

    Args:
        area: The area, in [0, 1].
        sums: What each patient adds to it, from :func:`.clustered_delong.patient_sums`; three patients or more in each
            class (with two the coverage of 95 % falls to 90 %).
        pairs: Disjoint pairs, at least 1, from :func:`.clustered_delong.disjoint_pairs`.
        confidence: Coverage, in (0, 1).
    """
    limit = clopper_pearson(area * pairs, pairs, confidence)
    estimate = variance_of(sums)
    if not 0 < area < 1 or estimate <= NO_VARIANCE:
        return Interval(*limit, True)
    one = area * (1 - area)
    least, most = one / (sums.of_abnormal * sums.of_normal), one / pairs
    # An estimate near the lower bound, or below it, says little: patients with both kinds of image can cancel out.
    freedom = degrees_of_freedom(sums) * estimate / (estimate + least)
    own = max(estimate, least)
    moderated = (freedom * own + _PRIOR * max(most, own)) / (freedom + _PRIOR)
    quantile = ndtri((1 + confidence) / 2)
    ends = []
    for sign, share, bound, choose in ((-1, area, limit[0], max), (1, 1 - area, limit[1], min)):
        weight = min(1.0, 2 * share) ** 2
        spread = own + weight * (moderated - own)
        end = expit(logit(area) + sign * quantile * np.sqrt(spread) / one)
        ends.append(float(choose(end, bound)))
    return Interval(*ends, False)


def clopper_pearson(successes: float, trials: float, confidence: float) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson, Biometrika 1934).

    Args:
        successes: In [0, trials]; need not be whole.
        trials: Above 0.
        confidence: Coverage, in (0, 1).
    """
    tail = (1 - confidence) / 2
    low = betaincinv(successes, trials - successes + 1, tail) if successes > 0 else 0.0
    high = betaincinv(successes + 1, trials - successes, 1 - tail) if successes < trials else 1.0
    return float(low), float(high)
