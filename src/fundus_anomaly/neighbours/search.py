"""Distance of features to the nearest entry of a memory bank (ReSAD eq. 7), exact or approximate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.neighbours.exact_search import ExactSearch

_WORKING_BYTES = 500_000_000

_OVERFLOW = "make the features again; float16 overflows beyond 65504, float32 does not"


class NearestNeighbours:
    """A bank of normal features that tells how far queries are from it.

    The distance to the nearest entry is computed in float64 from the difference, so that an entry is at distance
    exactly 0 from itself. ``"flat"`` finds the nearest entry exactly: the result depends on neither the library that
    multiplies, nor threads, nor device.

    Args:
        bank: ``(k, c)`` float32, C-contiguous; kept by reference, not copied, beside the search's own copy.
        method: ``"flat"``, exact, or ``"ivf"``, approximate: entries lie in ``lists`` k-means cells, of which the
            ``probes`` nearest to a query are searched, by faiss.
        device: ``"cpu"`` or ``"cuda"``.
        lists: Number of cells of ``"ivf"`` (nlist), at most k.
        probes: Cells that a query searches (nprobe), at most ``lists``.
        threads: Threads on the CPU; those of faiss are set for the whole process.
        memory: Bytes that the working arrays of an ``"ivf"`` search may take beside bank, index and queries.
        seed: Seed of k-means.

    Raises:
        InputError: If the bank's values, ``lists`` or ``probes`` cannot be used, or a library multiplies wrongly, see
            :mod:`.products`.
        ValueError: If the bank is no such array, or there is no such method or device.
    """

    def __init__(
        self,
        bank: np.ndarray,
        *,
        method: Literal["flat", "ivf"],
        device: str,
        memory: int = _WORKING_BYTES,
        lists: int = 1,
        probes: int = 1,
        threads: int = 1,
        seed: int = 0,
    ):
        if bank.ndim != 2 or 0 in bank.shape or bank.dtype != np.float32 or not bank.flags.c_contiguous:
            raise ValueError(f"bank must be (k, c) float32 and C-contiguous, not {bank.shape} {bank.dtype}")
        if method not in ("flat", "ivf"):
            raise ValueError(f"method must be 'flat' or 'ivf', not {method!r}")
        if device not in ("cpu", "cuda"):
            raise ValueError(f"device must be 'cpu' or 'cuda', not {device!r}")
        raise_if_any(_problems(bank, method, lists, probes))
        self._bank, self._device, self._threads = bank, device, threads
        self._exact: ExactSearch | None = None
        self._cells = None
        if method == "flat":
            self._exact = ExactSearch(bank, device=device, threads=threads)
        else:
            # Only here: faiss takes long to import.
            from fundus_anomaly.neighbours.inverted_file import InvertedFile

            self._cells = InvertedFile(
                bank, device=device, lists=lists, probes=probes, threads=threads, memory=memory, seed=seed
            )

    @property
    def bank(self) -> np.ndarray:
        """The entries, ``(k, c)`` float32."""
        return self._bank

    def distances(self, queries: np.ndarray, excluding: np.ndarray | None = None) -> np.ndarray:
        """Return the Euclidean distance of each query to the nearest entry, D of eq. 7, not squared.

        Args:
            queries: ``(m, c)`` float32.
            excluding: ``(k,)`` bool, entries that are left out, e.g. those of the query's own patient; None for none.

        Returns:
            ``(m,)`` float32, finite and at least 0. Under ``"ivf"`` the whole bank is gone through for a query whose
            cells are all empty, as those of its own patient alone may be.

        Raises:
            InputError: If a query is not finite, or no entry is left.
            ValueError: If shape or type are wrong.
        """
        self._require(queries, excluding)
        if self._cells is None:
            squared = self._whole().squared(queries, excluding)
        else:
            squared = self._cells.squared(queries, excluding)
            empty = np.flatnonzero(np.isinf(squared))
            if len(empty):
                squared[empty] = self._whole().squared(queries[empty], excluding)
        return np.sqrt(squared).astype(np.float32)

    def recall(self, queries: np.ndarray) -> float:
        """Return the share of queries for which the search finds a nearest entry, measured against exact search.

        Args:
            queries: ``(m, c)`` float32, a sample.

        Raises:
            InputError: As :meth:`distances`.
        """
        self._require(queries, None)
        exact = np.sqrt(self._whole().squared(queries)).astype(np.float32)
        # Entries that float32 cannot tell apart count as equally near.
        return float(np.mean(self.distances(queries) <= exact * (1 + 1e-5)))

    def _whole(self) -> ExactSearch:
        if self._exact is None:
            self._exact = ExactSearch(self._bank, device=self._device, threads=self._threads)
        return self._exact

    def _require(self, queries: np.ndarray, excluding: np.ndarray | None) -> None:
        entries, channels = self._bank.shape
        if queries.ndim != 2 or queries.shape[1] != channels or queries.dtype != np.float32:
            raise ValueError(f"queries must be (m, {channels}) float32, not {queries.shape} {queries.dtype}")
        if excluding is not None and (excluding.shape != (entries,) or excluding.dtype != bool):
            raise ValueError(f"excluding must be ({entries},) bool, not {excluding.shape} {excluding.dtype}")
        problems = []
        if not np.isfinite(queries).all():
            problems.append(Problem("queries", "NaN or infinity", "finite values", _OVERFLOW))
        if excluding is not None and excluding.all():
            remedy = "keep entries of at least one other patient"
            problems.append(Problem("excluding", "every entry of the bank", "not all of them", remedy))
        raise_if_any(problems)


def neighbours_for(
    bank: np.ndarray, search: Mapping[str, object], *, device: str, threads: int, seed: int
) -> NearestNeighbours:
    """Return the search that the configuration asks for; test images and held-out normals go through the same.

    Args:
        bank: See :class:`NearestNeighbours`.
        search: ``index``, ``nlist`` and ``nprobe`` of the configuration's section ``bank``.
        device: ``"cpu"`` or ``"cuda"``.
        threads: Threads on the CPU.
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
        seed=seed,
    )


def _problems(bank: np.ndarray, method: str, lists: int, probes: int) -> list[Problem]:
    problems = []
    if not np.isfinite(bank).all():
        problems.append(Problem("bank", "NaN or infinity", "finite values", _OVERFLOW))
    if method == "ivf":
        if not 1 <= lists <= len(bank):
            problems.append(Problem("bank, lists", str(lists), f"1 to {len(bank)}", "set it in the configuration"))
        if not 1 <= probes <= lists:
            problems.append(Problem("bank, probes", str(probes), f"1 to {lists}", "set it in the configuration"))
    return problems
