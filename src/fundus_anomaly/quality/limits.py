"""What normals allow a statistic to be: fences around their quartiles, which a few odd normals do not move.

A photograph of another camera has other statistics, so there are no limits but those of the user's own normals: on the
side where a statistic speaks against a photograph, the normals' quartile and a number of interquartile ranges beyond it
(Tukey, Exploratory Data Analysis, 1977). Quantities that are compared by their ratio are taken as logarithms. Where
normals are few or alike their range says little: it never counts for less than a configured floor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# Added before a logarithm, in the statistic's own unit.
_LEAST = 1e-3


class Side(NamedTuple):
    """On which side a statistic speaks against a photograph.

    Attributes:
        logarithm: Whether its logarithm is compared.
        low: Whether small values do.
        high: Whether large values do.
    """

    logarithm: bool
    low: bool
    high: bool


SIDES: Mapping[str, Side] = {
    "brightness": Side(logarithm=True, low=True, high=False),
    "white": Side(logarithm=False, low=False, high=True),
    "black": Side(logarithm=False, low=False, high=True),
    "redness": Side(logarithm=False, low=True, high=False),
    "structure": Side(logarithm=True, low=True, high=False),
    "sharpness": Side(logarithm=True, low=True, high=False),
    "roundness": Side(logarithm=False, low=True, high=False),
    "proportion": Side(logarithm=True, low=True, high=True),
    "diameter": Side(logarithm=True, low=True, high=False),
    "resolution": Side(logarithm=True, low=False, high=False),
    "distance": Side(logarithm=False, low=False, high=False),
}
"""The statistics that normals are summarised by, and the keys of ``quality.floors`` in the configuration.

``distance`` is the median of a photograph's calibrated map within its field of view. It and ``resolution`` say nothing
against a single photograph, but whether many are of another camera.
"""


@dataclass(frozen=True)
class Options:
    """How far from the normals photographs may be; the section ``quality`` of the configuration.

    Attributes:
        care: Interquartile ranges beyond the normals' quartile from which a photograph is judged with care.
        refuse: From which it cannot be judged.
        amber: Interquartile ranges between the medians of photographs and normals from which they are held for unlike.
        red: From which they are held for those of another camera.
        floors: By statistic, the least that an interquartile range counts for; of a logarithm where :data:`SIDES` says
            so.
    """

    care: float
    refuse: float
    amber: float
    red: float
    floors: Mapping[str, float]


Quartiles = tuple[float, float, float]


def quartiles_of(normals: Mapping[str, np.ndarray]) -> dict[str, Quartiles]:
    """Return the quartiles of each statistic of normals, as it is compared.

    Args:
        normals: By statistic, ``(n,)`` float of n normals, in any order.

    Raises:
        ValueError: If there is no normal, or a value is not finite.
    """
    found = {}
    for name, given in normals.items():
        values = np.asarray(given, np.float64)
        if not values.size or not np.isfinite(values).all():
            raise ValueError(f"{name}: {values.size} normals, finite values of one at least are needed")
        found[name] = tuple(float(one) for one in np.quantile(_compared(name, values), [0.25, 0.5, 0.75]))
    return found


class Limits:
    """The limits that normals set.

    Args:
        quartiles: From :func:`quartiles_of`.
        options: See :class:`Options`.

    Raises:
        ValueError: If a statistic's floor is missing or not above 0.
    """

    def __init__(self, quartiles: Mapping[str, Quartiles], options: Options):
        self.quartiles, self.options = dict(quartiles), options
        wrong = [name for name in self.quartiles if not options.floors.get(name, 0) > 0]
        if wrong:
            raise ValueError(f"the floors of {', '.join(wrong)} must be above 0")

    def range_of(self, name: str) -> float:
        """Return a statistic's interquartile range, the floor at least."""
        first, _, third = self.quartiles[name]
        return max(third - first, self.options.floors[name])

    def beyond(self, name: str, value: float) -> float:
        """Return how many interquartile ranges a value lies beyond the normals' quartile; 0 on the side that may be."""
        (first, _, third), side = self.quartiles[name], SIDES[name]
        found = float(_compared(name, np.float64(value)))
        return max((first - found) * side.low, (found - third) * side.high, 0.0) / self.range_of(name)

    def allowed(self, name: str, ranges: float) -> tuple[float, float]:
        """Return the least and the largest value that so many interquartile ranges allow, infinite where any may be."""
        (first, _, third), side = self.quartiles[name], SIDES[name]
        reach = ranges * self.range_of(name)
        least, most = _restored(name, first - reach), _restored(name, third + reach)
        return least if side.low else -np.inf, most if side.high else np.inf

    def away(self, name: str, values: np.ndarray) -> float:
        """Return how many interquartile ranges the median of values lies above that of the normals; less than 0: below.

        Args:
            name: The statistic.
            values: ``(m,)`` float, at least one.
        """
        found = float(np.median(_compared(name, np.asarray(values, np.float64))))
        return (found - self.quartiles[name][1]) / self.range_of(name)

    def middle(self, name: str) -> float:
        """Return the normals' median of a statistic."""
        return _restored(name, self.quartiles[name][1])


def _compared(name: str, values: np.ndarray) -> np.ndarray:
    return np.log(values + _LEAST) if SIDES[name].logarithm else values


def _restored(name: str, value: float) -> float:
    return float(np.exp(value) - _LEAST) if SIDES[name].logarithm else value
