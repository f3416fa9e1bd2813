"""Percentile intervals from resampling whole images, since the pixels of one image do not vary independently.

A resample is a weight for each image, how often it was drawn, and its histogram is a weighted sum of the images'
histograms: all resamples together are a matrix product. Normal and abnormal images are drawn separately, because a
test set fixes their numbers; so does DeLong's interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..seeds import generator

_RESAMPLES_AT_ONCE = 64


def resampled(
    metrics: Sequence[Callable[[np.ndarray, np.ndarray], np.ndarray]],
    positives: Sequence[np.ndarray],
    negative: np.ndarray,
    ids: Sequence[str],
    strata: np.ndarray,
    resamples: int,
    seed: int,
) -> np.ndarray:
    """Return metrics of resampled test sets.

    Memory beyond the arguments is a block of 64 resamples: ``64 × bins × 8`` bytes a few times over, and
    ``64 × n × 8`` for the weights.

    Args:
        metrics: Functions of positive and negative histograms, (…, bins) each, to (…).
        positives: c arrays (n, bins) float32: the positive pixels of each image, once for each kind of positive.
        negative: (n, bins) float32, the negative pixels of each image.
        ids: The n images' ids; the result does not depend on their order.
        strata: (n,) integers; images are drawn within each stratum. Those of a negative one are never drawn.
        resamples: How many test sets to draw.
        seed: Seed of the configuration.

    Returns:
        (metrics, c, resamples) float64; NaN where a resample holds no positive or no negative.
    """
    order = np.argsort(np.asarray(ids, dtype=object))
    members = [order[strata[order] == stratum] for stratum in np.unique(strata) if stratum >= 0]
    draws = [generator(seed, "bootstrap over images", stratum) for stratum in np.unique(strata) if stratum >= 0]
    values = np.empty((len(metrics), len(positives), resamples))
    for start in range(0, resamples, _RESAMPLES_AT_ONCE):
        block = slice(start, min(start + _RESAMPLES_AT_ONCE, resamples))
        weights = np.zeros((block.stop - block.start, len(order)), np.float32)
        for images, draw in zip(members, draws, strict=True):
            share = np.full(len(images), 1 / len(images))
            weights[:, images] = draw.multinomial(len(images), share, size=len(weights))
        negatives = weights @ negative
        for kind, positive in enumerate(positives):
            counts = weights @ positive
            for number, metric in enumerate(metrics):
                values[number, kind, block] = metric(counts, negatives)
    return values


def percentile_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return the percentile interval of resampled values.

    Args:
        values: (resamples,) float64; NaN are left out.
        confidence: Coverage, in (0, 1).

    Returns:
        Lower and upper end; two NaN if fewer than half of the resamples have a value.
    """
    values = values[np.isfinite(values)] if np.isfinite(values).sum() * 2 >= max(values.size, 1) else values[:0]
    if values.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
