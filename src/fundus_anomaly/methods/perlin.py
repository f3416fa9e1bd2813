"""Perlin noise and the masks that DRAEM makes of it (Zavrtanik et al. 2021, Sec. 3.3)."""

from __future__ import annotations

import cv2
import numpy as np

_THRESHOLD = 0.5


def perlin_noise(size: int, cells: tuple[int, int], chance: np.random.Generator) -> np.ndarray:
    """Return gradient noise (Perlin 1985), ``(size, size)`` float32, about between -1 and 1.

    Args:
        size: Side in pixels; where it is no power of two, the noise is cut from that of the next one.
        cells: Cells of the lattice along y and along x.
        chance: What the gradients are drawn from.
    """
    side = 2 ** (size - 1).bit_length()
    angles = chance.uniform(0, 2 * np.pi, (cells[0] + 1, cells[1] + 1))
    gradients = np.stack([np.sin(angles), np.cos(angles)], -1).astype(np.float32)
    y, x = (np.arange(size, dtype=np.float32) * (count / side) for count in cells)
    row, column = y.astype(int), x.astype(int)
    y, x = (y - row)[:, None], (x - column)[None]

    def slope(down: int, right: int) -> np.ndarray:
        """Return the ramp of the gradient at one corner of each pixel's cell."""
        at = gradients[np.ix_(row + down, column + right)]
        return at[..., 0] * (y - down) + at[..., 1] * (x - right)

    along_y, along_x = _faded(y), _faded(x)
    above = slope(0, 0) + along_x * (slope(0, 1) - slope(0, 0))
    below = slope(1, 0) + along_x * (slope(1, 1) - slope(1, 0))
    return np.sqrt(2) * (above + along_y * (below - above))


def _faded(t: np.ndarray) -> np.ndarray:
    return 6 * t**5 - 15 * t**4 + 10 * t**3


def perlin_mask(size: int, finest: int, chance: np.random.Generator) -> np.ndarray:
    """Return where an anomaly lies, ``(size, size)`` bool: noise of a random resolution, turned, above one half.

    Args:
        size: Side in pixels.
        finest: The lattice has 2⁰ to 2 to the power of ``finest`` cells along each axis.
        chance: What all is drawn from.
    """
    cells = tuple(2 ** int(exponent) for exponent in chance.integers(finest + 1, size=2))
    noise = perlin_noise(size, cells, chance).astype(np.float32)
    centre = ((size - 1) / 2, (size - 1) / 2)
    turn = cv2.getRotationMatrix2D(centre, float(chance.uniform(-90, 90)), 1)
    return cv2.warpAffine(noise, turn, (size, size)) > _THRESHOLD
