"""The data of a bootstrap over patients: each test image's pixels and regions, counted in a few bins of the score.

A figure of merit of a drawn test set needs the sums over its images only. Its bins may be coarse, since intervals are
made of differences between figures in the same bins: they are chosen so that each holds about the same share of the
lesion pixels, of the lesion-free pixels and of the regions. With 256 of them the ends of the intervals are those of
4,096 bins to 1e-3 (average precision) and 1e-5 (AUC, AUPRO).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids, write_array, write_ids

RESAMPLED_BINS = 256
_COUNTS = ("positive", "negative", "regions")


class PixelSample(NamedTuple):
    """The pixels of the test's images by score.

    Attributes:
        ids: The n images.
        positive: (n, bins) float32, counts of lesion pixels.
        negative: (n, bins) float32, counts of pixels without any lesion.
        regions: (n, bins) float32, sum over an image's regions of their histogram divided by their size.
    """

    ids: list[str]
    positive: np.ndarray
    negative: np.ndarray
    regions: np.ndarray


NO_PIXELS = PixelSample([], *np.zeros((3, 0, 1), np.float32))
"""Of a test without annotated pixels, or of a method without maps."""


def pixel_sample(
    ids: Sequence[str],
    positive: np.ndarray,
    negative: np.ndarray,
    regions: np.ndarray,
    taken: np.ndarray,
    bins: int = RESAMPLED_BINS,
) -> PixelSample:
    """Return the images that take part, in few bins.

    Args:
        ids: The images.
        positive: (n, fine bins) counts of lesion pixels.
        negative: Likewise, of pixels without any lesion.
        regions: Likewise, of regions.
        taken: (n,) bool, which images take part.
        bins: About how many bins are kept; no more than that.
    """
    counts = [np.asarray(one) for one in (positive, negative, regions)]
    totals = [one.sum(axis=0, dtype=np.float64, where=taken[:, None]) for one in counts]
    shares = [total / total.sum() for total in totals if total.sum() > 0]
    mass = np.cumsum(np.sum(shares, axis=0)) if shares else np.zeros(len(totals[0]))
    number = np.floor(mass * (bins - 1) / max(len(shares), 1) * (1 - 1e-12))
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    kept = [name for name, part in zip(ids, taken, strict=True) if part]
    return PixelSample(kept, *(np.add.reduceat(one, starts, axis=1)[taken].astype(np.float32) for one in counts))


def write_pixel_sample(path: str | os.PathLike[str], sample: PixelSample) -> None:
    """Write a sample as HDF5, whole or not at all."""
    with create_h5(path) as file:
        write_ids(file, sample.ids)
        for name in _COUNTS:
            write_array(file, name, getattr(sample, name))


def read_pixel_sample(path: str | os.PathLike[str]) -> PixelSample:
    """Return a sample that :func:`write_pixel_sample` wrote.

    Raises:
        InputError: If the file is not whole, or holds anything but counts of its images.
    """
    with open_h5(path, "id", *_COUNTS) as file:
        ids = read_ids(file)
        counts = [file[name][:] for name in _COUNTS]
    shapes = {one.shape for one in counts}
    if len(shapes) != 1 or counts[0].ndim != 2 or len(counts[0]) != len(ids) or len(set(ids)) < len(ids):
        found = f"datasets of shape {', '.join(map(str, sorted(shapes)))} for {len(set(ids))} images"
    elif not all(np.isfinite(one).all() and (one >= 0).all() for one in counts):
        found = "counts that are negative or not finite"
    else:
        return PixelSample(ids, *counts)
    remedy = f"delete {path} and run the same command again; the workflow makes it again"
    raise InputError(Problem(str(path), found, "counts of pixels, one row an image, each image once", remedy))
