"""Three ways to the same greedy coreset, side by side in one run: seconds, ratios, share of distances computed.

``plain`` passes over all points once a choice (float32, stored norms); a sample of its passes is timed and scaled up.
``blocked`` is lazy greedy that brings every point up to date in every round. ``waiting`` is the library's: points that
lie below the level wait. The last two compare in float64 and must choose the same points.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from fundus_anomaly.neighbours.coreset_points import Points
from fundus_anomaly.neighbours.coreset_rounds import Greedy
from fundus_anomaly.seeds import generator


class EveryPoint(Greedy):
    """Lazy greedy in which no point waits: each round brings all of them up to date."""

    def _current_above(self, level: float) -> np.ndarray:
        unchosen = super()._current_above(-0.5)
        return unchosen[self.squared[unchosen] > level]


def noise(count: int, channels: int) -> np.ndarray:
    return generator(0, "noise").standard_normal((count, channels), np.float32)


def clustered(count: int, channels: int) -> np.ndarray:
    random = generator(0, "clusters")
    centres = 10 * random.standard_normal((200, channels), np.float32)
    width = random.uniform(0.1, 2, 200).astype(np.float32)
    cluster = random.integers(0, 200, count)
    return centres[cluster] + width[cluster, None] * random.standard_normal((count, channels), np.float32)


def plain_seconds(features: np.ndarray, count: int, passes: int, threads: int) -> float:
    """Return the seconds of ``count`` passes, from those of a few."""
    torch.set_num_threads(threads)
    points = torch.from_numpy(features - features.mean(axis=0))
    norms = (points**2).sum(dim=1)
    squared, place = torch.full((len(points),), torch.inf), 0
    start = time.perf_counter()
    for _ in range(passes):
        squared = torch.minimum(squared, torch.addmv(norms, points, points[place], alpha=-2) + norms[place])
        squared[place] = -1
        place = int(squared.argmax())
    torch.set_num_threads(1)
    return (time.perf_counter() - start) * count / passes


def lazy(kind: type[Greedy], points: Points, count: int, threads: int) -> tuple[float, float, np.ndarray]:
    """Return seconds, share of n·k distances computed, and the choice."""
    start = time.perf_counter()
    with kind(points, count, device="cpu", threads=threads) as greedy:
        while greedy.chosen < count:
            greedy.advance()
    return time.perf_counter() - start, greedy.pairs / (len(points) * count), greedy.index


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--points", type=int, nargs="+", default=[10_000, 20_000], help="numbers of points")
    parser.add_argument("--fraction", type=float, default=0.1, help="share of the points that is chosen")
    parser.add_argument("--channels", type=int, default=152, help="channels of the made-up data")
    parser.add_argument("--features", type=Path, help=".npy file of (n, c) float32 features; its first points are used")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--passes", type=int, default=100, help="passes of the plain way that are timed")
    given = parser.parse_args()
    rows = []
    for size in given.points:
        data = {"noise": noise(size, given.channels), "clusters": clustered(size, given.channels)}
        if given.features:
            data["features"] = np.ascontiguousarray(np.load(given.features, mmap_mode="r")[:size], np.float32)
        for name, features in data.items():
            size, count = len(features), max(1, round(given.fraction * len(features)))
            points = Points(features, memory=0, scratch=None)
            plain = plain_seconds(features, count, min(given.passes, count), given.threads)
            blocked, all_share, expected = lazy(EveryPoint, points, count, given.threads)
            waiting, share, index = lazy(Greedy, points, count, given.threads)
            same = "yes" if np.array_equal(index, expected) else "NO"
            rows.append(
                [name, size, count, plain, blocked, waiting, plain / waiting, blocked / waiting, all_share, share, same]
            )
    heads = ["data", "n", "k", "plain s", "blocked s", "waiting s", "plain/waiting", "blocked/waiting"]
    print(tabulate(rows, [*heads, "share blocked", "share waiting", "same choice"], floatfmt=".2f"))


if __name__ == "__main__":
    main()
