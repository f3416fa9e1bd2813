"""Operating points: the sensitivity at a specificity that normals alone promise, beside the specificity delivered.

The threshold is the conformal quantile of cross-fitted normals (:mod:`..scoring.thresholds`), in which no image of the
test has part, so the test tells how well the promise is kept. The promise holds on average over sets of normals. The
specificity that one set gives, with a threshold of rank k of n, has the Beta distribution of k and n + 1 − k: it is at
least q in somewhat more than half of all sets, however large. Too few normals for a promise with a confidence of c are
fewer than n with 1 − q^n ≥ c (Wilks, Ann. Math. Stat. 1941), 59 for .95 and .95: then not even the highest of them, as
threshold, would keep it with that confidence.

By patient the highest score of the eyes counts, and so it does for normal patients, which gives thresholds of their
own. An eye without a score is left out: its patient is judged by the other eye at the threshold of whole patients,
which errs towards normal, and a patient without a judged eye has no part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import betainc

from fundus_anomaly.evaluation.proportions import share_interval
from fundus_anomaly.scoring.thresholds import calibrate, p_values

IMAGE, PATIENT = "image", "patient"
NO_NORMALS, NO_ABNORMALS = "the test has no normals", "the test has no abnormals"
COLUMNS = (
    "unit",
    "promised_specificity",
    "threshold",
    "normals",
    "normals_needed",
    "expected_specificity",
    "expected_low",
    "expected_high",
    "promise_kept",
    "sensitivity",
    "sensitivity_low",
    "sensitivity_high",
    "specificity",
    "specificity_low",
    "specificity_high",
    "abnormals",
    "test_normals",
    "note",
)


class Scored(NamedTuple):
    """Scores of images or patients.

    Attributes:
        scores: ``(n,)`` float.
        abnormal: ``(n,)`` bool.
        patients: ``(n,)`` whose each is; intervals take patients as independent.
    """

    scores: np.ndarray
    abnormal: np.ndarray
    patients: np.ndarray


def normals_needed(specificity: float, confidence: float) -> int:
    """Return the fewest normals whose highest score has that specificity with that confidence.

    Args:
        specificity: q, in (0, 1).
        confidence: c, in (0, 1).

    Returns:
        n; the conformal threshold is below their highest score, and has less.
    """
    return math.ceil(math.log1p(-confidence) / math.log(specificity) - 1e-9)


def by_patient(scored: Scored) -> Scored:
    """Return patients instead of images: the highest score of each, abnormal if one of his images is."""
    table = pd.DataFrame({"score": scored.scores, "abnormal": scored.abnormal, "patient": scored.patients})
    found = table.groupby("patient", sort=True).max()
    return Scored(found["score"].to_numpy(), found["abnormal"].to_numpy(bool), found.index.to_numpy())


def operating_points(
    test: Scored, normals: Scored, promised: Sequence[float], confidence: float
) -> list[dict[str, object]]:
    """Return a row of :data:`COLUMNS` for each unit, images and patients, and each promised specificity.

    Args:
        test: The labelled images of the test that have a score.
        normals: The cross-fitted normals; none of them is abnormal.
        promised: The specificities, in (0, 1).
        confidence: Coverage of the intervals of sensitivity and specificity, and that of ``normals_needed``.
    """
    rows = []
    for unit, judged, held_out in ((IMAGE, test, normals), (PATIENT, by_patient(test), by_patient(normals))):
        for specificity in promised:
            found = calibrate(held_out.scores, specificity)
            called = judged.scores >= found.threshold
            row = {
                "unit": unit,
                "promised_specificity": specificity,
                "threshold": found.threshold,
                "normals": found.count,
                "normals_needed": normals_needed(specificity, confidence),
                "expected_specificity": 1 - found.expected,
                "expected_low": 1 - found.high,
                "expected_high": 1 - found.low,
                "promise_kept": _promise_kept(found.rank, found.count, specificity),
                "abnormals": int(judged.abnormal.sum()),
                "test_normals": int((~judged.abnormal).sum()),
                "note": _note(judged, found.count, specificity, confidence),
            }
            for name, hits, taken in (
                ("sensitivity", called, judged.abnormal),
                ("specificity", ~called, ~judged.abnormal),
            ):
                known = taken.any() and found.count
                ends = share_interval(hits[taken], judged.patients[taken], confidence) if known else (math.nan,) * 2
                row |= {name: float(hits[taken].mean()) if known else math.nan}
                row |= dict(zip((f"{name}_low", f"{name}_high"), ends, strict=True))
            rows.append({column: row[column] for column in COLUMNS})
    return rows


def _promise_kept(rank: int, count: int, specificity: float) -> float:
    """Return how likely new normals keep the promise under the score of that rank; NaN of no normals."""
    return float(1 - betainc(rank, count + 1 - rank, specificity)) if count else math.nan


def rarity(ids: Sequence[str], scores: np.ndarray, normal_scores: np.ndarray) -> pd.DataFrame:
    """Return how rare each image's score is among normals: columns ``id``, ``score`` and ``p_value``."""
    return pd.DataFrame({"id": list(ids), "score": scores, "p_value": p_values(scores, normal_scores)})


def _note(judged: Scored, count: int, specificity: float, confidence: float) -> str:
    """Return what keeps a promise from being kept or from being seen; "" if nothing does."""
    needed, least = normals_needed(specificity, confidence), math.ceil(specificity / (1 - specificity) - 1e-9)
    notes = []
    if not count:
        notes.append("no threshold: no held-out normals")
    elif count < least:
        notes.append(f"TOO FEW NORMALS: {count}; below {least} more false alarms than promised are expected")
    elif count < needed:
        notes.append(
            f"few normals: {count}; the promise holds on average; for {confidence:.0%} confidence even the highest of "
            f"fewer than {needed} is too low a threshold"
        )
    notes += [] if (~judged.abnormal).any() else [NO_NORMALS]
    notes += [] if judged.abnormal.any() else [NO_ABNORMALS]
    return "; ".join(notes)
