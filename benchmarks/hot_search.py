"""Exact nearest neighbours of positions in a memory bank: ours, faiss' flat index, and torch's cdist by blocks."""

import faiss
import numpy as np
import torch
from side_by_side import Path, main

from fundus_anomaly.neighbours.search import NearestNeighbours

CHANNELS, THREADS = 152, 2


def features(count: int, rng: np.random.Generator, mixing: np.ndarray) -> np.ndarray:
    """Return rows of low intrinsic dimension behind a ReLU, ``(count, CHANNELS)`` float32: drawn, not of a network."""
    hidden = rng.standard_normal((count, len(mixing))) @ mixing
    return np.maximum(hidden + 0.7 * rng.standard_normal((count, CHANNELS)), 0).astype(np.float32)


def prepare(size: float) -> Path:
    """Return the search at 20,000 entries and 2,401 queries times ``size``."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((24, CHANNELS))
    bank, queries = (features(round(count * size), rng, mixing) for count in (20_000, 2401))
    torch.set_num_threads(THREADS)
    faiss.omp_set_num_threads(THREADS)
    ours = NearestNeighbours(bank, method="flat", device="cpu", threads=THREADS)
    index = faiss.IndexFlatL2(CHANNELS)
    index.add(bank)
    entries = torch.from_numpy(bank)

    def by_faiss() -> np.ndarray:
        return np.sqrt(np.maximum(index.search(queries, 1)[0][:, 0], 0))

    def by_torch() -> np.ndarray:
        blocks = [torch.cdist(block, entries).amin(dim=1) for block in torch.from_numpy(queries).split(256)]
        return torch.cat(blocks).numpy()

    own = np.arange(len(bank)) % 100 == 0
    ways = {
        "ours": lambda: ours.distances(queries),
        "faiss IndexFlatL2": by_faiss,
        "torch.cdist, blocks of 256": by_torch,
        "ours, a hundredth of the entries excluded": lambda: ours.distances(queries, own),
    }

    def agree(exact: np.ndarray, other: np.ndarray) -> str:
        return f"largest relative difference {np.abs(other / exact - 1).max():.1e}"

    return Path(f"Exact search, {len(bank):,} × {CHANNELS}, {len(queries):,} queries", ways, agree)


if __name__ == "__main__":
    main(prepare, __doc__)
