"""Approximate distance to the nearest of many entries: faiss' inverted file (IVF) of k-means cells."""

from __future__ import annotations

import logging

import faiss
import numpy as np
from threadpoolctl import threadpool_info

from fundus_anomaly.neighbours.exact_distances import squared_distances

logger = logging.getLogger(__name__)

# faiss on a GPU multiplies in TF32; among so many of its nearest the true one is found in float64.
_CANDIDATES_ON_GPU = 8
# Distances that faiss may hold for a query.
_LISTED = 4096


class InvertedFile:
    """Entries in k-means cells, of which the nearest few to a query are searched.

    Args:
        entries: ``(k, c)`` float32, finite, C-contiguous; kept by reference, beside faiss' own copy.
        device: ``"cpu"`` or ``"cuda"``.
        lists: Number of cells (nlist), at most k.
        probes: Cells that a query searches (nprobe), at most ``lists``.
        threads: Threads of faiss on the CPU, set for the whole process.
        memory: Bytes that the queries of a block and what is found for them may take.
        seed: Seed of k-means.
    """

    def __init__(
        self, entries: np.ndarray, *, device: str, lists: int, probes: int, threads: int, memory: int, seed: int
    ):
        faiss.omp_set_num_threads(threads)
        self._entries = entries
        self._resources = faiss.StandardGpuResources() if device == "cuda" else None
        self._queries_a_block = max(64, memory // (4 * (3 * entries.shape[1] + _LISTED)))
        self._index = faiss.IndexIVFFlat(faiss.IndexFlatL2(entries.shape[1]), entries.shape[1], lists)
        self._index.nprobe = probes
        self._index.cp.seed = seed % 2**31
        self._index.cp.min_points_per_centroid = 1
        self._index.train(entries)
        self._index.add(entries)
        self._searched = self._placed(self._index)
        own = [pool for pool in threadpool_info() if "faiss" in pool["filepath"] and pool["user_api"] == "blas"]
        named = [f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}" for pool in own]
        logger.info("cells are searched by faiss %s (%s)", faiss.__version__, ", ".join(named) or "BLAS not known")

    def squared(self, queries: np.ndarray, excluding: np.ndarray | None = None) -> np.ndarray:
        """Return the squared distance of each query to the nearest entry of its cells.

        Args:
            queries: ``(m, c)`` float32, finite.
            excluding: ``(k,)`` bool, entries that are left out; None for none.

        Returns:
            ``(m,)`` float64, measured in float64; infinite where all cells of a query are empty.
        """
        searched = self._searched
        if excluding is not None and excluding.any():
            # Removing entries from a copy: faiss' selectors leave its fast path.
            rest = faiss.clone_index(self._index)
            rest.remove_ids(faiss.IDSelectorBatch(np.flatnonzero(excluding)))
            searched = self._placed(rest)
        starts = range(0, len(queries), self._queries_a_block)
        blocks = [np.ascontiguousarray(queries[start : start + self._queries_a_block]) for start in starts]
        return np.concatenate([np.empty(0), *(self._nearest(searched, block) for block in blocks)])

    def _nearest(self, searched: faiss.Index, block: np.ndarray) -> np.ndarray:
        count = min(1 if self._resources is None else _CANDIDATES_ON_GPU, searched.ntotal)
        _, found = searched.search(block, count)
        squared = np.full(len(block), np.inf)
        for column in found.T:
            known = np.flatnonzero(column >= 0)
            measured = squared_distances(block[known], self._entries[column[known]])
            squared[known] = np.minimum(squared[known], measured)
        return squared

    def _placed(self, index: faiss.Index) -> faiss.Index:
        """Return the index on the device."""
        return index if self._resources is None else faiss.index_cpu_to_gpu(self._resources, 0, index)
