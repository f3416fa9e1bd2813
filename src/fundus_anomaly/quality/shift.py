"""Whether photographs are of the camera that the normals are of: a traffic light, and what it rests on.

For each statistic the medians of photographs and normals are compared, in interquartile ranges of the normals. Disease
changes single places, another camera all photographs alike. A median of m photographs varies from one m to the next,
so that 1/√m ranges are allowed for beyond the configured limits: of 300 draws of 3 to 40 of IDRiD's own normals about
one in a hundred then turns amber.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from fundus_anomaly.quality.limits import Limits

GREEN, AMBER, RED = "green", "amber", "red"
# Where white and black pixels are many, the brightness says so.
COMPARED = (
    "brightness", "redness", "structure", "sharpness", "roundness", "proportion", "diameter", "resolution", "distance",
)  # fmt: skip
"""The statistics that the light rests on."""
_WORDS = {
    "brightness": "mean brightness",
    "redness": "share of red",
    "structure": "contrast",
    "sharpness": "fine detail",
    "roundness": "share of the circle that the field of view fills",
    "proportion": "field of view's height over its width",
    "diameter": "field of view's diameter as a share of the photograph",
    "resolution": "field of view's diameter in pixels",
    "distance": "calibrated distance of a typical place",
}
_MEANING = {
    GREEN: "the photographs are like the normals",
    AMBER: "the photographs are somewhat unlike the normals; look whether camera and settings are the same",
    RED: "the photographs seem to be of another camera or kind than the normals: scores and thresholds do not "
    "hold, and normals of that camera are needed",
}


class Light(NamedTuple):
    """A traffic light.

    Attributes:
        colour: :data:`GREEN`, :data:`AMBER` or :data:`RED`; "" without photographs.
        words: What it means, and what it rests on.
    """

    colour: str
    words: str


def shift_light(photographs: Mapping[str, np.ndarray], limits: Limits) -> Light:
    """Return the traffic light of photographs.

    Args:
        photographs: By statistic, ``(m,)`` float; those of :data:`COMPARED` that are there and that the normals have
            count, and of them the finite values.
        limits: Of the normals.
    """
    options, away = limits.options, {}
    for name in COMPARED:
        values = np.asarray(photographs.get(name, ()), np.float64)
        values = values[np.isfinite(values)]
        if values.size and name in limits.quartiles:
            difference = limits.away(name, values)
            # To be nearer to the bank than the normals are to each other is no fault.
            size = max(difference, 0.0) if name == "distance" else abs(difference)
            away[name] = size - 1 / math.sqrt(values.size), float(np.median(values))
    if not away:
        return Light("", "no photograph")
    count = max(np.size(values) for values in photographs.values())
    for colour, most in ((RED, options.red), (AMBER, options.amber)):
        crossed = sorted((name for name in away if away[name][0] > most), key=lambda name: -away[name][0])
        if crossed:
            parts = [f"{_WORDS[name]} {away[name][1]:.3g}, normals {limits.middle(name):.3g}" for name in crossed]
            return Light(colour, f"{_MEANING[colour]} (medians of {_counted(count)}: {'; '.join(parts)})")
    compared = ", ".join(_WORDS[name] for name in away)
    return Light(GREEN, f"{_MEANING[GREEN]} (medians of {_counted(count)}: {compared})")


def _counted(count: int) -> str:
    return f"{count} photograph{'' if count == 1 else 's'}"
