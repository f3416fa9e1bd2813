"""From photographs to the levels of a backbone, in batches (ReSAD, Sec. 3.1)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.networks.interface import Backbone
from fundus_anomaly.networks.strides import misfit


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
