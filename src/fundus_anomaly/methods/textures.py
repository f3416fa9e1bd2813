"""Procedural textures: what DRAEM pastes where its paper has photographs of textures (DTD), without a file of others'.

Thirteen kinds of pattern, each a height between 0 and 1 with random sizes and directions, coloured by a random palette:
by the paper's Fig. 9 ten textures are enough, once they are augmented. All is drawn from one generator.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

_COLOURS = 4


def procedural_texture(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return a random texture, ``(size, size, 3)`` uint8 RGB."""
    height = PATTERNS[int(chance.integers(len(PATTERNS)))](size, chance)
    palette = chance.uniform(0, 255, (_COLOURS, 3))
    steps = np.linspace(0, 1, _COLOURS)
    table = np.stack([np.interp(np.linspace(0, 1, 256), steps, channel) for channel in palette.T], -1)
    return table[(height * 255).astype(np.uint8)].astype(np.uint8)


def _stretched(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    return (values - low) / max(high - low, 1e-6)


def _coordinates(size: int, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return turned coordinates, each from about 0 to 1."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    angle = chance.uniform(0, np.pi)
    return np.cos(angle) * y - np.sin(angle) * x, np.sin(angle) * y + np.cos(angle) * x


def fractal(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return clouds: noise of several octaves, the finer, the weaker."""
    total = np.zeros((size, size), np.float32)
    for octave in range(int(chance.integers(1, 3)), 8):
        cells = min(2**octave, size)
        noise = chance.random((cells, cells), np.float32)
        total += cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC) / 2**octave
    return _stretched(total)


def ridges(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return bright lines where clouds change sides."""
    return 1 - np.abs(2 * fractal(size, chance) - 1)


def contours(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return clouds in a few flat levels."""
    levels = int(chance.integers(2, 7))
    return np.floor(fractal(size, chance) * levels * 0.999) / max(levels - 1, 1)


def _distances(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return the distances from each pixel to the nearest of random points and to the second, ``(size, size, 2)``."""
    points = chance.random((int(chance.integers(8, 48)), 2), np.float32)
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    squares = (y[..., None] - points[:, 0]) ** 2 + (x[..., None] - points[:, 1]) ** 2
    return np.sqrt(np.partition(squares, 1, -1)[..., :2])


def cells(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return Worley cells: the distance to the nearest of random points."""
    return _stretched(_distances(size, chance)[..., 0])


def cracks(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return the borders between Worley cells."""
    nearest, second = np.moveaxis(_distances(size, chance), -1, 0)
    return np.minimum(_stretched(second - nearest) * 4, 1)


def stripes(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return stripes with hard edges."""
    y, _ = _coordinates(size, chance)
    return (np.mod(y * chance.uniform(4, 24), 1) < chance.uniform(0.2, 0.8)).astype(np.float32)


def grating(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return the sum of two waves."""
    waves = [np.sin(2 * np.pi * chance.uniform(2, 16) * _coordinates(size, chance)[0]) for _ in range(2)]
    return _stretched(waves[0] + waves[1])


def checks(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return a board of squares."""
    y, x = (np.floor(part * chance.uniform(4, 20)) for part in _coordinates(size, chance))
    return np.mod(y + x, 2)


def speckle(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return grain of a random coarseness."""
    noise = chance.random((size, size), np.float32)
    return _stretched(cv2.GaussianBlur(noise, (0, 0), chance.uniform(0.3, 2.5)))


def marble(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return waves that clouds bend."""
    y, _ = _coordinates(size, chance)
    bent = y * chance.uniform(2, 8) + chance.uniform(0.5, 2) * fractal(size, chance)
    return _stretched(np.sin(2 * np.pi * bent))


def rings(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return bent rings around a random point, as in wood."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    radius = np.hypot(y - chance.random(), x - chance.random()) + 0.2 * fractal(size, chance)
    return np.mod(radius * chance.uniform(5, 25), 1)


def dots(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return a turned grid of discs."""
    parts = [np.mod(part * chance.uniform(5, 20), 1) - 0.5 for part in _coordinates(size, chance)]
    return (np.hypot(*parts) < chance.uniform(0.2, 0.45)).astype(np.float32)


def bricks(size: int, chance: np.random.Generator) -> np.ndarray:
    """Return bricks of random tones, every other row moved by half of one."""
    y, x = _coordinates(size, chance)
    rows, columns = y * chance.uniform(6, 20), x * chance.uniform(3, 10)
    columns = columns + 0.5 * np.mod(np.floor(rows), 2)
    tones = chance.random((64, 64), np.float32)
    tone = tones[np.mod(np.floor(rows), 64).astype(int), np.mod(np.floor(columns), 64).astype(int)]
    joint = (np.mod(rows, 1) < 0.12) | (np.mod(columns, 1) < 0.06)
    return np.where(joint, 0, 0.3 + 0.7 * tone)


PATTERNS: tuple[Callable[[int, np.random.Generator], np.ndarray], ...] = (
    *(fractal, ridges, contours, cells, cracks, stripes, grating),
    *(checks, speckle, marble, rings, dots, bricks),
)
"""From a side and a generator to heights, ``(size, size)`` float between 0 and 1."""
