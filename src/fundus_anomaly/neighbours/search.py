"""Distance of features to the nearest entry of a memory bank (ReSAD eq. 7), searched by faiss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import faiss
import numpy as np
import torch

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.neighbours.exact_distances import Centred, approach, relative_error, squared_distances

# faiss on a GPU multiplies in TF32; among so many of its nearest the true one is found in float64.
_CANDIDATES_ON_GPU = 8
_ENTRIES_A_BLOCK = 4096
_WORKING_BYTES = 500_000_000
# Squared distances below so many times their float32 error are looked at in float64.
_CLOSE = 16.0


class NearestNeighbours:
    """A bank of normal features that tells how far queries are from it.

    faiss finds the nearest entry in float32; the distance to it is then computed in float64 from the difference, so
    that an entry is at distance exactly 0 from itself. Where a squared distance is below 16κ·(|q|² + max|b|²), κ of
    :func:`.exact_distances.relative_error`, the whole bank is gone through in float64 and the distance is exact. Above,
    float32 decides between entries that are nearly equally near: what is returned is then the distance to one of them,
    never too small, and its square exceeds the least by at most 2κ·(|q|² + max|b|²), an eighth of itself. (That bound
    is the worst that roundings can do together; float32 roundings mostly cancel.)

    Args:
        bank: ``(k, c)`` float32, C-contiguous; kept by reference, not copied, beside faiss' own copy.
        method: ``"flat"``, exact within float32's rounding, or ``"ivf"``, approximate: entries lie in ``lists`` k-means
            cells, of which the ``probes`` nearest to a query are searched.
        device: ``"cpu"`` or ``"cuda"``.
        lists: Number of cells of ``"ivf"`` (nlist), at most k.
        probes: Cells that a query searches (nprobe), at most ``lists``.
        threads: Threads of faiss on the CPU, or None to leave them as they are. They are set for the whole process.
        memory: Bytes that the working arrays of a search may take beside bank, index and queries.
        seed: Seed of k-means.

    Raises:
        InputError: If an argument cannot be used.
    """

    def __init__(
        self,
        bank: np.ndarray,
        *,
        method: Literal["flat", "ivf"],
        device: str,
        memory: int,
        lists: int = 1,
        probes: int = 1,
        threads: int | None = None,
        seed: int = 0,
    ):
        raise_if_any(_problems(bank, method, device, lists, probes))
        if threads is not None:
            faiss.omp_set_num_threads(threads)
        self._bank = bank
        self._method = method
        self._device = device
        self._memory = memory
        self._resources = faiss.StandardGpuResources() if device == "cuda" else None
        self._queries_a_block = max(64, memory // (4 * (3 * bank.shape[1] + _ENTRIES_A_BLOCK)))
        self._largest_norm = float(np.einsum("ij,ij->i", bank, bank).max())
        if method == "flat":
            self._index = faiss.IndexFlatL2(bank.shape[1])
        else:
            self._index = faiss.IndexIVFFlat(faiss.IndexFlatL2(bank.shape[1]), bank.shape[1], lists)
            self._index.nprobe = probes
            self._index.cp.seed = seed % 2**31
            self._index.cp.min_points_per_centroid = 1
            self._index.train(bank)
        self._index.add(bank)
        self._searched = self._placed(self._index)

    def distances(self, queries: np.ndarray, excluding: np.ndarray | None = None) -> np.ndarray:
        """Return the Euclidean distance of each query to the nearest entry, D of eq. 7, not squared.

        Args:
            queries: ``(m, c)`` float32.
            excluding: ``(k,)`` bool, entries that are left out, e.g. those of the query's own patient; None for none.

        Returns:
            ``(m,)`` float32, finite and at least 0. Under ``"ivf"`` the whole bank is gone through for a query whose
            cells are all empty, as those of its own patient alone may be.

        Raises:
            InputError: If shape or type are wrong, a query is not finite, or no entry is left.
        """
        raise_if_any(self._wrong(queries, excluding))
        searched, entries = self._searched, None
        if excluding is not None and excluding.any():
            # Removing entries from a copy: faiss' selectors leave its fast path (8 times slower on a flat index).
            rest = faiss.clone_index(self._index)
            rest.remove_ids(faiss.IDSelectorBatch(np.flatnonzero(excluding)))
            searched, entries = self._placed(rest), np.flatnonzero(~excluding)
        result = np.empty(len(queries), np.float32)
        for start in range(0, len(queries), self._queries_a_block):
            block = np.ascontiguousarray(queries[start : start + self._queries_a_block])
            result[start : start + len(block)] = np.sqrt(self._nearest(searched, block, entries))
        return result

    def recall(self, queries: np.ndarray) -> float:
        """Return the share of queries for which the search finds a nearest entry, measured against exact search.

        Args:
            queries: ``(m, c)`` float32, a sample.

        Raises:
            InputError: As :meth:`distances`.
        """
        exact = NearestNeighbours(self._bank, method="flat", device=self._device, memory=self._memory)
        # Entries that float32 cannot tell apart count as equally near.
        return float(np.mean(self.distances(queries) <= exact.distances(queries) * (1 + 1e-5)))

    def _nearest(self, searched: faiss.Index, block: np.ndarray, entries: np.ndarray | None) -> np.ndarray:
        """Return the squared distance of each query to the nearest entry, ``(m,)`` float64.

        Args:
            searched: Index of all entries, or of those named next.
            block: The queries.
            entries: Numbers of the entries that are in the index, or None for all.
        """
        count = min(_CANDIDATES_ON_GPU if self._device == "cuda" else 1, searched.ntotal)
        _, found = searched.search(block, count)
        squared = np.full(len(block), np.inf)
        for column in found.T:
            known = np.flatnonzero(column >= 0)
            # A flat index closes ranks when entries are removed; an inverted file keeps their numbers.
            renumbered = entries is not None and self._method == "flat"
            number = entries[column[known]] if renumbered else column[known]
            squared[known] = np.minimum(squared[known], squared_distances(block[known], self._bank[number]))
        unclear = np.isinf(squared) if self._method == "ivf" else self._too_close_to_tell(block, squared)
        if unclear.any():
            self._go_through(block, squared, np.flatnonzero(unclear), entries)
        return squared

    def _too_close_to_tell(self, block: np.ndarray, squared: np.ndarray) -> np.ndarray:
        """Return which queries are so near to an entry that float32 cannot tell which is nearest, ``(m,)`` bool."""
        norms = np.einsum("ij,ij->i", block, block, dtype=np.float64) + self._largest_norm
        return (squared > 0) & (squared < _CLOSE * relative_error(block.shape[1]) * norms)

    def _go_through(
        self, block: np.ndarray, squared: np.ndarray, chosen: np.ndarray, entries: np.ndarray | None
    ) -> None:
        """Search all entries in float64 for the chosen queries; ``squared`` is changed in place."""
        origin = block[chosen].mean(axis=0)
        queries, values = Centred(block[chosen], origin, torch.device(self._device)), squared[chosen]
        count = len(self._bank) if entries is None else len(entries)
        for start in range(0, count, _ENTRIES_A_BLOCK):
            part = slice(start, start + _ENTRIES_A_BLOCK)
            rows = self._bank[part if entries is None else entries[part]]
            approach(values, queries, Centred(rows, origin, torch.device(self._device)))
        squared[chosen] = values

    def _placed(self, index: faiss.Index) -> faiss.Index:
        """Return the index on the device."""
        return index if self._resources is None else faiss.index_cpu_to_gpu(self._resources, 0, index)

    def _wrong(self, queries: np.ndarray, excluding: np.ndarray | None) -> list[Problem]:
        shape, channels = queries.shape, self._bank.shape[1]
        problems = []
        if len(shape) != 2 or shape[1] != channels or queries.dtype != np.float32:
            found, allowed = f"{shape} {queries.dtype}", f"(m, {channels}) float32"
            problems.append(Problem("queries", found, allowed, "score features made as those of the bank were"))
        elif not np.isfinite(queries).all():
            remedy = "make the features again; float16 overflows beyond 65504, float32 does not"
            problems.append(Problem("queries", "NaN or infinity", "finite values", remedy))
        if excluding is not None:
            allowed, remedy = f"({len(self._bank)},) bool, not all true", "keep entries of at least one other patient"
            if excluding.shape != (len(self._bank),) or excluding.dtype != bool:
                problems.append(Problem("excluding", f"{excluding.shape} {excluding.dtype}", allowed, remedy))
            elif excluding.all():
                problems.append(Problem("excluding", "every entry of the bank", allowed, remedy))
        return problems


def neighbours_for(
    bank: np.ndarray, search: Mapping[str, object], *, device: str, threads: int, seed: int
) -> NearestNeighbours:
    """Return the search that the configuration asks for; test images and held-out normals go through the same.

    Args:
        bank: See :class:`NearestNeighbours`.
        search: ``index``, ``nlist`` and ``nprobe`` of the configuration's section ``bank``.
        device: ``"cpu"`` or ``"cuda"``.
        threads: Threads of faiss on the CPU.
        seed: The configured seed.

    Raises:
        InputError: If the settings do not fit the bank.
    """
    return NearestNeighbours(
        bank,
        method=search["index"],
        device=device,
        lists=search["nlist"],
        probes=search["nprobe"],
        threads=threads,
        memory=_WORKING_BYTES,
        seed=seed,
    )


def _problems(bank: np.ndarray, method: str, device: str, lists: int, probes: int) -> list[Problem]:
    problems = []
    usable = bank.ndim == 2 and 0 not in bank.shape and bank.dtype == np.float32 and bank.flags.c_contiguous
    if not usable:
        allowed, remedy = "(k, c) float32, C-contiguous, k and c at least 1", "use numpy.ascontiguousarray"
        problems.append(Problem("bank", f"{bank.shape} {bank.dtype}", allowed, remedy))
    elif not np.isfinite(bank).all():
        remedy = "make the features again; float16 overflows beyond 65504, float32 does not"
        problems.append(Problem("bank", "NaN or infinity", "finite values", remedy))
    if method not in ("flat", "ivf"):
        problems.append(Problem("bank, method", repr(method), "'flat' or 'ivf'", "set it in the configuration"))
    if device not in ("cpu", "cuda"):
        problems.append(Problem("bank, device", repr(device), "'cpu' or 'cuda'", "set the rule's resource gpu"))
    if method == "ivf" and usable:
        if not 1 <= lists <= len(bank):
            problems.append(Problem("bank, lists", str(lists), f"1 to {len(bank)}", "set it in the configuration"))
        if not 1 <= probes <= lists:
            problems.append(Problem("bank, probes", str(probes), f"1 to {lists}", "set it in the configuration"))
    return problems
