"""Pixel-level rows of the long table, from the streamed histograms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fundus_anomaly.evaluation import pixel_metrics
from fundus_anomaly.evaluation.pixel_histogram import ABNORMAL, HEALTHY, LESION, NORMAL, PixelHistograms
from fundus_anomaly.evaluation.pixel_intervals import FIGURES, Interval, Resampling, pixel_intervals
from fundus_anomaly.evaluation.pixel_sample import NO_PIXELS, PixelSample, pixel_sample
from fundus_anomaly.evaluation.region_overlap import aupro
from fundus_anomaly.evaluation.rows import NAN, Row

ONE_CLASS = "undefined: the test needs annotated lesion pixels and pixels without a lesion"
NO_THRESHOLD = "undefined: no held-out normals"


class _Subset(NamedTuple):
    """Which pixels are positive, and from which groups of images pixels are taken."""

    name: str
    channel: int
    groups: list[int]


def _subsets(lesions: Sequence[str]) -> list[_Subset]:
    everything = [HEALTHY, ABNORMAL]
    return [
        _Subset("all", LESION, everything),
        _Subset("abnormal_only", LESION, [ABNORMAL]),
        *(_Subset(f"lesion:{name}", 2 + number, everything) for number, name in enumerate(lesions)),
    ]


def pixel_rows(
    histograms: PixelHistograms,
    ids: Sequence[str],
    patients: Sequence[str],
    threshold_bin: int | None,
    resampling: Resampling,
) -> list[Row]:
    """Return the pixel-level rows: all images, abnormal images only, and each lesion type over all images.

    The positives of a lesion type are its pixels; its negatives are the pixels without any lesion.

    Args:
        histograms: Filled with all images.
        ids: Their ids, in the order that the histograms were made for.
        patients: Whose image each is.
        threshold_bin: Calibrated threshold from :func:`.thresholds.pixel_threshold_bin`, or None.
        resampling: How the intervals of AUC, average precision and AUPRO are made.
    """
    return [
        row
        for subset in _subsets(histograms.lesions)
        for row in _rows_of(histograms, subset, ids, patients, threshold_bin, resampling)
    ]


def sample_of_all(histograms: PixelHistograms, ids: Sequence[str]) -> PixelSample:
    """Return the pixels of all images that were counted, any lesion against none; no image if a class is empty.

    Args:
        histograms: Filled with all images.
        ids: Their ids, in the order that the histograms were made for.
    """
    sample = _sample(histograms, _subsets(())[0], ids)
    both = sample.positive.any() and sample.negative.any()
    return sample if both else NO_PIXELS


def _sample(h: PixelHistograms, subset: _Subset, ids: Sequence[str]) -> PixelSample:
    taken = h.used & np.isin(_groups(h), subset.groups)
    return pixel_sample(ids, h.image[subset.channel], h.image[NORMAL], h.image_regions[subset.channel - 1], taken)


def _groups(h: PixelHistograms) -> np.ndarray:
    return np.where(h.labels == 0, HEALTHY, ABNORMAL)


def _rows_of(
    h: PixelHistograms,
    subset: _Subset,
    ids: Sequence[str],
    patients: Sequence[str],
    threshold_bin: int | None,
    resampling: Resampling,
) -> list[Row]:
    positive = h.total[subset.groups, subset.channel].sum(axis=0)
    negative = h.total[subset.groups, NORMAL].sum(axis=0)
    regions = h.regions[subset.groups, subset.channel - 1].sum(axis=0)
    region_count = int(h.region_counts[subset.groups, subset.channel - 1].sum())
    positives, negatives = int(positive.sum()), int(negative.sum())
    limit = resampling.false_positive_limit
    left_out = (
        f"excluded images that are not labelled normal and have no mask: {len(h.unannotated)}" if h.unannotated else ""
    )
    values = {
        "auc": float(pixel_metrics.roc_auc(positive, negative)),
        "average_precision": float(pixel_metrics.average_precision(positive, negative)),
        "aupro": aupro(regions, region_count, negative, limit),
    }
    empty = "" if positives and negatives else ONE_CLASS
    intervals = dict.fromkeys(FIGURES, Interval(NAN, NAN, ""))
    if not empty:
        sample = _sample(h, subset, ids)
        taken = h.used & np.isin(_groups(h), subset.groups)
        owners = [patient for patient, part in zip(patients, taken, strict=True) if part]
        intervals = pixel_intervals(sample, values, owners, _groups(h)[taken], resampling)

    def row(metric: str, value: float, note: str = "") -> Row:
        low, high, remark = intervals.get(metric, Interval(NAN, NAN, ""))
        notes = "; ".join(part for part in (note, remark, left_out) if part)
        return Row("pixel", metric, "", subset.name, value, low, high, positives, negatives, notes)

    undefined = (NO_THRESHOLD if threshold_bin is None else "") or empty
    best = best_threshold = hit = right = threshold = NAN
    if not empty:
        best, best_bin = pixel_metrics.best_balanced_accuracy(positive, negative)
        best_threshold = float(h.edges[best_bin])
    if not undefined:
        hits, false = pixel_metrics.rates(positive, negative)
        hit, right = float(hits[threshold_bin]), float(1 - false[threshold_bin])
    if threshold_bin is not None:
        threshold = float(h.edges[threshold_bin])
    return [
        row("auc", values["auc"], empty),
        row("average_precision", values["average_precision"], empty),
        row("aupro", values["aupro"], empty or f"{region_count} regions, false positive rate up to {limit:g}"),
        row("balanced_accuracy_best_on_test", best, empty),
        row("threshold_best_on_test", best_threshold, empty),
        row("balanced_accuracy_at_normal_quantile", (hit + right) / 2, undefined),
        row("sensitivity_at_normal_quantile", hit, undefined),
        row("specificity_at_normal_quantile", right, undefined),
        row("threshold_at_normal_quantile", threshold, "" if threshold_bin is not None else NO_THRESHOLD),
    ]


def pixel_curves(histograms: PixelHistograms, points: int) -> list[tuple[str, str, np.ndarray]]:
    """Return ``(subset, curve, (p, 3) points)`` of the ROC and precision–recall curves; none for an empty class.

    Args:
        histograms: Filled with all images.
        points: The most points a curve may have. Columns are x, y and the threshold, in the scores' unit.
    """
    found = []
    for subset in _subsets(histograms.lesions):
        positive = histograms.total[subset.groups, subset.channel].sum(axis=0)
        negative = histograms.total[subset.groups, NORMAL].sum(axis=0)
        if positive.any() and negative.any():
            for curve, xy in pixel_metrics.thinned_curves(positive, negative, points).items():
                xy[:, 2] = histograms.edges[xy[:, 2].astype(int)]
                found.append((subset.name, curve, xy))
    return found
