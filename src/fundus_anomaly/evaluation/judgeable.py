"""Operating points with and without the photographs whose quality is too low for them to be judged.

Without them the threshold too is that of the normals that can be judged. An eye that cannot be judged leaves its
patient to the other eye; a patient without an eye that can be judged has no part.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fundus_anomaly.evaluation.operating_points import Scored, operating_points

ALL, JUDGEABLE = "all", "that can be judged"


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
