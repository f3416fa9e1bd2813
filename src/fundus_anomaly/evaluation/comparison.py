"""DeLong's test between any two rows of a table, whatever their methods and however often each was run."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fundus_anomaly.evaluation.delong import Comparison, compare

Scores = Mapping[str, Mapping[str, pd.Series]]
"""For each row and each of its runs (a repeat, of a fold where the data has folds) the image scores by id."""


def compare_rows(scores: Scores, test: pd.DataFrame) -> dict[tuple[str, str], Comparison]:
    """Return DeLong's test of each pair of rows, normals against all abnormal images.

    Scores of different runs have no common scale, so that each is ranked among the images of its own run: the areas
    compared are the means over the runs, and so are the components of their variance.

    Args:
        scores: See :data:`Scores`.
        test: Columns ``id``, ``label``, ``patient``; only images with label 0 or 1 that every row has take part.

    Returns:
        By the names of two rows, in the order of the rows; empty if no fold has both classes.
    """
    known = test[test["label"].isin([0, 1])].set_index("id")
    strata = _strata(scores, known.index)
    # A fold of one class has no area, and a table none to average either.
    classes = known["label"].groupby(strata).transform("nunique")
    known, strata = known[(strata >= 0) & (classes == 2)], strata[(strata >= 0) & (classes == 2)]
    if not len(known):
        return {}
    abnormal, patients = known["label"].to_numpy() == 1, known["patient"].to_numpy(str)
    values = {row: _values(list(runs.values()), strata) for row, runs in scores.items()}
    return {
        (first, second): compare(abnormal, values[first], values[second], patients, strata.to_numpy())
        for first, second in itertools.combinations(scores, 2)
    }


def p_values(scores: Scores, test: pd.DataFrame) -> pd.DataFrame:
    """Return the p-values of :func:`compare_rows`.

    Returns:
        ``(m, m)``, rows and columns the names of the rows, NaN on the diagonal and where the test is undefined; empty
        if there are no two rows, or no fold has both classes.
    """
    pairs = compare_rows(scores, test)
    if not pairs:
        return pd.DataFrame()
    values = pd.DataFrame(np.nan, index=list(scores), columns=list(scores))
    for (first, second), found in pairs.items():
        values.loc[first, second] = values.loc[second, first] = found.p_value
    return values


def _strata(scores: Scores, ids: pd.Index) -> pd.Series:
    """Return which images were tested by the same runs, a number for each such group; -1 where some row has no run."""
    tested = [[ids.isin(found.index) for found in runs.values()] for runs in scores.values()]
    everywhere = np.all([np.any(runs, axis=0) for runs in tested], axis=0)
    group = np.unique(np.concatenate(tested), axis=1, return_inverse=True)[1].ravel()
    return pd.Series(np.where(everywhere, group, -1), index=ids)


def _values(runs: Sequence[pd.Series], strata: pd.Series) -> np.ndarray:
    """Return one row's scores ``(r, n)``: in each stratum those of the runs that tested it, r for all of them."""
    found = {
        stratum: [run.loc[ids].to_numpy() for run in runs if ids.isin(run.index).all()]
        for stratum, ids in strata.index.groupby(strata).items()
    }
    # Where strata have different numbers of runs, each is repeated so often that its mean stays the same.
    count = math.lcm(*(len(of_stratum) for of_stratum in found.values()))
    values = np.empty((count, len(strata)))
    for stratum, of_stratum in found.items():
        own = (strata == stratum).to_numpy()
        values[:, own] = np.repeat(of_stratum, count // len(of_stratum), axis=0)
    return values
