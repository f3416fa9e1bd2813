"""How measured numbers are written: plain decimals, as many for all numbers that are compared."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable

NONE = "–"
_MAX_DECIMALS = 12


def decimals_of(value: float, digits: int) -> int:
    """Return the decimals with which a number shows so many digits that count; 0 for large numbers, 12 at most.

    Args:
        value: A finite number.
        digits: Digits from the first that is not 0, at least 1.
    """
    if value == 0:
        return digits - 1
    # Through the text: 9.996 has four digits as 9.996 and three as 10.0, which only the rounded number shows.
    exponent = int(f"{abs(value):.{digits - 1}e}".split("e")[1])
    return min(max(digits - 1 - exponent, 0), _MAX_DECIMALS)


def fixed(value: float, decimals: int) -> str:
    """Return a number with so many decimals: no bare point, no exponent, no minus before zero; "–" if it is NaN."""
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def significant(value: float, digits: int) -> str:
    """Return a number on its own with at least so many digits that count, trailing zeros among them.

    Args:
        value: The number; "–" if it is NaN.
        digits: As in :func:`decimals_of`.
    """
    return fixed(value, decimals_of(value, digits) if math.isfinite(value) else 0)


def short(values: Iterable[float], digits: int = 3) -> list[str]:
    """Return numbers that are shown beside each other, without decimals that are zero in all of them.

    Args:
        values: Finite numbers; any two that differ are distinguished.
        digits: Digits of the largest that count, the zeros at its end among them.
    """
    values = list(values)
    gaps = [after - before for before, after in itertools.pairwise(sorted(set(values)))]
    decimals = decimals_of(max(map(abs, values), default=0.0), digits)
    decimals = max([decimals, *(decimals_of(gap, 2) for gap in gaps)])
    texts = [fixed(value, decimals) for value in values]
    while decimals and all(text.endswith("0") for text in texts):
        decimals -= 1
        texts = [fixed(value, decimals) for value in values]
    return texts


def alike(values: Iterable[float], digits: int = 4) -> Callable[[float], str]:
    """Return what writes numbers that are shown beside each other, all with the same decimals.

    Args:
        values: Numbers of the kind that is written; the largest has ``digits`` digits that count, and their range two
            at least. They alone decide on the decimals, so that further numbers change none of the others.
        digits: As in :func:`decimals_of`.
    """
    finite = [float(value) for value in values if math.isfinite(value)]
    decimals = decimals_of(max(map(abs, finite), default=0.0), digits)
    if len(set(finite)) > 1:
        decimals = max(decimals, decimals_of(max(finite) - min(finite), 2))
    return lambda value: fixed(float(value), decimals)
