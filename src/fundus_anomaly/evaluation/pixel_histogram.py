"""Streaming histograms of pixel scores: 65,536 bins for the figures, fewer per image for the bootstrap.

Every pixel figure that the tables show depends on the ranks of the scores only, so counting scores in bins replaces
sorting them: an image is quantised once, to 16 bits, and forgotten. Two resolutions are kept:

- totals over images, ``BINS`` bins, int64: the figures themselves;
- one histogram an image, ``image_bins`` bins, float32 (exact for counts below 2²⁴), of pixels and of regions: what the
  bootstrap resamples.

The memory of the second is ``channels × images × image_bins × 4`` bytes. :func:`bins_for_bootstrap` halves the number
of bins until that fits a limit: with 300 MiB, 10,000 images of seven channels get 1,024 bins and take 287 MB. Only
the intervals feel it, never the figures; on ReSAD's maps of IDRiD, merging to 1,024 bins moved the pixel AUC by 5e-7
and the average precision by 0.001, to 8,192 bins by 7e-8 and 0.0001.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.evaluation.region_overlap import region_histogram
from fundus_anomaly.evaluation.score_bins import BINS, Quantiser

_MAX_BINS_AN_IMAGE = 8_192
_MAX_EXACT_COUNT = 2**24

NORMAL, LESION = 0, 1
"""Channels of the histograms: pixels without any lesion, with any lesion; lesion type i is channel ``2 + i``."""

HEALTHY, ABNORMAL = 0, 1
"""Groups of the totals, first axis: images labelled normal, and the rest."""


def bins_for_bootstrap(images: int, channels: int, limit: int) -> int:
    """Return how many bins an image's histogram may have so that all of them fit in memory.

    Args:
        images: Number of images.
        channels: Histograms an image: normal pixels, those of a lesion and of each lesion type, and the same regions.
        limit: Bytes that all histograms together may take.

    Returns:
        A power of two, at most 8,192 (where the area under the ROC curve is exact to 1e-6) and at least 64.
    """
    bins = _MAX_BINS_AN_IMAGE
    while bins > 64 and images * channels * bins * 4 > limit:
        bins //= 2
    return bins


class PixelHistograms:
    """Histograms of the pixel scores of a test set, filled image by image.

    Args:
        ids: Ids of the n images.
        labels: (n,), 0 for a normal image; anything else is abnormal.
        lesions: Names of the L lesion types.
        edges: (BINS + 1,) float32, the bins' edges from :func:`.score_bins.edges_of` the scores of all images.
        memory_limit: Bytes for the histograms of single images.

    Attributes:
        total: (2 groups, 2 + L channels, BINS) int64, pixel counts.
        image: (2 + L channels, n, image_bins) float32, pixel counts of each image.
        image_regions: (1 + L, n, image_bins) float32, of each image what ``regions`` is of all.
        regions: (2 groups, 1 + L, BINS) float64: sum over regions of their histogram divided by their size; the
            first is regions of any lesion, then one for each lesion type.
        region_counts: (2 groups, 1 + L) int64, number of regions.
        has_lesion: (n, L) bool, whether the image shows a lesion of the type.
        used: (n,) bool, whether the image was counted.
        unannotated: Ids of images that are not labelled normal and came without a mask; they are not counted.
    """

    def __init__(
        self,
        ids: Sequence[str],
        labels: np.ndarray,
        lesions: Sequence[str],
        edges: np.ndarray,
        memory_limit: int,
    ):
        self.edges = np.asarray(edges, np.float32)
        self.low, self.high = float(self.edges[0]), float(self.edges[-1])
        if not np.isfinite(self.edges).all() or (np.diff(self.edges) < 0).any():
            found = f"{self.low} … {self.high}"
            raise InputError(Problem("range of scores", found, "finite numbers, the lower first", "score again"))
        self._quantise = Quantiser(self.edges)
        self.lesions = tuple(lesions)
        self.labels = np.asarray(labels)
        self._row = {name: row for row, name in enumerate(ids)}
        channels, n = 2 + len(self.lesions), len(ids)
        self.image_bins = bins_for_bootstrap(n, 2 * channels - 1, memory_limit)
        self.total = np.zeros((2, channels, BINS), np.int64)
        # zeros() leaves untouched pages to the system: rows of images without a lesion cost no memory.
        self.image = np.zeros((channels, n, self.image_bins), np.float32)
        self.image_regions = np.zeros((channels - 1, n, self.image_bins), np.float32)
        self.regions = np.zeros((2, channels - 1, BINS))
        self.region_counts = np.zeros((2, channels - 1), np.int64)
        self.has_lesion = np.zeros((n, len(self.lesions)), bool)
        self.used = np.zeros(n, bool)
        self.unannotated: list[str] = []

    def add(
        self,
        name: str,
        scores: np.ndarray,
        truth: Mapping[str, np.ndarray] | None,
        field_of_view: np.ndarray | None = None,
    ) -> list[Problem]:
        """Count one image.

        Args:
            name: Its id, one of those given at the start.
            scores: (H, W) float32, finite, inside the range.
            truth: (H, W) bool for each lesion type that the image has. None or empty: a normal image has no lesion;
                any other image was not annotated and is not counted.
            field_of_view: (H, W) bool, pixels to count; all, if it is None.

        Returns:
            What is wrong with the image; if anything is, it was not counted. The caller raises them all together.
        """
        problems = self._problems(name, scores, truth or {}, field_of_view)
        if problems:
            return problems
        row = self._row[name]
        group = HEALTHY if self.labels[row] == 0 else ABNORMAL
        truth = truth or {}
        if group == ABNORMAL and not truth:
            self.unannotated.append(name)
            return []
        bins = self._quantise(scores)
        self._count(row, group, NORMAL, bins.ravel() if field_of_view is None else bins[field_of_view])
        union = np.zeros(scores.shape, bool)
        for lesion, mask in truth.items():
            union |= mask
            inside = mask if field_of_view is None else mask & field_of_view
            if self._count_lesion(row, group, 2 + self.lesions.index(lesion), bins, inside):
                self.has_lesion[row, self.lesions.index(lesion)] = True
        self._count_lesion(row, group, LESION, bins, union if field_of_view is None else union & field_of_view)
        self.used[row] = True
        return []

    def _count_lesion(self, row: int, group: int, channel: int, bins: np.ndarray, mask: np.ndarray) -> bool:
        if not mask.any():
            return False
        counts = self._count(row, group, channel, bins[mask])
        if channel == LESION:
            self.total[group, NORMAL] -= counts
            self.image[NORMAL, row] -= self._merged(counts)
        weighted, regions = region_histogram(bins, mask, BINS)
        self.regions[group, channel - 1] += weighted
        self.image_regions[channel - 1, row] = self._merged(weighted)
        self.region_counts[group, channel - 1] += regions
        return True

    def _count(self, row: int, group: int, channel: int, bins: np.ndarray) -> np.ndarray:
        counts = np.bincount(bins, minlength=BINS)
        self.total[group, channel] += counts
        self.image[channel, row] = self._merged(counts)
        return counts

    def _merged(self, counts: np.ndarray) -> np.ndarray:
        return counts.reshape(self.image_bins, -1).sum(axis=1).astype(np.float32)

    def _problems(
        self, name: str, scores: np.ndarray, truth: Mapping[str, np.ndarray], field_of_view: np.ndarray | None
    ) -> list[Problem]:
        where = f"score map of {name}"
        again = "delete the scores of this variant and run the same command again"
        if name not in self._row:
            return [Problem(where, "an image that the manifest does not list", "the images of the test", again)]
        problems = []
        if self.used[self._row[name]] or name in self.unannotated:
            problems.append(Problem(where, "the same image twice", "each image once", again))
        if scores.ndim != 2 or not 0 < scores.size < _MAX_EXACT_COUNT:
            problems.append(Problem(where, f"shape {scores.shape}", f"H × W < {_MAX_EXACT_COUNT} pixels", again))
        elif not np.isfinite(scores).all():
            bad = int((~np.isfinite(scores)).sum())
            problems.append(Problem(where, f"{bad} scores that are not finite numbers", "finite scores", again))
        else:
            slack = (self.high - self.low) / BINS + 1e-6 * max(abs(self.low), abs(self.high))
            lowest, highest = float(scores.min()), float(scores.max())
            if lowest < self.low - slack or highest > self.high + slack:
                found = f"scores from {lowest:g} to {highest:g}"
                problems.append(Problem(where, found, f"scores from {self.low:g} to {self.high:g}", again))
        masks = {f"mask {lesion}": mask for lesion, mask in truth.items()}
        if field_of_view is not None:
            masks["field of view"] = field_of_view
        for what, mask in masks.items():
            if mask.shape != scores.shape or mask.dtype != bool:
                found, allowed = f"{mask.dtype} {mask.shape}", f"bool {scores.shape}, as the score map"
                problems.append(Problem(f"{what} of {name}", found, allowed, "make masks and scores of one size"))
        unknown = sorted(set(truth) - set(self.lesions))
        if unknown:
            allowed = ", ".join(self.lesions) or "none"
            problems.append(Problem(f"masks of {name}", f"lesions {unknown}", allowed, "name it in the manifest"))
        return problems
