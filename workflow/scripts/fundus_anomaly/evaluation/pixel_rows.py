"""Pixel-level rows of the long table, from the streamed histograms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from . import pixel_metrics
from .bootstrap import percentile_interval, resampled
from .pixel_histogram import ABNORMAL, HEALTHY, LESION, NORMAL, PixelHistograms
from .region_overlap import aupro
from .rows import NAN, Row

ONE_CLASS = "undefined: the test needs annotated lesion pixels and pixels without a lesion"
NO_THRESHOLD = "undefined: no held-out normals"
_RESAMPLED = {"auc": pixel_metrics.roc_auc, "average_precision": pixel_metrics.average_precision}


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
    false_positive_limit: float,
    resamples: int,
    confidence: float,
    seed: int,
) -> list[Row]:
    """Return the pixel-level rows: all images, abnormal images only, and each lesion type over all images.

    The positives of a lesion type are its pixels; its negatives are the pixels without any lesion.

    Args:
        histograms: Filled with all images.
        ids: Their ids, in the order that the histograms were made for.
        patients: Whose image each is.
        threshold_bin: Calibrated threshold from :func:`.thresholds.pixel_threshold_bin`, or None.
        false_positive_limit: Limit of AUPRO.
        resamples: Resamples of the patients for the intervals of AUC and average precision; 0 for no intervals.
        confidence: Coverage of the intervals.
        seed: Seed of the configuration.
    """
    subsets = _subsets(histograms.lesions)
    intervals = {}
    for groups in ([HEALTHY, ABNORMAL], [ABNORMAL]):
        intervals |= _intervals(
            histograms,
            ids,
            patients,
            [subset for subset in subsets if subset.groups == groups],
            resamples,
            confidence,
            seed,
        )
    return [
        row
        for subset in subsets
        for row in _rows_of(histograms, subset, intervals[subset.name], threshold_bin, false_positive_limit)
    ]


def _rows_of(
    h: PixelHistograms,
    subset: _Subset,
    intervals: dict[str, tuple[float, float]],
    threshold_bin: int | None,
    limit: float,
) -> list[Row]:
    positive = h.total[subset.groups, subset.channel].sum(axis=0)
    negative = h.total[subset.groups, NORMAL].sum(axis=0)
    regions = h.regions[subset.groups, subset.channel - 1].sum(axis=0)
    region_count = int(h.region_counts[subset.groups, subset.channel - 1].sum())
    positives, negatives = int(positive.sum()), int(negative.sum())
    left_out = (
        f"images left out that are not labelled normal and have no mask: {len(h.unannotated)}" if h.unannotated else ""
    )

    def row(metric: str, value: float, note: str = "") -> Row:
        notes = "; ".join(part for part in (note, left_out) if part)
        low, high = intervals.get(metric, (NAN, NAN))
        return Row("pixel", metric, "", subset.name, value, low, high, positives, negatives, notes)

    empty = "" if positives and negatives else ONE_CLASS
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
        row("auc", float(pixel_metrics.roc_auc(positive, negative)), empty),
        row("average_precision", float(pixel_metrics.average_precision(positive, negative)), empty),
        row(
            "aupro",
            aupro(regions, region_count, negative, limit),
            empty or f"{region_count} regions, false positive rate up to {limit:g}",
        ),
        row("balanced_accuracy_best_on_test", best, empty),
        row("threshold_best_on_test", best_threshold, empty),
        row("balanced_accuracy_at_normal_quantile", (hit + right) / 2, undefined),
        row("sensitivity_at_normal_quantile", hit, undefined),
        row("specificity_at_normal_quantile", right, undefined),
        row("threshold_at_normal_quantile", threshold, "" if threshold_bin is not None else NO_THRESHOLD),
    ]


def _intervals(
    h: PixelHistograms,
    ids: Sequence[str],
    patients: Sequence[str],
    subsets: list[_Subset],
    resamples: int,
    confidence: float,
    seed: int,
) -> dict[str, dict[str, tuple[float, float]]]:
    """Return the interval of each resampled metric, by subset; the subsets share their groups of images."""
    group = np.where(h.labels == 0, HEALTHY, ABNORMAL)
    taken = h.used & np.isin(group, subsets[0].groups)
    if not resamples or not taken.any():
        return {subset.name: {} for subset in subsets}
    positives = [h.image[subset.channel] for subset in subsets]
    strata = np.where(taken, group, -1)
    values = resampled(list(_RESAMPLED.values()), positives, h.image[NORMAL], ids, patients, strata, resamples, seed)
    return {
        subset.name: {
            metric: percentile_interval(values[number, kind], confidence) for number, metric in enumerate(_RESAMPLED)
        }
        for kind, subset in enumerate(subsets)
    }


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
