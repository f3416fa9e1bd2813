"""Rounds of the lazy greedy choice: bring only the far points up to date, then choose among these alone."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType

import numpy as np

from fundus_anomaly.neighbours.coreset_checkpoint import State
from fundus_anomaly.neighbours.coreset_points import Points
from fundus_anomaly.neighbours.exact_distances import Centred, approach, lower, squared_distances
from fundus_anomaly.neighbours.products import threads_of_one

# Enough for hundreds of choices a round, few enough for a matrix of all their pairs.
_CANDIDATES = 1024
# Rows and columns of one matrix product; a block is small enough for the cache and its bounds for little memory.
_ROWS, _COLUMNS = 1024, 512
# Points that have fallen to the level are put aside once fewer than this share is left.
_SHRINK = 0.8


class Greedy:
    """State of a greedy k-centre choice in which distances may be stale.

    Distances to the nearest centre only fall, so a stale one is an upper bound. A round takes a level a little below
    the largest, brings all points above it up to date, and chooses greedily among these as long as the farthest of them
    lies above all others' bounds.

    Args:
        points: The n points.
        count: Number of points to choose, k.
        device: Torch device for matrix products.
        threads: Threads on the CPU.

    Attributes:
        chosen: How many points are chosen.
        index: ``(k,)`` int64, the chosen points, valid up to ``chosen``.
        radius: ``(k,)`` float64, squared distance of each choice to those before it.
        squared: ``(n,)`` float64, squared distance to the nearest of the first ``applied`` centres; −1 if chosen.
        applied: ``(n,)`` int32.
        pairs: How many distances between points and centres went through a matrix product; plain greedy needs n·k.
    """

    def __init__(self, points: Points, count: int, *, device: str, threads: int):
        self.points = points
        self.device = device
        self.index = np.zeros(count, np.int64)
        self.radius = np.zeros(count)
        self.chosen = 0
        self.pairs = 0
        self.squared = np.full(len(points), np.inf)
        self.applied = np.zeros(len(points), np.int32)
        self._centres = Centred(np.zeros((count, points.shape[1]), np.float32), points.mean)
        self._ratio = 0.9
        self._threads = ExitStack()
        self._pool = self._threads.enter_context(threads_of_one(threads))

    def __enter__(self) -> Greedy:
        """Return self; the threads end with the block."""
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the threads."""
        self._threads.close()

    def state(self) -> State:
        """Return what a checkpoint holds."""
        return State(self.index[: self.chosen], self.radius[: self.chosen], self.squared, self.applied)

    def resume(self, state: State) -> None:
        """Go on from the state of an earlier run over the same points."""
        self.squared[:], self.applied[:] = state.squared, state.applied
        self._choose(state.index, state.radius)

    def advance(self) -> None:
        """Do one round: none, one or many points are chosen."""
        if self.chosen == 0:
            self._choose(np.array([self.points.first]), np.array([np.inf]))
            return
        top = self.squared.max()
        if top == 0:
            # What is left coincides with points already chosen.
            left = np.flatnonzero(self.squared == 0)[: len(self.index) - self.chosen]
            self._choose(left, np.zeros(len(left)))
            return
        level = self._ratio * top if np.isfinite(top) else 0.0
        candidates = self._current_above(level)
        if not np.isfinite(top) or not len(candidates):
            return
        if len(candidates) > _CANDIDATES:
            self._ratio = min((1 + self._ratio) / 2, 1 - 1e-6)
        elif len(candidates) < _CANDIDATES // 4:
            self._ratio = max(2 * self._ratio - 1, 0.5)
        candidates, bound, first = self._farthest(candidates, level)
        self._choose_among(candidates, bound, first)

    def largest(self) -> float:
        """Return the largest squared distance of any point to those chosen, exactly."""
        while True:
            top = self.squared.max()
            if top <= 0:
                return 0.0
            if len(self._current_above(top * 0.999 if np.isfinite(top) else 0.0)) and np.isfinite(top):
                return float(self.squared.max())

    def _current_above(self, level: float) -> np.ndarray:
        """Return the points whose distance is above a level, in order of index, and bring these up to date.

        A point above the level meets the centres that it has not met, oldest first, until it falls to the level: then
        it can wait until the level has come down to it.
        """
        far = np.flatnonzero(self.squared > level)
        stale = far[self.applied[far] < self.chosen]
        stale = stale[np.argsort(self.applied[stale], kind="stable")]
        blocks = [stale[start : start + _ROWS] for start in range(0, len(stale), _ROWS)]
        self.pairs += sum(self._pool.map(lambda block: self._meet(block, level), blocks))
        return far[self.squared[far] > level]

    def _meet(self, index: np.ndarray, level: float) -> int:
        """Bring points, sorted by how many centres they have met, up to date or down to the level; count the pairs."""
        points = Centred(self.points.rows(index), self.points.mean)
        squared, applied = self.squared[index], self.applied[index]
        start, pairs = int(applied[0]), 0
        while start < self.chosen:
            stop = min(start + _COLUMNS, self.chosen)
            behind = int(np.searchsorted(applied, stop))
            approach(squared[:behind], points.part(0, behind), self._centres.part(start, stop), self.device)
            applied[:behind] = stop
            pairs += behind * (stop - start)
            still = np.flatnonzero(squared > level)
            if len(still) < _SHRINK * len(index):
                self.squared[index], self.applied[index] = squared, applied
                index, squared, applied, points = index[still], squared[still], applied[still], points.at(still)
                if not len(index):
                    return pairs
            start = max(stop, int(applied[0]))
        self.squared[index], self.applied[index] = squared, applied
        return pairs

    def _farthest(self, candidates: np.ndarray, level: float) -> tuple[np.ndarray, float, int]:
        """Return the farthest candidates, and value and index up to which a choice among them is safe.

        A candidate comes before all other points if its distance is above the value, or equal to it with a lower index.
        """
        if len(candidates) <= _CANDIDATES:
            return candidates, level, -1
        values = self.squared[candidates]
        cut = np.partition(values, -_CANDIDATES)[-_CANDIDATES]
        above, equal = candidates[values > cut], candidates[values == cut]
        kept = _CANDIDATES - len(above)
        taken = np.sort(np.concatenate([above, equal[:kept]]))
        if len(equal) > kept:
            return taken, float(cut), int(equal[kept])
        return taken, float(values[values < cut].max()), -1

    def _choose_among(self, candidates: np.ndarray, bound: float, first: int) -> None:
        """Choose greedily among up-to-date candidates for as long as no other point can come first."""
        rows = self.points.rows(candidates)
        known = Centred(rows, self.points.mean)
        strips = [(start, min(start + _ROWS, len(known))) for start in range(0, len(known), _ROWS)]
        parts = self._pool.map(lambda strip: lower(known.part(*strip), known, self.device), strips)
        bounds = np.concatenate(list(parts))
        values = self.squared[candidates]
        places, radii = [], []
        for _ in range(len(self.index) - self.chosen):
            place = int(values.argmax())
            value = values[place]
            if not (value > bound or (value == bound and candidates[place] < first)):
                break
            places.append(place)
            radii.append(value)
            values[place] = -1
            near = np.flatnonzero(bounds[place] + known.low[place] < values)
            exact = squared_distances(rows[near], rows[place : place + 1])
            values[near] = np.minimum(values[near], exact)
        self.squared[candidates] = values
        self._choose(candidates[places], np.array(radii))
        self.applied[candidates] = self.chosen

    def _choose(self, index: np.ndarray, radius: np.ndarray) -> None:
        if not len(index):
            return
        stop = self.chosen + len(index)
        self.index[self.chosen : stop], self.radius[self.chosen : stop] = index, radius
        self._centres.put(self.chosen, Centred(self.points.rows(index), self.points.mean))
        self.squared[index] = -1
        self.chosen = stop
