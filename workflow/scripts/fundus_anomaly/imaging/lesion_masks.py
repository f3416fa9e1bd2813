"""Lesion masks at the working size: how much of each pixel is lesion, so that a microaneurysm does not vanish."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..errors import InputError, Problem
from .decode import decode_mask
from .geometry import Geometry

_HALF = 128


def lesion_coverage(
    path: str | Path, *, inverted: bool, geometry: Geometry, full_size: tuple[int, int], max_pixels: int
) -> np.ndarray:
    """Return ``(S, S)`` uint8: the share of each pixel that is lesion, 0 for none of it, 255 for all.

    A share above zero is never rounded to zero.

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
    share = geometry.apply(mask.astype(np.float32))
    return np.ceil(share * 255 - 1e-3).clip(0, 255).astype(np.uint8)


def lesion_truth(coverage: np.ndarray) -> np.ndarray:
    """Return the ground truth as ``(S, S)`` bool from a lesion's coverage, ``(S, S)`` uint8.

    A pixel is lesion where at least half of it is. A lesion so small that it covers no pixel by half keeps the pixel
    that it covers most, so that every annotated lesion counts.
    """
    truth = coverage >= _HALF
    count, labels = cv2.connectedComponents((coverage > 0).astype(np.uint8), connectivity=8)
    reached = np.zeros(count, bool)
    reached[np.unique(labels[truth])] = True
    small = np.flatnonzero(~reached[1:]) + 1
    if small.size:
        # Pixels in order of their lesion, the most covered first: the first of each small lesion is kept.
        order = np.lexsort((-coverage.ravel().astype(int), labels.ravel()))
        truth.ravel()[order[np.searchsorted(labels.ravel()[order], small)]] = True
    return truth
