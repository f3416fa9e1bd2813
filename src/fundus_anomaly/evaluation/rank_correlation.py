"""Whether one figure predicts another over the rows of a table: Spearman's rank correlation and its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

from fundus_anomaly.evaluation.bootstrap import percentile_interval
from fundus_anomaly.seeds import generator

FEWEST_ROWS = 4
"""With three rows the coefficient has four values, and an interval says nothing."""


class RankCorrelation(NamedTuple):
    """Spearman's ρ of n rows.

    Attributes:
        value: ρ; NaN where it is undefined.
        low: Lower end of its interval; NaN where there is none.
        high: Upper end.
        rows: n, rows that have both figures.
        note: Why something is undefined, or "".
    """

    value: float
    low: float
    high: float
    rows: int
    note: str


def rank_correlation(
    first: Sequence[float], second: Sequence[float], *, resamples: int, confidence: float, seed: int
) -> RankCorrelation:
    """Return Spearman's ρ of two figures, equal ones sharing the mean of their ranks, with a percentile interval.

    Rows are drawn with replacement. They are settings of one method on the same images, and so not independent: the
    interval says what other settings of the same kind would give, not other data.

    Args:
        first: ``(n,)`` a figure of each row; rows with NaN in either are left out.
        second: ``(n,)`` the other figure.
        resamples: How many tables are drawn; those of one value in either figure are left out.
        confidence: Coverage, in (0, 1).
        seed: Seed of the configuration.

    Raises:
        ValueError: If the figures are of different numbers of rows.
    """
    pairs = np.array([list(first), list(second)], np.float64) if len(first) == len(second) else None
    if pairs is None:
        raise ValueError(f"{len(first)} and {len(second)} rows")
    pairs = pairs[:, np.isfinite(pairs).all(axis=0)]
    count, nothing = pairs.shape[1], float("nan")
    if count < FEWEST_ROWS:
        return RankCorrelation(nothing, nothing, nothing, count, f"undefined: fewer than {FEWEST_ROWS} rows")
    value = _spearman(*pairs)
    if np.isnan(value):
        return RankCorrelation(nothing, nothing, nothing, count, "undefined: all rows have the same figure")
    random = generator(seed, "bootstrap over rows")
    drawn = [_spearman(*pairs[:, random.integers(count, size=count)]) for _ in range(resamples)]
    low, high = percentile_interval(np.array(drawn), confidence)
    return RankCorrelation(value, low, high, count, "")


def _spearman(first: np.ndarray, second: np.ndarray) -> float:
    varied = np.ptp(first) > 0 and np.ptp(second) > 0
    return float(spearmanr(first, second).statistic) if varied else float("nan")
