"""State of an unfinished coreset on disk, so that a killed run resumes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fundus_anomaly.errors import InputError
from fundus_anomaly.files.hdf5 import create_h5, open_h5

logger = logging.getLogger(__name__)

_ARRAYS = {"index": np.int64, "radius": np.float64, "squared": np.float64, "applied": np.int32}


class State(NamedTuple):
    """What a greedy choice needs to go on.

    Attributes:
        index: ``(j,)`` int64, points chosen so far, in order.
        radius: ``(j,)`` float64, squared distance of each to those before it.
        squared: ``(n,)`` float64, squared distance of each point to the nearest of the centres it has met; −1 for
            those chosen.
        applied: ``(n,)`` int32, how many centres each point has met.
    """

    index: np.ndarray
    radius: np.ndarray
    squared: np.ndarray
    applied: np.ndarray


def save(path: Path, state: State, owner: str) -> None:
    """Write a state, whole or not at all.

    Args:
        path: The checkpoint.
        state: The state.
        owner: What it belongs to: fingerprint of the points and number to choose.

    Raises:
        OSError: If it cannot be written; an earlier checkpoint is then as it was.
    """
    with create_h5(path) as file:
        file.attrs["owner"] = owner
        for name, values in state._asdict().items():
            file.create_dataset(name, data=values, fletcher32=True, chunks=(min(len(values), 65536),))


def load(path: Path, owner: str, points: int, count: int) -> State | None:
    """Read a state, or return None and say in the log why it is not used.

    Args:
        path: The checkpoint, which may be missing.
        owner: What it must belong to.
        points: Number of points, n.
        count: Number of points to choose, k.
    """
    if not path.exists():
        return None
    try:
        with open_h5(path, *_ARRAYS) as file:
            if str(file.attrs.get("owner")) != owner:
                logger.warning("%s belongs to other points or another count: not used, the coreset starts again", path)
                return None
            chosen = min(file["index"].size, count)
            shapes = {"index": (chosen,), "radius": (chosen,), "squared": (points,), "applied": (points,)}
            if any(file[name].shape != shape or file[name].dtype != _ARRAYS[name] for name, shape in shapes.items()):
                logger.warning("%s does not hold a coreset of this size: not used, the coreset starts again", path)
                return None
            state = State(**{name: file[name][:] for name in _ARRAYS})
            if ((state.index < 0) | (state.index >= points)).any():
                logger.warning("%s names points that do not exist: not used, the coreset starts again", path)
                return None
    except (InputError, OSError) as error:
        logger.warning("the checkpoint cannot be read and is not used, the coreset starts again: %s", error)
        return None
    logger.info("the coreset resumes from %s, %d of %d points chosen", path, chosen, count)
    return state
