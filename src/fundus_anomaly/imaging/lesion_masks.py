"""Lesion masks at the working size: how much of each pixel is lesion, so that a microaneurysm does not vanish."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.imaging.decode import decode_mask
from fundus_anomaly.imaging.geometry import Geometry
from fundus_anomaly.imaging.lesion_truth import covered_levels


def lesion_coverage(
    path: str | Path, *, inverted: bool, geometry: Geometry, full_size: tuple[int, int], max_pixels: int
) -> np.ndarray:
    """Return ``(S, S)`` uint8: the share of each pixel that is lesion, 0 for none of it, 255 for all.

    The rounding is that of :func:`covered_levels`.

    Args:
        path: The mask file, at the photograph's full size.
        inverted: Whether 0 marks the lesion in the file.
        geometry: The photograph's geometry.
        full_size: The photograph's ``(height, width)`` in pixels.
        max_pixels: The largest width × height that is accepted.

    Raises:
        InputError: If the mask cannot be decoded or its size differs from the photograph's.
    """
    mask = decode_mask(path, inverted, max_pixels)
    if mask.shape != tuple(full_size):
        raise InputError(
            Problem(
                str(path),
                f"a mask of {mask.shape[1]}×{mask.shape[0]} pixels",
                f"the photograph's size, {full_size[1]}×{full_size[0]}",
                "replace the mask by one of the photograph's size, or exclude the image in data.exclude",
            )
        )
    return covered_levels(geometry.apply(mask.astype(np.float32)))
