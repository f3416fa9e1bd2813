"""The evaluation of one variant: score maps and image scores in, the long table and the curves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.evaluation.image_metrics import calibration_row, image_curves, image_rows
from fundus_anomaly.evaluation.pixel_histogram import PixelHistograms
from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.evaluation.pixel_rows import pixel_curves, pixel_rows, sample_of_all
from fundus_anomaly.evaluation.pixel_sample import PixelSample
from fundus_anomaly.evaluation.rows import Row, table
from fundus_anomaly.evaluation.score_bins import BINS, quantise
from fundus_anomaly.scoring.thresholds import calibrate, pixel_threshold_bin


class ScoredImage(NamedTuple):
    """One image of the test.

    Attributes:
        id: Its id.
        scores: (H, W) float32 score map at image size.
        truth: (H, W) bool for each lesion type that the image has; None or empty if there is none or if an abnormal
            image was not annotated.
        field_of_view: (H, W) bool, pixels that count; None for all.
    """

    id: str
    scores: np.ndarray
    truth: Mapping[str, np.ndarray] | None
    field_of_view: np.ndarray | None


class HeldOutNormal(NamedTuple):
    """One normal image scored against a bank that holds nothing of its patient.

    Attributes:
        id: Its id.
        scores: (H, W) float32 score map at image size.
        field_of_view: (H, W) bool, pixels that count; None for all.
    """

    id: str
    scores: np.ndarray
    field_of_view: np.ndarray | None


class Settings(NamedTuple):
    """What the configuration says about the evaluation.

    Attributes:
        normal_quantile: Share of new normal images, and of held-out normal pixels, that the calibrated thresholds let
            pass.
        false_positive_limit: Limit of AUPRO, in (0, 1].
        resamples: Resamples for the pixel figures' intervals.
        confidence: Coverage of all intervals, in (0, 1).
        curve_points: The most points that a curve may have.
        memory_limit: Bytes for the pixel histograms of single images.
        seed: Seed of the configuration.
    """

    normal_quantile: float
    false_positive_limit: float
    resamples: int
    confidence: float
    curve_points: int
    memory_limit: int
    seed: int


class Evaluation(NamedTuple):
    """What an evaluation gives.

    Attributes:
        rows: The long table, columns as :class:`.rows.Row`.
        curves: Columns level, curve (roc | precision_recall), score, subset, x, y, threshold.
        pixels: Lesion pixels against all others, by image, for comparisons with another variant.
    """

    rows: pd.DataFrame
    curves: pd.DataFrame
    pixels: PixelSample


def evaluate(
    images: Iterable[ScoredImage],
    image_scores: pd.DataFrame,
    manifest: pd.DataFrame,
    lesions: Sequence[str],
    edges: np.ndarray,
    held_out_scores: pd.DataFrame | None,
    held_out: Iterable[HeldOutNormal],
    settings: Settings,
) -> Evaluation:
    """Return every figure of one variant, at the image and at the pixel level.

    Images whose label is unknown (-1) have no part in the image figures, and in the pixel figures only if they come
    with masks. A test without both classes gives rows with NaN and a note.

    Args:
        images: The test images, each once, in any order; read as a stream.
        image_scores: Columns ``id`` and one for each image score, float.
        manifest: Rows of the test images: ``id``, ``label`` (0 | 1 | -1) and, if there is one, ``grade``; ``patient``
            where one may have several images.
        lesions: Names of the dataset's lesion types.
        edges: Edges of the bins that pixels are counted in, from all maps, the held-out normals' too
            (:func:`.score_bins.edges_of`).
        held_out_scores: As ``image_scores``, for the held-out normals; None if there are none.
        held_out: Score maps of the held-out normals; empty if there are none.
        settings: The configuration's.

    Raises:
        InputError: If ids do not agree, a score is not finite or outside the range, or a mask does not fit; all at
            once.
    """
    ids = [str(name) for name in manifest["id"]]
    names = [column for column in image_scores.columns if column != "id"]
    raise_if_any([*_table_problems(image_scores, ids, names), *_held_out_problems(held_out_scores, names)])
    scores = image_scores.set_index("id").loc[ids]
    labels = manifest["label"].to_numpy()
    patients = manifest["patient" if "patient" in manifest else "id"].to_numpy(str)
    histograms = PixelHistograms(ids, labels, lesions, edges, settings.memory_limit)
    raise_if_any([problem for image in images for problem in histograms.add(*image)])
    seen = {name for name, used in zip(ids, histograms.used, strict=True) if used}.union(histograms.unannotated)
    raise_if_any(
        Problem(f"score map of {name}", "none", "one for each image of the test", "score the variant again")
        for name in ids
        if name not in seen
    )
    threshold_bin = pixel_threshold_bin(_held_out_pixels(held_out, edges), settings.normal_quantile)
    rows: list[Row] = []
    curves = [("pixel", "", *curve) for curve in pixel_curves(histograms, settings.curve_points)]
    for name in names:
        held = np.array([]) if held_out_scores is None else held_out_scores[name].to_numpy(float)
        calibration = calibrate(held, settings.normal_quantile)
        threshold = calibration.threshold
        rows.append(calibration_row(name, calibration))
        values = scores[name].to_numpy(float)
        for subset, taken in _image_subsets(manifest, labels, histograms).items():
            abnormal = labels[taken] == 1
            rows += image_rows(name, subset, abnormal, values[taken], threshold, settings.confidence, patients[taken])
            if subset == "all":
                found = image_curves(abnormal, values[taken], settings.curve_points)
                curves += [("image", name, subset, curve, xy) for curve, xy in found.items()]
    resampling = Resampling(settings.false_positive_limit, settings.resamples, settings.confidence, settings.seed)
    rows += pixel_rows(histograms, ids, patients, threshold_bin, resampling)
    return Evaluation(table(rows), _curve_table(curves), sample_of_all(histograms, ids))


def _image_subsets(manifest: pd.DataFrame, labels: np.ndarray, histograms: PixelHistograms) -> dict[str, np.ndarray]:
    """Return the images of each subset, (n,) bool: normals against all abnormal, one lesion, or one grade."""
    subsets = {"all": labels >= 0}
    for number, lesion in enumerate(histograms.lesions):
        subsets[f"lesion:{lesion}"] = (labels == 0) | ((labels == 1) & histograms.has_lesion[:, number])
    if "grade" in manifest:
        grades = manifest["grade"].to_numpy()
        for grade in sorted(set(grades[(labels == 1) & (grades >= 0)])):
            subsets[f"grade:{grade}"] = (labels == 0) | ((labels == 1) & (grades == grade))
    return subsets


def _held_out_pixels(held_out: Iterable[HeldOutNormal], edges: np.ndarray) -> np.ndarray:
    """Return the (BINS,) int64 histogram of the held-out normals' pixels."""
    counts = np.zeros(BINS, np.int64)
    problems = []
    for name, scores, field_of_view in held_out:
        if not np.isfinite(scores).all():
            remedy = "delete the calibration scores of this variant and run the same command again"
            problems.append(Problem(f"score map of held-out {name}", "no finite number", "finite scores", remedy))
            continue
        bins = quantise(scores, edges)
        counts += np.bincount(bins.ravel() if field_of_view is None else bins[field_of_view], minlength=BINS)
    raise_if_any(problems)
    return counts


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


def _curve_table(curves: list[tuple[str, str, str, str, np.ndarray]]) -> pd.DataFrame:
    columns = ["level", "curve", "score", "subset", "x", "y", "threshold"]
    parts = [
        pd.DataFrame(xy, columns=columns[4:]).assign(level=level, curve=curve, score=score, subset=subset)[columns]
        for level, score, subset, curve, xy in curves
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
