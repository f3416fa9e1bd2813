"""PatchCore's re-weighted image score (Roth et al. 2022, eq. 7), which its published code leaves out."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from fundus_anomaly.neighbours.exact_distances import squared_distances

_ENTRIES_A_BLOCK = 4096


def reweighted_score(
    query: np.ndarray, bank: np.ndarray, neighbours: int, excluding: np.ndarray | None = None
) -> float:
    """Return the distance s* to the nearest entry m*, times 1 - exp(s*) / Σ exp(‖query - m‖) over m*'s neighbours m.

    An entry that is rare among the normals, far from its own neighbours, weighs less than one among many.

    Args:
        query: The feature of an image that is farthest from the bank, ``(c,)`` float32.
        bank: ``(k, c)`` float32.
        neighbours: b, how many entries around m* the sum has, m* itself among them, or all if there are fewer; 0 for s*
            without a weight.
        excluding: ``(k,)`` bool, entries that are left out; None for none.

    Raises:
        ValueError: If b, or the number of entries that are left, is 1: the weight would be 0 for every image.
    """
    left = len(bank) if excluding is None else int(np.count_nonzero(~excluding))
    if neighbours and min(neighbours, left) < 2:
        raise ValueError(f"{neighbours} neighbours of {left} entries; allowed: at least 2 of 2, or 0 for no weight")
    squared = _squared(query, bank, excluding)
    nearest = int(squared.argmin())
    distance = float(np.sqrt(squared[nearest]))
    if not neighbours:
        return distance
    around = np.argsort(_squared(bank[nearest], bank, excluding), kind="stable")[: min(neighbours, left)]
    # Relative to the least of them, raw exponentials would overflow.
    return distance * (1 - float(np.exp(-logsumexp(np.sqrt(squared[around]) - distance))))


def _squared(query: np.ndarray, bank: np.ndarray, excluding: np.ndarray | None) -> np.ndarray:
    """Return the squared distances of a query to all entries, ``(k,)`` float64; infinite where one is left out."""
    blocks = range(0, len(bank), _ENTRIES_A_BLOCK)
    squared = np.concatenate([squared_distances(bank[at : at + _ENTRIES_A_BLOCK], query[None]) for at in blocks])
    if excluding is not None:
        squared[excluding] = np.inf
    return squared
