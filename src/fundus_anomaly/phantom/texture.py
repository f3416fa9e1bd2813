"""Random fields at any resolution: a field's shape depends on the generator alone, not on the photograph's size."""

from __future__ import annotations

import cv2
import numpy as np

from fundus_anomaly.phantom.frame import Frame

_REACH = 1.15
_SMOOTH_CELLS = 192


def smooth_noise(frame: Frame, random: np.random.Generator, coarsest: int, octaves: int, fall: float) -> np.ndarray:
    """Return noise of unit variance (about), (H, W) float32.

    Args:
        frame: The photograph's frame.
        random: Where the numbers come from.
        coarsest: Cells across the field of view in the coarsest octave; each further octave has twice as many.
        octaves: Number of octaves.
        fall: Weight of an octave relative to the coarser one before it.
    """
    cells = coarsest
    grid = random.standard_normal((cells, cells)).astype(np.float32)
    weight, power = 1.0, 1.0
    for _ in range(octaves - 1):
        cells, weight = cells * 2, weight * fall
        grid = cv2.resize(grid, (cells, cells), interpolation=cv2.INTER_CUBIC)
        grid += weight * random.standard_normal((cells, cells)).astype(np.float32)
        power += weight**2
    return spread(frame, grid / np.float32(0.75 * np.sqrt(power)))


def spread(frame: Frame, grid: np.ndarray) -> np.ndarray:
    """Return a square grid (n, n) float32 stretched over the field of view, (H, W) float32."""
    if (
        len(grid) < _SMOOTH_CELLS
    ):  # a cubic stretch of few cells, then a linear one, looks as a cubic one and costs less
        cells = len(grid) * -(-_SMOOTH_CELLS // len(grid))
        grid = cv2.resize(grid, (cells, cells), interpolation=cv2.INTER_CUBIC)
    cell = 2 * _REACH / len(grid)
    step = 1 / (frame.radius * cell)
    shift = [(_REACH - centre / frame.radius) / cell - 0.5 for centre in frame.centre]
    to_grid = np.array([[step, 0.0, shift[0]], [0.0, step, shift[1]]])
    if frame.mirrored:
        grid = np.ascontiguousarray(grid[:, ::-1])
    size, flags = (frame.width, frame.height), cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    return cv2.warpAffine(grid, to_grid, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def bump(frame: Frame, centre: np.ndarray, wide: float, high: float) -> np.ndarray:
    """Return a Gaussian of height 1 and the given standard deviations in radii, (H, W) float32."""
    across = np.exp(-0.5 * ((frame.x - np.float32(centre[0])) / np.float32(wide)) ** 2)
    down = np.exp(-0.5 * ((frame.y - np.float32(centre[1])) / np.float32(high)) ** 2)
    return down * across


def blur(field: np.ndarray, frame: Frame, sigma: float) -> np.ndarray:
    """Return an array (H, W) blurred by ``sigma`` radii; broad blurs are done on a coarser raster."""
    pixels = sigma * frame.radius
    if pixels < 0.15:
        return field
    if pixels < 6:
        return cv2.GaussianBlur(field, (0, 0), pixels)
    share = 3.0 / pixels
    size = (max(2, round(frame.width * share)), max(2, round(frame.height * share)))
    small = cv2.GaussianBlur(cv2.resize(field, size, interpolation=cv2.INTER_AREA), (0, 0), 3.0)
    return cv2.resize(small, (frame.width, frame.height), interpolation=cv2.INTER_LINEAR)
