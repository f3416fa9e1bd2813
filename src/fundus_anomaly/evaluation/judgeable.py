"""Operating points with and without the photographs whose quality is too low for them to be judged.

Without them the threshold too is that of the normals that can be judged. An eye that cannot be judged leaves its
patient to the other eye; a patient without an eye that can be judged has no part.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from fundus_anomaly.evaluation.operating_points import Scored, operating_points

ALL, JUDGEABLE = "all", "that can be judged"


def points_of(
    scores: pd.Series,
    normals: pd.Series,
    test: pd.DataFrame,
    patient_of: Mapping[str, str],
    refused: Collection[str],
    promised: Sequence[float],
    confidence: float,
) -> list[dict[str, object]]:
    """Return the rows of :func:`with_and_without` of one method.

    Args:
        scores: Of images of the test, by id; those without a label have no part.
        normals: Those of cross-fitted normals, by id.
        test: Index ``id``, with ``label``, -1 where it is unknown, and ``patient``.
        patient_of: The patient of each normal, by id.
        refused: Ids of images and normals that cannot be judged.
        promised: The specificities, in (0, 1).
        confidence: Coverage of the intervals.
    """
    known = test.loc[scores.index]
    known = known[known["label"] >= 0]
    tested = Scored(scores[known.index].to_numpy(), known["label"].to_numpy() == 1, known["patient"].to_numpy(str))
    patients = np.array([patient_of[name] for name in normals.index], str)
    held_out = Scored(normals.to_numpy(), np.zeros(len(normals), bool), patients)
    gone = set(refused)
    gone_of = [np.array([name in gone for name in ids], bool) for ids in (known.index, normals.index)]
    return with_and_without(tested, held_out, *gone_of, promised, confidence)


def with_and_without(
    test: Scored,
    normals: Scored,
    test_refused: np.ndarray,
    normals_refused: np.ndarray,
    promised: Sequence[float],
    confidence: float,
) -> list[dict[str, object]]:
    """Return the rows of :func:`.operating_points.operating_points` with the column ``photographs`` before them.

    Args:
        test: The labelled images of the test that have a score.
        normals: The cross-fitted normals.
        test_refused: ``(n,)`` bool, which images of the test cannot be judged.
        normals_refused: ``(m,)`` bool, which normals cannot be.
        promised: The specificities, in (0, 1).
        confidence: Coverage of the intervals.

    Returns:
        Rows of all photographs, and if some cannot be judged as many again without them.
    """
    rows = [{"photographs": ALL} | row for row in operating_points(test, normals, promised, confidence)]
    if test_refused.any() or normals_refused.any():
        kept = _without(test, test_refused), _without(normals, normals_refused)
        rows += [{"photographs": JUDGEABLE} | row for row in operating_points(*kept, promised, confidence)]
    return rows


def _without(scored: Scored, refused: np.ndarray) -> Scored:
    return Scored(*(values[~refused] for values in scored))
