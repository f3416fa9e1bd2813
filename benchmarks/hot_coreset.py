"""Greedy coreset: ours, and plain greedy with one pass over the points for each choice."""

import numpy as np
import torch
from hot_search import CHANNELS, THREADS, features
from side_by_side import Path, main

from fundus_anomaly.neighbours.coreset import select


def plain(points: np.ndarray, first: int, count: int) -> np.ndarray:
    """Return the choice of algorithm 1 of Sener & Savarese, one matrix-vector product a choice."""
    rows, index = torch.from_numpy(points), [first]
    norms = (rows * rows).sum(dim=1)
    nearest = torch.full((len(rows),), torch.inf)
    for _ in range(count - 1):
        last = index[-1]
        nearest = torch.minimum(nearest, norms + norms[last] - 2 * (rows @ rows[last]))
        index.append(int(nearest.argmax()))
    return np.array(index)


def prepare(size: float) -> Path:
    """Return the choice of 1,000 of 10,000 points, times ``size``."""
    rng = np.random.default_rng(0)
    points = features(round(10_000 * size), rng, rng.standard_normal((24, CHANNELS)))
    count = len(points) // 10
    torch.set_num_threads(THREADS)

    def ours() -> np.ndarray:
        return select(points, count, device="cpu", threads=THREADS, memory=points.nbytes).index

    first = int(select(points, 1, device="cpu", threads=1, memory=points.nbytes).index[0])
    ways = {"ours": ours, "plain greedy by torch": lambda: plain(points, first, count)}

    def agree(one: np.ndarray, other: np.ndarray) -> str:
        return f"{100 * len(np.intersect1d(one, other)) / len(one):.1f} % of the points chosen alike"

    return Path(f"Coreset, {len(points):,} × {CHANNELS} → {count:,}", ways, agree)


if __name__ == "__main__":
    main(prepare, __doc__)
