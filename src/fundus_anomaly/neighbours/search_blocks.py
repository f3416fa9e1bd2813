"""Blocks of the exact search's products, on a CPU and on a GPU: bounds of pairs, and which of them are small."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import torch

from fundus_anomaly.neighbours.products import fastest_product

# Entries of whose bounds only the least is looked at first.
_GROUP = 64


class Small(NamedTuple):
    """Pairs whose bound does not exceed its query's limit.

    Attributes:
        query: ``(p,)`` int64, number within the block.
        entry: ``(p,)`` int64, number within the block.
        bound: ``(p,)`` float32.
    """

    query: np.ndarray
    entry: np.ndarray
    bound: np.ndarray


class Bounds(Protocol):
    """Bounds of all pairs of a block of entries and a block of queries."""

    def least(self) -> np.ndarray:
        """Return the least bound of each group of entries for each query, ``(groups, m)`` float32."""
        ...

    def small(self, limit: np.ndarray) -> Small:
        """Return the pairs whose bound is not above the query's limit, ``(m,)`` float32."""
        ...


class OnCpu:
    """Blocks that stay in the cache of a core.

    Attributes:
        entries: Entries of a block, a whole number of groups.
        queries: Queries of a block.
    """

    entries, queries = 1024, 1024

    def placed(self, rows: np.ndarray) -> np.ndarray:
        """Return rows where products are made."""
        return rows

    def bounds(self, opposite: np.ndarray, moved: np.ndarray, left_out: np.ndarray | None) -> Bounds:
        """Return the bounds of entries and queries; those of entries that are left out are infinite.

        Args:
            opposite: ``(s, c + 1)`` float32, see :meth:`.Centred.opposite`, as placed.
            moved: ``(m, c + 1)`` float32 of the queries, as placed.
            left_out: Numbers of entries within the block, or None.
        """
        values = np.empty((-(-len(opposite) // _GROUP) * _GROUP, len(moved)), np.float32)
        fastest_product()(opposite, moved, values[: len(opposite)])
        values[len(opposite) :] = np.inf
        if left_out is not None:
            values[left_out] = np.inf
        return _BoundsOnCpu(values)


class OnGpu:
    """Blocks that fill a GPU; only minima of groups and small bounds come back from it."""

    entries, queries = 32768, 4096

    def __init__(self, device: str):
        self._device = torch.device(device)

    def placed(self, rows: np.ndarray) -> torch.Tensor:
        """Return rows where products are made."""
        return torch.from_numpy(rows).to(self._device)

    def bounds(self, opposite: torch.Tensor, moved: torch.Tensor, left_out: np.ndarray | None) -> Bounds:
        """Return the bounds of entries and queries, see :meth:`OnCpu.bounds`."""
        values = moved.new_full((-(-len(opposite) // _GROUP) * _GROUP, len(moved)), torch.inf)
        torch.mm(opposite, moved.T, out=values[: len(opposite)])
        if left_out is not None:
            values[torch.from_numpy(left_out).to(self._device)] = torch.inf
        return _BoundsOnGpu(values)


def blocks_for(device: str) -> OnCpu | OnGpu:
    """Return the blocks of a torch device."""
    return OnCpu() if device == "cpu" else OnGpu(device)


class _BoundsOnCpu:
    def __init__(self, values: np.ndarray):
        self._groups = values.reshape(-1, _GROUP, values.shape[1])
        self._least = self._groups.min(axis=1)

    def least(self) -> np.ndarray:
        return self._least

    def small(self, limit: np.ndarray) -> Small:
        group, query = np.nonzero(self._least <= limit)
        values = self._groups[group, :, query]
        pair, member = np.nonzero(values <= limit[query, None])
        return Small(query[pair], group[pair] * _GROUP + member, values[pair, member])


class _BoundsOnGpu:
    def __init__(self, values: torch.Tensor):
        self._groups = values.reshape(-1, _GROUP, values.shape[1])
        self._least = self._groups.amin(dim=1)

    def least(self) -> np.ndarray:
        return self._least.cpu().numpy()

    def small(self, limit: np.ndarray) -> Small:
        limits = torch.from_numpy(limit).to(self._least.device)
        group, query = torch.nonzero(self._least <= limits, as_tuple=True)
        values = self._groups[group, :, query]
        pair, member = torch.nonzero(values <= limits[query, None], as_tuple=True)
        found = query[pair], group[pair] * _GROUP + member, values[pair, member]
        return Small(*(one.cpu().numpy() for one in found))
