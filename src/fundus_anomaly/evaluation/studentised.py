"""The studentised bootstrap: how far an estimate may be from the truth, in units of its standard error.

Each resample's estimate is compared with the test's own in units of the resample's standard error (the bootstrap-t:
Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 12.5), both sides alike (Hall, "The Bootstrap
and Edgeworth Expansion", 1992, section 3.5). Standard errors of resamples are those of the infinitesimal jackknife;
the test's own is the jackknife's where that is larger, since the first is too small for few patients. Percentiles
cover less where lesions differ much in size: benchmarks/coverage_pixels.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fundus_anomaly.evaluation.bootstrap import multiplicities

_AT_ONCE = 64

Estimate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Of weights (b, P): m estimates (m, b), and each patient's influence on each of them (m, b, P); NaN if undefined."""


class Studentised(NamedTuple):
    """How sure m estimates are.

    Attributes:
        value: (m,) the estimates.
        error: (m,) their standard errors.
        deviation: (m, resamples) |resample − estimate| / the resample's standard error, rising; infinite where the
            resample leaves it undefined.
    """

    value: np.ndarray
    error: np.ndarray
    deviation: np.ndarray

    def half_width(self, confidence: float) -> np.ndarray:
        """Return (m,) how far an interval of this coverage reaches to both sides; infinite if it has no end."""
        resamples = self.deviation.shape[1]
        rank = min(int(np.ceil(confidence * (resamples + 1))), resamples) - 1
        with np.errstate(invalid="ignore"):
            return self.deviation[:, rank] * self.error

    def p_values(self) -> np.ndarray:
        """Return (m,) the two-sided p-values of the hypothesis that the truth is 0."""
        resamples = self.deviation.shape[1]
        with np.errstate(invalid="ignore", divide="ignore"):
            own = np.abs(self.value) / self.error
        return (1 + (self.deviation >= own[:, None]).sum(axis=1)) / (resamples + 1)


def studentised(estimate: Estimate, strata: np.ndarray, resamples: int, seed: int) -> Studentised:
    """Return estimates with their errors and deviations over resampled patients.

    Args:
        estimate: Of the weights of the patients.
        strata: (P,) from :func:`.bootstrap.owners`, at least two patients each.
        resamples: How many test sets to draw.
        seed: Seed of the configuration.
    """
    whole = np.ones((1, len(strata)), np.float32)
    value, influence = estimate(whole)
    value, error = value[:, 0], _standard_error(influence, whole, strata)[:, 0]
    error = np.fmax(error, _jackknife_error(estimate, strata))
    parts = []
    for weights in multiplicities(strata, resamples, seed):
        drawn, influence = estimate(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            distance = np.abs(drawn - value[:, None])
            parts.append(np.where(distance == 0, 0.0, distance / _standard_error(influence, weights, strata)))
    deviation = np.concatenate(parts, axis=1)
    return Studentised(value, error, np.sort(np.where(np.isnan(deviation), np.inf, deviation), axis=1))


def _standard_error(influence: np.ndarray, weights: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Return the infinitesimal jackknife's standard errors, (m, b), within strata."""
    variance = np.zeros(influence.shape[:2])
    for stratum in np.unique(strata):
        own = strata == stratum
        patients, share = int(own.sum()), weights[:, own]
        part = influence[:, :, own]
        mean = (share * part).sum(axis=2, keepdims=True) / patients
        variance += patients / (patients - 1) * (share * (part - mean) ** 2).sum(axis=2)
    return np.sqrt(variance)


def _jackknife_error(estimate: Estimate, strata: np.ndarray) -> np.ndarray:
    """Return the jackknife's standard errors, (m,), within strata; NaN if an estimate needs a certain patient."""
    patients = len(strata)
    blocks = (np.arange(start, min(start + _AT_ONCE, patients)) for start in range(0, patients, _AT_ONCE))
    parts = [estimate((np.arange(patients) != left_out[:, None]).astype(np.float32))[0] for left_out in blocks]
    without = np.concatenate(parts, axis=1)
    variance = np.zeros(len(without))
    with np.errstate(invalid="ignore"):
        for stratum in np.unique(strata):
            own = without[:, strata == stratum]
            variance += (1 - 1 / own.shape[1]) * ((own - own.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return np.sqrt(variance)
