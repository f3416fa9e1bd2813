"""Test sets resampled by patient, since neither the pixels of an image nor a patient's eyes are independent.

A resample is a weight for each patient, how often it was drawn, and its histogram is a weighted sum of the patients'
histograms: all resamples together are a matrix product. Patients with normal images, with abnormal ones and with
both are drawn separately, because a test set fixes their numbers; so does DeLong's interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from fundus_anomaly.seeds import generator

FEWEST_PATIENTS = 5
"""Patients that a class must have for an interval: see benchmarks/coverage_pixels.py."""

_RESAMPLES_AT_ONCE = 64


def owners(patients: Sequence[str], groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whose each image is, and which patients are drawn together.

    Patients whose images are of several groups are a separate stratum. Where a stratum has fewer than
    ``FEWEST_PATIENTS``, they are drawn together with the last group, and if that does not do with all.

    Args:
        patients: (n,) names.
        groups: (n,) integers from 0, the group of each image.

    Returns:
        (n,) the number of each image's patient, in the order of their names, and (P,) the stratum of each patient.
    """
    names, owner = np.unique(np.asarray(patients, str), return_inverse=True)
    first, last = np.full(len(names), np.iinfo(np.int64).max), np.full(len(names), -1)
    np.minimum.at(first, owner, groups)
    np.maximum.at(last, owner, groups)
    strata = np.where(first == last, first, int(groups.max()) + 1)
    if (first != last).any():
        for alone in (strata, last):
            if np.unique(alone, return_counts=True)[1].min() >= FEWEST_PATIENTS:
                return owner, alone
        strata = np.zeros(len(names), np.int64)
    return owner, strata


def fewest_patients(owner: np.ndarray, groups: np.ndarray) -> int:
    """Return how many patients the group of images has that has fewest.

    Args:
        owner: (n,) the number of each image's patient.
        groups: (n,) integers, the group of each image.
    """
    return min(len(np.unique(owner[groups == group])) for group in np.unique(groups))


def by_patient(counts: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Return the sums over each patient's images.

    Args:
        counts: (n, bins).
        owner: (n,) from :func:`owners`.

    Returns:
        (P, bins) float32.
    """
    order = np.argsort(owner, kind="stable")
    starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    return np.add.reduceat(counts[order], starts, axis=0).astype(np.float32)


def multiplicities(strata: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each patient is drawn, block by block.

    Args:
        strata: (P,) from :func:`owners`; patients are drawn within each, as many as it has.
        resamples: How many test sets to draw.
        seed: Seed of the configuration.

    Yields:
        (b, P) float32, b at most 64, all resamples in turn.
    """
    members = {int(stratum): np.flatnonzero(strata == stratum) for stratum in np.unique(strata)}
    draws = {stratum: generator(seed, "bootstrap over patients", stratum) for stratum in members}
    for start in range(0, resamples, _RESAMPLES_AT_ONCE):
        block = min(_RESAMPLES_AT_ONCE, resamples - start)
        weights = np.zeros((block, len(strata)), np.float32)
        for stratum, own in members.items():
            drawn = draws[stratum].integers(len(own), size=(block, len(own)))
            flat = drawn + len(own) * np.arange(block)[:, None]
            weights[:, own] = np.bincount(flat.ravel(), minlength=block * len(own)).reshape(block, -1)
        yield weights


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

    Args:
        metrics: Functions of positive and negative histograms, (…, bins) each, to (…).
        positives: c arrays (n, bins) float32: the positive pixels of each image, once for each kind of positive.
        negative: (n, bins) float32, the negative pixels of each image.
        ids: The n images' ids; the result does not depend on their order.
        patients: (n,) whose image each is.
        strata: (n,) integers; patients are drawn within each stratum, see :func:`owners`. Images of a negative one
            are never drawn.
        resamples: How many test sets to draw.
        seed: Seed of the configuration.

    Returns:
        (metrics, c, resamples) float64; NaN where a resample holds no positive or no negative, and everywhere if a
        stratum has fewer than ``FEWEST_PATIENTS``: resamples of so few would claim certainty.
    """
    values = np.full((len(metrics), len(positives), resamples), np.nan)
    taken = np.argsort(np.asarray(ids, dtype=object))
    taken = taken[strata[taken] >= 0]
    if not len(taken):
        return values
    groups = strata[taken]
    owner, drawn_together = owners([patients[image] for image in taken], groups)
    if fewest_patients(owner, groups) < FEWEST_PATIENTS:
        return values
    of_positives = [by_patient(positive[taken], owner) for positive in positives]
    of_negative = by_patient(negative[taken], owner)
    done = 0
    for weights in multiplicities(drawn_together, resamples, seed):
        block = slice(done, done + len(weights))
        negatives = weights @ of_negative
        for kind, positive in enumerate(of_positives):
            counts = weights @ positive
            for number, metric in enumerate(metrics):
                values[number, kind, block] = metric(counts, negatives)
        done = block.stop
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
