"""Maps calibrated by position: how far a distance lies above what normals have at the same place.

Normals are not equally near to a memory bank everywhere: at the disc and along vessels their distances are large and
vary, in the periphery they are small. With D_i the maps of n normals, m and s their mean and standard deviation at each
position, and g a Gaussian over positions,

    μ = g ∗ m,   σ = g ∗ √(((n − 1) s² + ν s̄²) / (n − 1 + ν)),   z = (D − μ) / σ.

s̄² is the mean of s² over all positions: where normals are few their own variance at a position says little, and it is
drawn towards the common one as if that had been seen with ν further normals (Smyth, Stat. Appl. Genet. Mol. Biol.
2004). σ is at least a share of s̄, so that a place where all normals are alike, such as the black frame, does not
outweigh the retina. Of a single map s̄ is the standard deviation over its positions. Where s̄ is no more than rounding,
below a millionth of the mean distance, that millionth takes its place, and 1 where the mean is 0.

Nobody judges himself (cross-fitting): D_i is the distance to the bank without the entries of i's patient, and z_i uses
μ and σ of the other patients' normals. What remains is of second order: those others' distances are to banks that hold
entries of i's patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from fundus_anomaly.errors import Problem, raise_if_any

_NO_SPREAD = 1e-6


@dataclass(frozen=True)
class Options:
    """How μ and σ are estimated; the section ``calibration`` of the configuration.

    Attributes:
        smoothing: Standard deviation of g in positions; 0 for none.
        shrinkage: ν, in normals.
        floor: The least that σ may be, as a share of s̄.
    """

    smoothing: float
    shrinkage: float
    floor: float


@dataclass(frozen=True)
class Positions:
    """What normals have at each position.

    Attributes:
        mean: μ, ``(h, w)`` float64.
        spread: σ, ``(h, w)`` float64, above 0.
    """

    mean: np.ndarray
    spread: np.ndarray

    def calibrate(self, distance: np.ndarray) -> np.ndarray:
        """Return z of a map, ``(h, w)`` float32.

        Args:
            distance: D of eq. 7, ``(h, w)`` float.

        Raises:
            ValueError: If the map has another shape.
        """
        if distance.shape != self.mean.shape:
            raise ValueError(f"a map of shape {distance.shape}, the normals' have {self.mean.shape}")
        return ((distance - self.mean) / self.spread).astype(np.float32)


class NormalMaps:
    """The cross-fitted maps of normals: μ and σ of all of them, and of all but one patient's.

    Maps are read one at a time, twice when this is made and once more for each that is left out.

    Args:
        maps: D of the n normals, ``(n, h, w)`` float, an array or a dataset.
        ids: Their ids, for errors.
        patients: The patient of each.
        options: See :class:`Options`.

    Raises:
        InputError: If a map holds NaN or an infinite value, all such maps at once, or if the normals are of fewer than
            two patients.
    """

    def __init__(self, maps: Sequence[np.ndarray], ids: Sequence[str], patients: Sequence[str], options: Options):
        raise_if_any(_problems(maps, ids, patients))
        self._maps, self._patients, self._options = maps, np.asarray(patients, str), options
        self._centre = sum(_read(maps, number) for number in range(len(ids))) / len(ids)
        # Deviations from the common mean: their squares lose no digits when some are taken off again.
        self._sums = self._sums_of(range(len(ids)))

    def all(self) -> Positions:
        """Return μ and σ of all normals: what a new photograph is judged by."""
        return self._positions(len(self._patients), *self._sums)

    def without(self, patient: str) -> Positions:
        """Return μ and σ of the normals of all other patients: what this patient's normals are judged by.

        Raises:
            ValueError: If no normal is of this patient.
        """
        own = np.flatnonzero(self._patients == patient)
        if not own.size:
            raise ValueError(f"no normal is of patient {patient!r}")
        sums = (whole - part for whole, part in zip(self._sums, self._sums_of(own), strict=True))
        return self._positions(len(self._patients) - len(own), *sums)

    def calibrated(self, number: int) -> np.ndarray:
        """Return z of one of the normals by μ and σ of the other patients' normals, ``(h, w)`` float32."""
        return self.without(self._patients[number]).calibrate(_read(self._maps, number))

    def _sums_of(self, numbers: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the sums of the deviations from the common mean and of their squares, ``(h, w)`` each."""
        total, squares = np.zeros_like(self._centre), np.zeros_like(self._centre)
        for number in numbers:
            deviation = _read(self._maps, number) - self._centre
            total, squares = total + deviation, squares + deviation**2
        return total, squares

    def _positions(self, count: int, total: np.ndarray, squares: np.ndarray) -> Positions:
        mean = self._centre + total / count
        about_mean = np.maximum(squares - total**2 / count, 0)
        common = float(about_mean.mean() / (count - 1)) if count > 1 else float(mean.var())
        weight = count - 1 + self._options.shrinkage
        own = (about_mean + self._options.shrinkage * common) / weight if weight > 0 else np.full_like(mean, common)
        level = float(np.abs(mean).mean())
        least = max(self._options.floor * common**0.5, _NO_SPREAD * level) or 1.0
        return Positions(self._smooth(mean), np.maximum(self._smooth(np.sqrt(own)), least))

    def _smooth(self, values: np.ndarray) -> np.ndarray:
        sigma = self._options.smoothing
        return gaussian_filter(values, sigma, mode="nearest") if sigma > 0 else values


def _read(maps: Sequence[np.ndarray], number: int) -> np.ndarray:
    return np.asarray(maps[number], np.float64)


def _problems(maps: Sequence[np.ndarray], ids: Sequence[str], patients: Sequence[str]) -> list[Problem]:
    if len(set(patients)) < 2:
        found = f"{len(ids)} of {len(set(patients))} patients"
        remedy = "give normal images of more patients, or raise evaluation.calibration_images"
        return [Problem("normals to calibrate maps by", found, "normals of two patients or more", remedy)]
    remedy = "make the features again; float16 overflows beyond 65504, float32 does not (features.dtype)"
    return [
        Problem(f"distance map of normal {name}", "NaN or infinite values", "finite values", remedy)
        for number, name in enumerate(ids)
        if not np.isfinite(maps[number]).all()
    ]
