"""The evaluation of one variant: score maps and image scores in, the long table and the curves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.evaluation.images import Curve, curve_table, evaluate_images, require_scores
from fundus_anomaly.evaluation.pixel_histogram import PixelHistograms
from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.evaluation.pixel_rows import pixel_curves, pixel_rows, sample_of_all
from fundus_anomaly.evaluation.pixel_sample import NO_PIXELS, PixelSample
from fundus_anomaly.evaluation.rows import Row, table
from fundus_anomaly.evaluation.score_bins import BINS, Quantiser
from fundus_anomaly.scoring.thresholds import pixel_threshold_bin


class ScoredImage(NamedTuple):
    """One image of the test.

    Attributes:
        id: Its id.
        scores: (H, W) float32 score map at image size; None of a method without maps.
        truth: (H, W) bool for each lesion type that the image has; None or empty if there is none or if an abnormal
            image was not annotated.
        field_of_view: (H, W) bool, pixels that count; None for all.
    """

    id: str
    scores: np.ndarray | None
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
    edges: np.ndarray | None,
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
            (:func:`.score_bins.edges_of`); None where there is to be no figure of pixels.
        held_out_scores: As ``image_scores``, for the held-out normals; None if there are none.
        held_out: Score maps of the held-out normals; empty if there are none.
        settings: The configuration's.

    Raises:
        InputError: If ids do not agree, a score is not finite or outside the range, or a mask does not fit; all at
            once.
    """
    require_scores(image_scores, [str(name) for name in manifest["id"]], held_out_scores)
    if edges is None:
        shown, pixels = _lesions_shown(images, manifest, lesions), _PixelPart([], [], NO_PIXELS)
    else:
        shown, pixels = _pixel_part(images, manifest, lesions, edges, held_out, settings)
    rows, curves = evaluate_images(
        image_scores,
        manifest,
        shown,
        held_out_scores,
        normal_quantile=settings.normal_quantile,
        confidence=settings.confidence,
        curve_points=settings.curve_points,
    )
    return Evaluation(table([*rows, *pixels.rows]), curve_table([*pixels.curves, *curves]), pixels.sample)


class _PixelPart(NamedTuple):
    rows: list[Row]
    curves: list[Curve]
    sample: PixelSample


def _pixel_part(
    images: Iterable[ScoredImage],
    manifest: pd.DataFrame,
    lesions: Sequence[str],
    edges: np.ndarray,
    held_out: Iterable[HeldOutNormal],
    settings: Settings,
) -> tuple[dict[str, np.ndarray], _PixelPart]:
    """Return which images show each lesion type, ``(n,)`` bool, and all figures of pixels."""
    ids = [str(name) for name in manifest["id"]]
    patients = manifest["patient" if "patient" in manifest else "id"].to_numpy(str)
    histograms = PixelHistograms(ids, manifest["label"].to_numpy(), lesions, edges, settings.memory_limit)
    raise_if_any([problem for image in images for problem in histograms.add(*image)])
    seen = {name for name, used in zip(ids, histograms.used, strict=True) if used}.union(histograms.unannotated)
    raise_if_any(
        Problem(f"score map of {name}", "none", "one for each image of the test", "score the variant again")
        for name in ids
        if name not in seen
    )
    threshold_bin = pixel_threshold_bin(_held_out_pixels(held_out, edges), settings.normal_quantile)
    resampling = Resampling(settings.false_positive_limit, settings.resamples, settings.confidence, settings.seed)
    shown = {name: histograms.has_lesion[:, number] for number, name in enumerate(histograms.lesions)}
    return shown, _PixelPart(
        pixel_rows(histograms, ids, patients, threshold_bin, resampling),
        [("pixel", "", *curve) for curve in pixel_curves(histograms, settings.curve_points)],
        sample_of_all(histograms, ids),
    )


def _lesions_shown(
    images: Iterable[ScoredImage], manifest: pd.DataFrame, lesions: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return which images show each lesion type where pixels count, ``(n,)`` bool."""
    place = {str(name): number for number, name in enumerate(manifest["id"])}
    shown = {lesion: np.zeros(len(place), bool) for lesion in lesions}
    for image in images:
        for lesion, mask in (image.truth or {}).items():
            inside = mask if image.field_of_view is None else mask & image.field_of_view
            shown[lesion][place[image.id]] = inside.any()
    return shown


def _held_out_pixels(held_out: Iterable[HeldOutNormal], edges: np.ndarray) -> np.ndarray:
    """Return the (BINS,) int64 histogram of the held-out normals' pixels."""
    counts = np.zeros(BINS, np.int64)
    quantise = Quantiser(edges)
    problems = []
    for name, scores, field_of_view in held_out:
        if not np.isfinite(scores).all():
            remedy = "delete the calibration scores of this variant and run the same command again"
            problems.append(Problem(f"score map of held-out {name}", "no finite number", "finite scores", remedy))
            continue
        bins = quantise(scores)
        counts += np.bincount(bins.ravel() if field_of_view is None else bins[field_of_view], minlength=BINS)
    raise_if_any(problems)
    return counts
