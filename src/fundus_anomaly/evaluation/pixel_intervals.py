"""Intervals of the pixel figures, and of their differences between two maps of the same images, over patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, ndtri, stdtrit

from fundus_anomaly.evaluation import pixel_gradients
from fundus_anomaly.evaluation.bootstrap import FEWEST_PATIENTS, by_patient, fewest_patients, owners
from fundus_anomaly.evaluation.pixel_sample import PixelSample
from fundus_anomaly.evaluation.rows import NAN
from fundus_anomaly.evaluation.studentised import Estimate, Studentised, studentised
from fundus_anomaly.parallel import one_blas_thread

FIGURES = ("auc", "average_precision", "aupro")
"""The figures that have intervals, by their names in the long table."""

TOO_FEW = f"fewer than {FEWEST_PATIENTS} patients in a class"
_TOO_FEW_WITH_LESION = f"fewer than {FEWEST_PATIENTS} patients with a lesion"
_SEPARATED = "lesion and lesion-free pixels are separated altogether"
# Standard errors below this are those of float32.
_NO_ERROR = 1e-6
_UNDEFINED = "too many resamples leave the figure undefined"
# By lesion area, effective: with fewer, one patient decides.
_FEWEST_EFFECTIVE = 2.0
_ONE_PATIENTS = "nearly all lesion pixels are those of one patient"


class Interval(NamedTuple):
    """An interval, or why there is none.

    Attributes:
        low: Lower end; NaN if there is none.
        high: Upper end.
        note: Why there is none, or "".
    """

    low: float
    high: float
    note: str


class Difference(NamedTuple):
    """A figure of one map less that of another.

    Attributes:
        value: The difference.
        low: Lower end of its interval; NaN if there is none.
        high: Upper end.
        p_value: Two-sided, of no difference; NaN where it is undefined.
        note: Why something is undefined, or "".
    """

    value: float
    low: float
    high: float
    p_value: float
    note: str


class Resampling(NamedTuple):
    """How test sets are resampled.

    Attributes:
        false_positive_limit: Limit of AUPRO.
        resamples: How many are drawn.
        confidence: Coverage of the intervals, in (0, 1).
        seed: Seed of the configuration.
    """

    false_positive_limit: float
    resamples: int
    confidence: float
    seed: int


def pixel_intervals(
    sample: PixelSample,
    values: dict[str, float],
    patients: Sequence[str],
    groups: np.ndarray,
    resampling: Resampling,
) -> dict[str, Interval]:
    """Return the studentised interval of each figure, made on the logit scale, so that it stays within 0 and 1.

    Average precision hangs on the few patients with the largest lesions, of which a test may have too few to show how
    they differ: its interval is wider by what Student's t with n degrees of freedom has over a normal distribution,
    n the effective number of patients by lesion area, and where that is below 2 there is none. The rule is empirical:
    benchmarks/coverage_pixels.py, by which differences between two maps of the same images need no widening.

    Args:
        sample: The test's pixels.
        values: The figures, by :data:`FIGURES`, as exactly as they are known.
        patients: (n,) whose image each of the sample is.
        groups: (n,) integers from 0, whether the image counts as normal or as abnormal; patients are drawn within.
        resampling: How.
    """
    reason = _too_few(sample, patients, groups)
    if reason or not resampling.resamples:
        return dict.fromkeys(FIGURES, Interval(NAN, NAN, f"no interval: {reason}" if reason else ""))
    owner, strata = owners(patients, groups)
    plain = _estimate(sample, owner, resampling.false_positive_limit)

    def on_logit_scale(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, influence = plain(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            return logit(value), influence / (value * (1 - value))[:, :, None]

    with one_blas_thread():
        found = studentised(on_logit_scale, strata, resampling.resamples, resampling.seed)
    half = dict(zip(FIGURES, found.half_width(resampling.confidence), strict=True))
    effective = effective_patients(sample, owner)
    half["average_precision"] *= _widening(effective, resampling.confidence)
    intervals = {name: _interval(values[name], found.error[number], half[name]) for number, name in enumerate(FIGURES)}
    if effective < _FEWEST_EFFECTIVE and not intervals["average_precision"].note:
        intervals["average_precision"] = Interval(NAN, NAN, f"no interval: {_ONE_PATIENTS}")
    return intervals


def effective_patients(sample: PixelSample, owner: np.ndarray) -> float:
    """Return (Σa)² / Σa² over patients, a their lesions' area: Kish's effective number of patients by lesion area.

    Args:
        sample: The test's pixels, some of them a lesion's.
        owner: (n,) the number of each image's patient.
    """
    area = by_patient(sample.positive, owner).sum(axis=1, dtype=np.float64)
    return float(area.sum() ** 2 / np.square(area).sum())


def _widening(effective: float, confidence: float) -> float:
    """Return how many times as wide as a normal interval one of Student's t is."""
    quantile = (1 + confidence) / 2
    return float(stdtrit(max(effective, _FEWEST_EFFECTIVE), quantile) / ndtri(quantile))


