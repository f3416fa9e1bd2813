"""Whether a photograph can be judged, in plain words."""

from __future__ import annotations

from typing import NamedTuple

from fundus_anomaly.quality.limits import SIDES, Limits
from fundus_anomaly.quality.statistics import Statistics

JUDGED, WITH_CARE, NOT_JUDGED = "judged", "judged with care", "cannot be judged"
GATED = tuple(name for name, side in SIDES.items() if side.low or side.high)
"""The statistics that decide."""
# Contrast in levels: below, nothing is seen in a photograph whatever the normals are.
_ONE_COLOUR = 0.1
_WORDS = {
    "brightness": ("underexposed", "mean brightness"),
    "white": ("overexposed, or no fundus", "white share"),
    "black": ("underexposed", "black share"),
    "redness": ("not the colours of the normals", "share of red"),
    "structure": ("hardly any contrast", "contrast"),
    "sharpness": ("blurred", "fine detail"),
    "roundness": ("field of view cut", "share of its circle"),
    "proportion": ("field of view of another shape", "height over width"),
    "diameter": ("field of view too small", "diameter"),
}


class Quality(NamedTuple):
    """What is said of a photograph's quality.

    Attributes:
        outcome: :data:`JUDGED`, :data:`WITH_CARE` or :data:`NOT_JUDGED`.
        reason: Why it is not simply judged, what weighs most first; "" otherwise.
    """

    outcome: str
    reason: str


def quality(found: Statistics, limits: Limits) -> Quality:
    """Return whether a photograph can be judged by a method that knows the normals that set limits.

    Args:
        found: The photograph's statistics.
        limits: Of the normals.
    """
    if found.structure < _ONE_COLOUR:
        return Quality(NOT_JUDGED, "no fundus: one colour")
    beyond = {name: limits.beyond(name, getattr(found, name)) for name in GATED}
    for outcome, most in ((NOT_JUDGED, limits.options.refuse), (WITH_CARE, limits.options.care)):
        crossed = sorted((name for name in GATED if beyond[name] > most), key=lambda name: -beyond[name])
        if crossed:
            # Without a border both the shape and the proportion say the same.
            return Quality(outcome, "; ".join(dict.fromkeys(_reason(name, found, limits, most) for name in crossed)))
    return Quality(JUDGED, "")


def _reason(name: str, found: Statistics, limits: Limits, ranges: float) -> str:
    if name in ("roundness", "proportion") and not found.bordered:
        return "no fundus found: no dark border around a field of view, as the normals have it"
    if name == "proportion" and _is_turned(found, limits):
        return "turned by a quarter: its field of view is as wide as those of the normals are high"
    value, (least, most) = getattr(found, name), limits.allowed(name, ranges)
    words, what = _WORDS[name]
    allowed = f"at least {least:.3g}" if value < least else f"at most {most:.3g}"
    return f"{words} ({what} {value:.3g}; by the normals {allowed})"


def _is_turned(found: Statistics, limits: Limits) -> bool:
    """Return whether the field of view would be that of the normals if the photograph was turned by a quarter."""
    care = limits.options.care
    whole = limits.beyond("roundness", found.roundness) <= care
    return whole and limits.beyond("proportion", 1 / found.proportion) <= care
