"""The image level of an evaluation: image scores in, figures of each score and subset and its curves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.evaluation.image_metrics import calibration_row, image_curves, image_rows
from fundus_anomaly.evaluation.rows import Row
from fundus_anomaly.scoring.thresholds import calibrate

Curve = tuple[str, str, str, str, np.ndarray]
"""Level, score, subset, name and points of a curve."""


def evaluate_images(
    image_scores: pd.DataFrame,
    manifest: pd.DataFrame,
    shown: Mapping[str, np.ndarray],
    held_out_scores: pd.DataFrame | None,
    *,
    normal_quantile: float,
    confidence: float,
    curve_points: int,
) -> tuple[list[Row], list[Curve]]:
    """Return the rows and the curves of all image scores.

    Args:
        image_scores: Columns ``id`` and one for each image score, float.
        manifest: Rows of the test images, see :func:`.evaluate.evaluate`.
        shown: For each lesion type ``(n,)`` bool, which images of the manifest show it.
        held_out_scores: As ``image_scores``, for the held-out normals; None if there are none.
        normal_quantile: Share of new normal images that the calibrated threshold lets pass.
        confidence: Coverage of all intervals, in (0, 1).
        curve_points: The most points that a curve may have.
    """
    scores = image_scores.set_index("id").loc[[str(name) for name in manifest["id"]]]
    labels = manifest["label"].to_numpy()
    patients = manifest["patient" if "patient" in manifest else "id"].to_numpy(str)
    rows: list[Row] = []
    curves: list[Curve] = []
    for name in scores.columns:
        held = np.array([]) if held_out_scores is None else held_out_scores[name].to_numpy(float)
        calibration = calibrate(held, normal_quantile)
        threshold = calibration.threshold
        rows.append(calibration_row(name, calibration))
        values = scores[name].to_numpy(float)
        for subset, taken in _subsets(manifest, labels, shown).items():
            abnormal = labels[taken] == 1
            rows += image_rows(name, subset, abnormal, values[taken], threshold, confidence, patients[taken])
            if subset == "all":
                found = image_curves(abnormal, values[taken], curve_points)
                curves += [("image", name, subset, curve, xy) for curve, xy in found.items()]
    return rows, curves


def require_scores(image_scores: pd.DataFrame, ids: list[str], held_out_scores: pd.DataFrame | None) -> None:
    """Raise unless every image has each score once, finite, and every held-out normal, too.

    Raises:
        InputError: With all that is wrong.
    """
    names = [column for column in image_scores.columns if column != "id"]
    raise_if_any([*_table_problems(image_scores, ids, names), *_held_out_problems(held_out_scores, names)])


def curve_table(curves: Iterable[Curve]) -> pd.DataFrame:
    """Return curves as a table: level, curve, score, subset, x, y, threshold."""
    columns = ["level", "curve", "score", "subset", "x", "y", "threshold"]
    parts = [
        pd.DataFrame(xy, columns=columns[4:]).assign(level=level, curve=curve, score=score, subset=subset)[columns]
        for level, score, subset, curve, xy in curves
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _subsets(manifest: pd.DataFrame, labels: np.ndarray, shown: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the images of each subset, (n,) bool: normals against all abnormal, one lesion, or one grade."""
    subsets = {"all": labels >= 0}
    for lesion, shows in shown.items():
        subsets[f"lesion:{lesion}"] = (labels == 0) | ((labels == 1) & shows)
    if "grade" in manifest:
        grades = manifest["grade"].to_numpy()
        for grade in sorted(set(grades[(labels == 1) & (grades >= 0)])):
            subsets[f"grade:{grade}"] = (labels == 0) | ((labels == 1) & (grades == grade))
    return subsets


def _table_problems(image_scores: pd.DataFrame, ids: list[str], names: list[str]) -> list[Problem]:
    remedy = "delete the scores of this variant and run the same command again"
    problems = []
    given = image_scores["id"]
    for what, wrong in (
        ("ids without a score", sorted(set(ids) - set(given))),
        ("ids that the manifest does not list", sorted(set(given) - set(ids))),
        ("ids given twice", sorted(set(given[given.duplicated()]))),
    ):
        if wrong:
            shown = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
            problems.append(Problem("table of image scores", f"{what}: {shown}", "each test image once", remedy))
    return problems + _unfinished(image_scores, names, "image score", remedy)


def _held_out_problems(held_out_scores: pd.DataFrame | None, names: list[str]) -> list[Problem]:
    if held_out_scores is None:
        return []
    remedy = "delete the calibration scores of this variant and run the same command again"
    missing = [name for name in names if name not in held_out_scores]
    problems = [Problem("scores of held-out normals", f"no column {name}", "each score", remedy) for name in missing]
    known = [name for name in names if name not in missing]
    return problems + _unfinished(held_out_scores, known, "held-out image score", remedy)


def _unfinished(scores: pd.DataFrame, names: list[str], what: str, remedy: str) -> list[Problem]:
    return [
        Problem(f"{what} {name} of {image}", str(value), "a finite number", remedy)
        for name in names
        for image, value in zip(scores["id"], scores[name], strict=True)
        if not np.isfinite(value)
    ]
