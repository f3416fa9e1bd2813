"""The points of a coreset, wherever they lie: checked once, then read by row, in bounded memory."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.scratch import scratch_array
from fundus_anomaly.neighbours.exact_distances import squared_distances

# Fixed, so that sums over all points do not depend on how much memory a run was given.
_ROWS_A_BLOCK = 8192
# A float32 sum of squares of larger values overflows.
_LARGEST = 1e15


class ArrayLike(Protocol):
    """What a numpy array, a ``numpy.memmap`` and an h5py dataset have in common."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def __getitem__(self, rows: slice) -> np.ndarray:
        """Return a block of rows."""
        ...


class Points:
    """Rows of float32 features that may lie in memory, in a memory map or in an HDF5 file.

    An array or memory map of float32 is used where it is. Anything else is copied once, into memory if it fits
    ``memory``, else into an unnamed scratch file whose pages the system may drop at any time.

    Args:
        source: ``(n, d)``, float16 or float32.
        memory: Bytes that a copy of the points may take in memory.
        scratch: Folder for the scratch file; None for the system's.

    Attributes:
        mean: ``(d,)`` float32.
        first: Index of the point farthest from the mean, the lowest of several.
        fingerprint: SHA-256 of shape and content.

    Raises:
        InputError: If the shape, type or a value is not usable.
    """

    def __init__(self, source: ArrayLike, memory: int, scratch: Path | None):
        _check(source)
        self.shape = (int(source.shape[0]), int(source.shape[1]))
        in_place = isinstance(source, np.ndarray) and source.dtype == np.float32 and source.flags.c_contiguous
        if in_place:
            self._rows = source
        elif 4 * self.shape[0] * self.shape[1] <= memory:
            self._rows = np.empty(self.shape, np.float32)
        else:
            self._rows = scratch_array(scratch or Path(tempfile.gettempdir()), self.shape)
        digest = hashlib.sha256(repr(self.shape).encode())
        total = np.zeros(self.shape[1])
        bad = []
        for start, block in self._blocks(source):
            rows = np.ascontiguousarray(block, np.float32)
            if not in_place:
                self._rows[start : start + len(rows)] = rows
            usable = np.abs(rows) <= _LARGEST  # False for NaN too
            bad.extend(start + np.flatnonzero(~usable.all(axis=1)))
            digest.update(rows)
            total += np.where(usable, rows, 0).sum(axis=0, dtype=np.float64)
        if bad:
            raise InputError(_unusable(bad))
        self.fingerprint = digest.hexdigest()
        mean = total / len(self)
        self.mean = mean.astype(np.float32)
        farthest = [squared_distances(block, mean[None]) for _, block in self._blocks(self._rows)]
        self.first = int(np.argmax(np.concatenate(farthest)))

    def __len__(self) -> int:
        """Return n."""
        return self.shape[0]

    def rows(self, index: np.ndarray) -> np.ndarray:
        """Return the rows of these indices, ``(m, d)`` float32."""
        return np.asarray(self._rows[index])

    def _blocks(self, source: ArrayLike) -> Iterator[tuple[int, np.ndarray]]:
        for start in range(0, self.shape[0], _ROWS_A_BLOCK):
            yield start, source[start : start + _ROWS_A_BLOCK]


def _check(source: ArrayLike) -> None:
    shape, dtype = tuple(source.shape), np.dtype(source.dtype)
    problems = []
    if len(shape) != 2 or 0 in shape:
        problems.append(Problem("points, shape", str(shape), "(n, d), both at least 1", "flatten images to positions"))
    if dtype not in (np.float16, np.float32):
        problems.append(Problem("points, type", str(dtype), "float16 or float32", "convert the features"))
    raise_if_any(problems)


def _unusable(bad: list[int]) -> Problem:
    shown = ", ".join(map(str, bad[:5])) + (", …" if len(bad) > 5 else "")
    return Problem(
        "points, values",
        f"NaN, infinity or a value beyond ±{_LARGEST:g} in {len(bad)} rows ({shown})",
        f"finite values within ±{_LARGEST:g}",
        "make the features again; float16 overflows beyond 65504, float32 does not",
    )
