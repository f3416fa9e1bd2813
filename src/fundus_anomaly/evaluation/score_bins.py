"""Bins that scores are counted in: half of their edges even in value, half even in rank.

Edges even in value alone fail for scores with a long tail: one position a thousand times as far as the others, and
nearly all pixels share a few bins. Edges even in rank alone leave few bins to the highest scores, where the lesions
are.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

BINS = 65_536
_SAMPLED = 4_000_000
# Cells of the table: so many that few scores share a cell with an edge.
_CELLS = 1 << 22
# Scores whose temporary arrays stay in a cache.
_AT_ONCE = 1 << 16
_LARGEST_SCALE = float(np.finfo(np.float32).max)


def bin_edges(sample: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the edges of the bins.

    Args:
        sample: (m,) scores, finite, whose ranks half of the edges divide evenly.
        low: Lowest score.
        high: Highest score.

    Returns:
        (BINS + 1,) float32, rising, from ``low`` to ``high``; equal neighbours where scores are.
    """
    values = np.linspace(low, high, BINS // 2 + 1)
    ranks = _quantiles(sample, np.linspace(0, 1, BINS // 2 + 2)[1:-1])
    return np.sort(np.concatenate([values, np.clip(ranks, low, high)]).astype(np.float32))


def _quantiles(sample: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return what ``np.quantile`` does, bit by bit, from one sort: for thousands of shares its partition takes longer.

    Args:
        sample: (m,) float32, finite, m > 0.
        shares: (k,) float64 in [0, 1].

    Returns:
        (k,) float64, linear between neighbouring scores.
    """
    ordered = np.sort(sample)
    places = shares * (len(ordered) - 1)
    below = np.floor(places).astype(np.intp)
    low, high, beyond = ordered[below], ordered[np.minimum(below + 1, len(ordered) - 1)], places - below
    # From the nearer end, as NumPy does, so that a step of rounding never leads past the other one.
    return np.where(beyond < 0.5, low + (high - low) * beyond, high - (high - low) * (1 - beyond))


def edges_of(maps: Iterable[np.ndarray], positions: int) -> np.ndarray:
    """Return the edges for maps that are read one after another; their order decides nothing.

    Args:
        maps: (h, w) float32 each, finite; read as a stream.
        positions: How many positions all of them have: of more than four million an even share is sampled.
    """
    step = max(1, positions // _SAMPLED)
    low, high, sample = np.inf, -np.inf, [np.zeros(0, np.float32)]
    for scores in maps:
        low, high = min(low, float(scores.min())), max(high, float(scores.max()))
        sample.append(scores.ravel()[::step].astype(np.float32))
    return bin_edges(np.concatenate(sample), low, high)


class Quantiser:
    """Finds the bins of many scores: a table over even cells answers wherever a cell holds no edge.

    Args:
        edges: (BINS + 1,) float32 from :func:`bin_edges`.
    """

    def __init__(self, edges: np.ndarray):
        self._edges = np.asarray(edges[1:-1], np.float32)
        self._low = np.float32(edges[0])
        span = float(edges[-1]) - float(edges[0])
        # Scores that are all equal lie in one cell.
        self._scale = np.float32(min(_CELLS / span, _LARGEST_SCALE) if span > 0 else 1)
        # A cell's scores have reached all edges of the cells below it: rounding keeps the order of scores.
        of_cells = np.bincount(self._cells(self._edges), minlength=_CELLS)
        self._reached = np.concatenate([np.zeros(1, np.uint16), np.cumsum(of_cells, dtype=np.uint16)])
        self._divided = self._reached[1:] != self._reached[:-1]

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Return the bin of each score, the one whose lower edge it has reached and whose upper edge it has not.

        Args:
            scores: Any shape, float32, no NaN; the highest score falls into the last bin.

        Returns:
            Same shape, uint16. Scores outside the range take the nearest bin.
        """
        flat = scores.ravel()
        bins = np.empty(flat.shape, np.uint16)
        for start in range(0, len(flat), _AT_ONCE):
            part, found = flat[start : start + _AT_ONCE], bins[start : start + _AT_ONCE]
            cells = self._cells(part)
            np.take(self._reached, cells, out=found, mode="clip")
            unsure = np.flatnonzero(self._divided[cells])
            found[unsure] = np.searchsorted(self._edges, part[unsure], side="right")
        return bins.reshape(scores.shape)

    def _cells(self, scores: np.ndarray) -> np.ndarray:
        """Return the cell of each score, never a lower one for a higher score."""
        with np.errstate(over="ignore"):
            place = np.maximum(scores, self._low)
            place -= self._low
            place *= self._scale
        return np.minimum(place, np.float32(_CELLS - 1), out=place).astype(np.intp)


def quantise(scores: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bin of each score of one array, see :class:`Quantiser`."""
    return Quantiser(edges)(scores)