def _interval(value: float, error: float, half: float) -> Interval:
    reason = _SEPARATED if value <= 0 or value >= 1 else _unfit(error, half)
    if reason:
        return Interval(NAN, NAN, f"no interval: {reason}")
    centre = logit(value)
    return Interval(float(expit(centre - half)), float(expit(centre + half)), "")


def _unfit(error: float, half: float) -> str:
    if not error > _NO_ERROR:
        return "all resamples are alike"
    return "" if np.isfinite(half) else _UNDEFINED


def pixel_differences(
    sample_a: PixelSample,
    sample_b: PixelSample,
    values_a: dict[str, float],
    values_b: dict[str, float],
    patients: Sequence[str],
    groups: np.ndarray,
    resampling: Resampling,
) -> dict[str, Difference]:
    """Return each figure of map b less that of map a, with interval and p-value from the same resamples of both.

    Args:
        sample_a: The pixels of map a.
        sample_b: Those of map b, of the same images in the same order.
        values_a: The figures of map a, by :data:`FIGURES`, as exactly as they are known.
        values_b: Those of map b.
        patients: As for :func:`pixel_intervals`.
        groups: Likewise.
        resampling: How.
    """
    known = {name: values_b[name] - values_a[name] for name in FIGURES}
    reason = _too_few(sample_a, patients, groups)
    if reason or not resampling.resamples:
        return {name: Difference(value, NAN, NAN, NAN, reason) for name, value in known.items()}
    owner, strata = owners(patients, groups)
    of_a, of_b = (_estimate(one, owner, resampling.false_positive_limit) for one in (sample_a, sample_b))

    def difference(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (value_a, influence_a), (value_b, influence_b) = of_a(weights), of_b(weights)
        return value_b - value_a, influence_b - influence_a

    with one_blas_thread():
        found = studentised(difference, strata, resampling.resamples, resampling.seed)
    found = Studentised(np.array(list(known.values())), found.error, found.deviation)
    half, p_values = found.half_width(resampling.confidence), found.p_values()
    differences = {
        name: _difference(known[name], found.error[number], half[number], p_values[number])
        for number, name in enumerate(FIGURES)
    }
    precision = differences["average_precision"]
    if effective_patients(sample_a, owner) < _FEWEST_EFFECTIVE and not precision.note:
        differences["average_precision"] = Difference(precision.value, NAN, NAN, NAN, _ONE_PATIENTS)
    return differences


def _difference(value: float, error: float, half: float, p_value: float) -> Difference:
    if abs(value) <= _NO_ERROR and error <= _NO_ERROR:
        return Difference(value, NAN, NAN, 1.0, "both maps rank the pixels alike")
    reason = _unfit(error, half)
    if reason:
        return Difference(value, NAN, NAN, NAN, reason)
    return Difference(value, float(value - half), float(value + half), float(p_value), "")


def _estimate(sample: PixelSample, owner: np.ndarray, limit: float) -> Estimate:
    """Return a function of the patients' weights that gives the figures and each patient's influence on them."""
    positive, negative, regions = (by_patient(one, owner) for one in (sample.positive, sample.negative, sample.regions))

    def estimate(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        negatives, positives = weights @ negative, weights @ positive
        found = [
            (positive, *pixel_gradients.roc_auc(positives, negatives)),
            (positive, *pixel_gradients.average_precision(positives, negatives)),
            (regions, *pixel_gradients.aupro(weights @ regions, negatives, limit)),
        ]
        influences = [
            by_found.astype(np.float32) @ counts.T + by_negative.astype(np.float32) @ negative.T
            for counts, _, by_found, by_negative in found
        ]
        return np.stack([value for _, value, _, _ in found]), np.stack(influences).astype(np.float64)

    return estimate


def _too_few(sample: PixelSample, patients: Sequence[str], groups: np.ndarray) -> str:
    """Return why so few patients give no interval, or "": each would weigh too much, or decide alone."""
    if not len(groups) or not sample.positive.any() or not sample.negative.any():
        return "one class only"
    owner = np.unique(np.asarray(patients, str), return_inverse=True)[1]
    if fewest_patients(owner, groups) < FEWEST_PATIENTS:
        return TOO_FEW
    with_lesion = len(np.unique(owner[sample.positive.any(axis=1)]))
    return "" if with_lesion >= FEWEST_PATIENTS else _TOO_FEW_WITH_LESION
