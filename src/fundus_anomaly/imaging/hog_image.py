"""Histograms of oriented gradients drawn as an image (Dalal and Triggs 2005): what WDMT-Net learns beside a photograph.

The image is the one that scikit-image's ``feature.hog`` draws, to rounding: nine orientations, gradients by central
differences, no normalisation over blocks, and in each cell a line for each orientation, as bright as its histogram.
"""

from __future__ import annotations

import numpy as np

ORIENTATIONS = 9


def hog_image(grey: np.ndarray, cell: int) -> np.ndarray:
    """Return the image of the oriented gradients.

    Args:
        grey: ``(H, W)`` of real numbers.
        cell: Side of a cell in pixels, at least 4; what does not fill a whole cell is left black.

    Returns:
        ``(H, W)`` float64, in the unit of ``grey``.
    """
    histograms = oriented_histograms(grey, cell)
    down, along = histograms.shape[:2]
    drawn = np.zeros((down, cell, along, cell))
    for orientation in range(ORIENTATIONS):
        for y, x in _line(orientation, cell // 2):
            drawn[:, y, :, x] += histograms[..., orientation]
    image = np.zeros(grey.shape)
    image[: down * cell, : along * cell] = drawn.reshape(down * cell, along * cell)
    return image


def oriented_histograms(grey: np.ndarray, cell: int) -> np.ndarray:
    """Return the sums of gradient magnitudes by orientation in each cell, divided by the cell's number of pixels.

    Args:
        grey: ``(H, W)`` of real numbers.
        cell: Side of a cell in pixels.

    Returns:
        ``(H // cell, W // cell, 9)`` float64.
    """
    grey = np.asarray(grey, np.float64)
    y, x = np.zeros_like(grey), np.zeros_like(grey)
    y[1:-1], x[:, 1:-1] = grey[2:] - grey[:-2], grey[:, 2:] - grey[:, :-2]
    down, along = grey.shape[0] // cell, grey.shape[1] // cell
    within = np.s_[: down * cell, : along * cell]
    angles = np.rad2deg(np.arctan2(y, x))[within] % 180
    # A tiny negative angle is 180 after rounding, in no orientation.
    bins = np.minimum(np.floor(angles / (180 / ORIENTATIONS)).astype(int), ORIENTATIONS)
    cells = np.arange(down * cell)[:, None] // cell * along + np.arange(along * cell) // cell
    counted = cells * (ORIENTATIONS + 1) + bins
    magnitudes = np.hypot(y, x)[within]
    sums = np.bincount(counted.ravel(), magnitudes.ravel(), minlength=down * along * (ORIENTATIONS + 1))
    return sums.reshape(down, along, ORIENTATIONS + 1)[..., :ORIENTATIONS] / cell**2


def _line(orientation: int, centre: int) -> list[tuple[int, int]]:
    """Return the pixels of an orientation's line in a cell, across its gradients (Bresenham).

    Args:
        orientation: Its number.
        centre: Row and column of the cell's centre.
    """
    angle = np.pi * (orientation + 0.5) / ORIENTATIONS
    y, x = (centre - 1) * np.sin(angle), (centre - 1) * np.cos(angle)
    (top, left), (bottom, right) = (int(centre - x), int(centre + y)), (int(centre + x), int(centre - y))
    height, width = bottom - top, right - left
    steps = max(abs(height), abs(width))
    return [(top + _share(height, step, steps), left + _share(width, step, steps)) for step in range(steps + 1)]


def _share(length: int, step: int, steps: int) -> int:
    """Return how far along a side a line has come after some of its steps; a half is rounded away from zero."""
    share = (2 * step * abs(length) + steps) // (2 * steps)
    return share if length >= 0 else -share
