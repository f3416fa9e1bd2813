"""Exact distance to the nearest of many entries: float32 products choose few pairs, float64 measures these.

A product gives a proven lower bound of each squared distance (see :mod:`.exact_distances`). Of groups of entries only
the least bound is looked at; where it is not above what the nearest entry can have, the group's entries are, and those
that may be nearest are measured in float64 from the differences. So the result is a function of queries and entries
alone, whichever library multiplies, on however many threads.
"""

from __future__ import annotations

import numpy as np

from fundus_anomaly.neighbours.exact_distances import UNDERFLOW, Centred, rounded_up, squared_distances
from fundus_anomaly.neighbours.products import relative_error, threads_of_one
from fundus_anomaly.neighbours.search_blocks import Small, blocks_for

# Above this a float32 product may overflow: such queries are measured in float64.
_LARGEST = 1e36
# Values of pairs that are measured together: what a cache holds.
_VALUES = 1 << 17
# Pairs that may wait for their measuring.
_WAITING = 1 << 18


class ExactSearch:
    """Entries whose nearest to a query is found exactly.

    Args:
        entries: ``(k, c)`` float32, finite, C-contiguous; kept by reference, beside a copy for the products.
        device: ``"cpu"`` or ``"cuda"``.
        threads: CPU threads.
    """

    def __init__(self, entries: np.ndarray, *, device: str, threads: int):
        self._entries = entries
        self._threads = threads
        self._blocks = blocks_for(device)
        self._origin = entries.mean(axis=0, dtype=np.float64).astype(np.float32)
        opposite = np.empty((len(entries), entries.shape[1] + 1), np.float32)
        step = self._blocks.entries
        self._largest = np.empty(-(-len(entries) // step))
        with np.errstate(over="ignore", invalid="ignore"):
            for block, start in enumerate(range(0, len(entries), step)):
                part = Centred(entries[start : start + step], self._origin)
                opposite[start : start + step] = part.opposite()
                self._largest[block] = part.norm.max()
        self._opposite = self._blocks.placed(opposite)

    def squared(self, queries: np.ndarray, excluding: np.ndarray | None = None) -> np.ndarray:
        """Return the squared distance of each query to the nearest entry.

        Args:
            queries: ``(m, c)`` float32, finite.
            excluding: ``(k,)`` bool, entries that are left out, not all; None for none.

        Returns:
            ``(m,)`` float64, exact but for float64's rounding.
        """
        left_out = None if excluding is None else np.flatnonzero(excluding)
        step = max(1, min(self._blocks.queries, -(-len(queries) // self._threads)))
        parts = [queries[start : start + step] for start in range(0, len(queries), step)]
        with threads_of_one(self._threads) as pool:
            found = list(pool.map(lambda part: self._nearest(part, left_out), parts))
        return np.concatenate([np.empty(0), *found])

    def _nearest(self, queries: np.ndarray, left_out: np.ndarray | None) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            points = Centred(queries, self._origin)
            certain = points.norm + self._largest.max() < _LARGEST
        known = np.full(len(queries), np.inf)
        if certain.any():
            kept = queries if certain.all() else queries[certain]
            known[certain] = self._by_products(kept, points if certain.all() else points.at(certain), left_out)
        for query in np.flatnonzero(~certain):
            known[query] = self._in_float64(queries[query], left_out)
        return known

    def _by_products(self, queries: np.ndarray, points: Centred, left_out: np.ndarray | None) -> np.ndarray:
        error = relative_error(points.channels)
        pairs = _Pairs(queries, self._entries, points.norm * (1 - error) - UNDERFLOW)
        moved = self._blocks.placed(points.moved)
        for block, start in enumerate(range(0, len(self._entries), self._blocks.entries)):
            stop = min(start + self._blocks.entries, len(self._entries))
            own = left_out
            if left_out is not None:
                own = left_out[slice(*np.searchsorted(left_out, (start, stop)))] - start
            bounds = self._blocks.bounds(self._opposite[start:stop], moved, own)
            # No entry is nearest whose lower bound is above the upper bound of another.
            spread = 2 * error * (points.norm + self._largest[block]) + 10 * UNDERFLOW
            pairs.restrict(bounds.least().min(axis=0) + spread)
            pairs.add(bounds.small(pairs.limit), start)
        return pairs.measured()

    def _in_float64(self, query: np.ndarray, left_out: np.ndarray | None) -> float:
        """Return the squared distance of one query to the nearest entry, all measured."""
        least = np.inf
        step = max(1, _VALUES // len(query))
        for start in range(0, len(self._entries), step):
            squared = squared_distances(self._entries[start : start + step], query[None])
            if left_out is not None:
                part = left_out[(left_out >= start) & (left_out < start + len(squared))]
                squared[part - start] = np.inf
            least = min(least, float(squared.min()))
        return least


class _Pairs:
    """Pairs that may be of a query and its nearest entry, until they are measured.

    Args:
        queries: ``(m, c)`` float32.
        entries: ``(k, c)`` float32.
        low: ``(m,)`` float64, what added to a pair's bound is below the squared distance.

    Attributes:
        limit: ``(m,)`` float32, pairs with larger bounds do not matter.
    """

    def __init__(self, queries: np.ndarray, entries: np.ndarray, low: np.ndarray):
        # Finite from the start: the bounds of entries that are left out are infinite, and never matter.
        self.limit = np.full(len(queries), np.finfo(np.float32).max, np.float32)
        self._queries, self._entries, self._low = queries, entries, low
        self._squared = np.full(len(queries), np.inf)
        self._waiting: list[Small] = []
        self._count = 0

    def restrict(self, limit: np.ndarray) -> None:
        """Lower the limits to these, ``(m,)`` float64."""
        np.minimum(self.limit, rounded_up(limit), out=self.limit)

    def add(self, small: Small, start: int) -> None:
        """Add pairs whose entries count from ``start``."""
        self._waiting.append(small._replace(entry=small.entry + start))
        self._count += len(small.query)
        if self._count > _WAITING:
            self._measure()

    def measured(self) -> np.ndarray:
        """Return the least squared distance of each query, ``(m,)`` float64."""
        if self._waiting:
            self._measure()
        return self._squared

    def _measure(self) -> None:
        query, entry, bound = (np.concatenate(column) for column in zip(*self._waiting, strict=True))
        kept = bound <= self.limit[query]
        query, entry = query[kept], entry[kept]
        step = max(1, _VALUES // self._queries.shape[1])
        for start in range(0, len(query), step):
            part = slice(start, start + step)
            exact = squared_distances(self._queries[query[part]], self._entries[entry[part]])
            np.minimum.at(self._squared, query[part], exact)
        self.restrict(self._squared - self._low)
        self._waiting, self._count = [], 0
