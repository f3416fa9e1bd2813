"""Percentile intervals from resampling patients, since neither pixels of an image nor a patient's eyes are independent.

A resample is a weight for each image, how often its patient was drawn, and its histogram is a weighted sum of the
images' histograms: all resamples together are a matrix product. Patients with normal images, with abnormal ones and
with both are drawn separately, because a test set fixes their numbers; so does DeLong's interval.
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
    patients: Sequence[str],
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
        patients: (n,) whose image each is.
        strata: (n,) integers; patients are drawn within each stratum, those with images of several in one of their own.
            Images of a negative one are never drawn.
        resamples: How many test sets to draw.
        seed: Seed of the configuration.

    Returns:
        (metrics, c, resamples) float64; NaN where a resample holds no positive or no negative.
    """
    order = np.argsort(np.asarray(ids, dtype=object))
    members = _patients_of_strata(order, patients, strata)
    draws = [generator(seed, "bootstrap over images", stratum) for stratum in members]
    values = np.empty((len(metrics), len(positives), resamples))
    for start in range(0, resamples, _RESAMPLES_AT_ONCE):
        block = slice(start, min(start + _RESAMPLES_AT_ONCE, resamples))
        weights = np.zeros((block.stop - block.start, len(order)), np.float32)
        for owned, draw in zip(members.values(), draws, strict=True):
            share = np.full(len(owned), 1 / len(owned))
            drawn = draw.multinomial(len(owned), share, size=len(weights))
            weights[:, np.concatenate(owned)] = np.repeat(drawn, list(map(len, owned)), axis=1)
        negatives = weights @ negative
        for kind, positive in enumerate(positives):
            counts = weights @ positive
            for number, metric in enumerate(metrics):
                values[number, kind, block] = metric(counts, negatives)
    return values


def _patients_of_strata(order: np.ndarray, patients: Sequence[str], strata: np.ndarray) -> dict[int, list[list[int]]]:
    """Return for each stratum the images of each of its patients, in the order of the ids."""
    owned: dict[str, list[int]] = {}
    for image in order:
        if strata[image] >= 0:
            owned.setdefault(patients[image], []).append(image)
    several = int(strata.max()) + 1
    found: dict[int, list[list[int]]] = {}
    for images in owned.values():
        own = set(strata[images].tolist())
        found.setdefault(own.pop() if len(own) == 1 else several, []).append(images)
    return dict(sorted(found.items()))


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
