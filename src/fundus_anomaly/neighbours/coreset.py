"""Greedy k-centre coreset by exact blocked lazy greedy.

Sener & Savarese, Active Learning for Convolutional Neural Networks: A Core-Set Approach (ICLR 2018), algorithm 1, as
PatchCore and ReSAD (section 3.3) use it: each choice is the point farthest from the choices before it.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.neighbours.coreset_checkpoint import load, save
from fundus_anomaly.neighbours.coreset_points import ArrayLike, Points
from fundus_anomaly.neighbours.coreset_rounds import Greedy
from fundus_anomaly.progress import bar

logger = logging.getLogger(__name__)


class Selection(NamedTuple):
    """A greedy coreset.

    Attributes:
        index: ``(k,)`` int64, the chosen points in the order of their choice, none twice.
        radius: ``(k,)`` float32, distance of each choice to the nearest choice before it; it never grows. The first
            has none before it: infinity.
        covering_radius: The largest distance of any point to the coreset.
    """

    index: np.ndarray
    radius: np.ndarray
    covering_radius: float


def select(
    points: ArrayLike,
    count: int,
    *,
    device: str,
    threads: int,
    memory: int,
    scratch: Path | None = None,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 60.0,
) -> Selection:
    """Choose points greedily, each the farthest from those chosen before it.

    The first is the point farthest from the mean of all; of equally far points the one with the lowest index is
    chosen. The selection is that of the plain algorithm in float64, whatever the device, the number of threads, the
    memory and the interruptions: products in float32 only decide which float64 distances need no computing.

    Args:
        points: ``(n, d)`` float16 or float32: array, memory map or h5py dataset.
        count: Number of points to choose, k, from 1 to n.
        device: Torch device for the matrix products, ``"cpu"`` or ``"cuda"``.
        threads: Threads on the CPU.
        memory: Bytes that a copy of the points may take in memory. Points that are not a float32 array or memory map
            are copied once, into memory if they fit, else into ``scratch``. Beside it the work takes ``12·n + 8·k·d``
            bytes and some 20 MB a thread.
        scratch: Folder for a scratch file, None for the system's.
        checkpoint: File that holds the state of the work. It is read if it belongs to the same points and count,
            else ignored and replaced; the caller deletes it once the selection is stored.
        checkpoint_seconds: Least time between two checkpoints.

    Raises:
        InputError: If points or count cannot be used.
        OSError: If a checkpoint or the scratch file cannot be written.
    """
    known = Points(points, memory, scratch)
    if not 1 <= count <= len(known):
        remedy = "choose another coreset fraction"
        raise InputError(Problem("coreset, count", str(count), f"1 to {len(known)}, the number of points", remedy))
    owner = f"{known.fingerprint} {count}"
    with Greedy(known, count, device=device, threads=threads) as greedy:
        state = load(checkpoint, owner, len(known), count) if checkpoint is not None else None
        if state is not None:
            greedy.resume(state)
        saved = time.monotonic()
        with bar(count, "coreset", "point", initial=greedy.chosen) as shown:
            while greedy.chosen < count:
                before = greedy.chosen
                greedy.advance()
                shown.update(greedy.chosen - before)
                if checkpoint is not None and time.monotonic() - saved >= checkpoint_seconds:
                    save(checkpoint, greedy.state(), owner)
                    saved = time.monotonic()
        covering = greedy.largest()
    share = greedy.pairs / (len(known) * count)
    logger.info("coreset of %d among %d points: %.0f %% of all distances computed", count, len(known), 100 * share)
    return Selection(greedy.index, np.sqrt(greedy.radius).astype(np.float32), float(np.sqrt(covering)))
