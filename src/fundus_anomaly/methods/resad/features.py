"""From photographs to the levels of a backbone, in batches (ReSAD, Sec. 3.1)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import h5py
import numpy as np
import torch

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.hdf5 import create_dataset
from fundus_anomaly.networks.displacement import displacement, whole_pixels
from fundus_anomaly.networks.interface import Backbone
from fundus_anomaly.networks.strides import misfit
from fundus_anomaly.progress import bar

logger = logging.getLogger(__name__)


def extract(
    backbone: Backbone, photographs: np.ndarray, start: int, batch: int, dtype: str
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield the levels f₂ and f₃ of the photographs from index ``start`` on, batch after batch (eq. 1).

    Args:
        backbone: The frozen network.
        photographs: ``(n, H, W, 3)`` uint8 RGB: an array or an open HDF5 dataset, read a batch at a time.
        start: Index of the first photograph.
        batch: Photographs a batch; the last may be smaller.
        dtype: ``"float16"`` or ``"float32"``.

    Yields:
        Index of the batch's first photograph, level 2 ``(b, h2, w2, c2)`` and level 3 ``(b, h3, w3, c3)``.

    Raises:
        InputError: If a value is not finite or does not fit ``dtype``, or the levels are not those of the photographs.
    """
    for first in range(start, len(photographs), batch):
        levels = backbone.levels(torch.from_numpy(photographs[first : first + batch]))
        _require_positions(levels, photographs.shape[1:3])
        stored = [level.cpu().numpy().astype(dtype) for level in levels]
        if not all(np.isfinite(level).all() for level in stored):
            largest = max(float(level.abs().max()) for level in levels)
            raise InputError(
                Problem(
                    f"features of photographs {first} to {first + len(stored[0]) - 1}",
                    f"values that are not finite as {dtype} (largest magnitude {largest:g})",
                    f"finite values up to {np.finfo(dtype).max:g}",
                    "set features.dtype to float32, and check the weights file",
                )
            )
        yield first, stored[0], stored[1]


def write_levels(
    backbone: Backbone, photographs: h5py.Dataset, file: h5py.File, *, batch: int, dtype: str, what: str
) -> None:
    """Write ``level2`` (n, h2, w2, c2) and ``level3`` (n, h3, w3, c3), and by how much the maps are displaced.

    Args:
        backbone: The frozen network.
        photographs: ``(n, H, W, 3)`` uint8 RGB, read a batch at a time.
        file: Open for writing; its attribute ``displacement`` gets whole pixels along y and x.
        batch: Photographs a batch.
        dtype: ``"float16"`` or ``"float32"``.
        what: What the bar of progress is called.

    Raises:
        InputError: As :func:`extract`.
    """
    shapes = level_shapes(backbone, *photographs.shape[1:3])
    found = displacement(backbone, *photographs.shape[1:3])
    file.attrs["displacement"] = whole_pixels(found)
    logged = *found, *whole_pixels(found)
    logger.info("maps are displaced by %+.2f and %+.2f pixels (y, x); %d and %d are corrected", *logged)
    stored = [
        create_dataset(file, name, (len(photographs), *shape), dtype)
        for name, shape in zip(("level2", "level3"), shapes, strict=True)
    ]
    with bar(len(photographs), what, "image") as shown:
        for first, *levels in extract(backbone, photographs, 0, batch, dtype):
            for dataset, level in zip(stored, levels, strict=True):
                dataset[first : first + len(level)] = level
            shown.update(len(levels[0]))


def level_shapes(backbone: Backbone, height: int, width: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return ``(h2, w2, c2)`` and ``(h3, w3, c3)`` for photographs of a size, found by running one black photograph.

    Raises:
        InputError: If they are not an eighth and a sixteenth of the photograph's.
    """
    level2, level3 = backbone.levels(torch.zeros(1, height, width, 3, dtype=torch.uint8))
    _require_positions((level2, level3), (height, width))
    return tuple(level2.shape[1:]), tuple(level3.shape[1:])


def _require_positions(levels: tuple[torch.Tensor, torch.Tensor], photograph: tuple[int, int]) -> None:
    """Raise if levels have other positions than one for each 8 and each 16 pixels.

    Raises:
        InputError: With the positions that there are.
    """
    wrong = misfit(*(level.shape[1:] for level in levels), photograph)
    if wrong:
        remedy = "take a network whose levels have strides of 8 and 16, each position in its place"
        raise InputError(Problem("backbone", wrong, "levels (n, h, w, c) at an eighth and a sixteenth", remedy))
