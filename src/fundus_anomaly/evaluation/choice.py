"""Which of several settings is chosen: the best by one figure, and the first of those that it does not tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from fundus_anomaly.errors import InputError, Problem


class Choice(NamedTuple):
    """What was chosen.

    Attributes:
        name: Of the candidate.
        value: Its figure.
        tied: Later candidates of the very same figure, which decided nothing between them.
    """

    name: str
    value: float
    tied: tuple[str, ...]


def chosen(values: Mapping[str, float], figure: str) -> Choice:
    """Return the candidate with the highest figure; of equal ones the first.

    Args:
        values: The figure of each candidate, in the order of the configuration: the plainest should stand first. NaN
            where it is undefined.
        figure: Its name, for the error.

    Raises:
        InputError: If no candidate has the figure.
    """
    known = {name: value for name, value in values.items() if np.isfinite(value)}
    if not known:
        found = f"no candidate with a {figure}: {', '.join(values) or 'there is none'}"
        remedy = "raise select.normals or select.copies, or choose by another figure (select.figure)"
        raise InputError(Problem("figures of lesioned copies", found, "one candidate with it at least", remedy))
    best = max(known.values())
    first, *others = (name for name, value in known.items() if value == best)
    return Choice(first, best, tuple(others))
