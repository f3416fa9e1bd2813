"""The colour of each type of lesion: one for all figures, by its name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import count

import numpy as np

# The palette of Okabe and Ito (2008), "Color Universal Design", distinguishable in all common colour blindness;
# bright ones first, on a dimmed grey photograph.
_PALETTE = ("#56B4E9", "#D55E00", "#F0E442", "#CC79A7", "#009E73", "#E69F00", "#0072B2")
# Types that datasets of the project name, and their place in the palette. Those of one dataset have places of their
# own; what others name has none of the four that are in most datasets.
_KNOWN = {
    **{"MA": 0, "HE": 1, "EX": 2, "SE": 3},
    **{"drusen": 0, "hemorrhage": 1, "exudate": 2, "scar": 4, "others": 5},
    "lesion": 1,
}
# Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# severity 1: what linear RGB looks like to those who see no red, no green and no blue apart.
_BLINDNESS = np.array(
    [
        np.eye(3),
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]
)
_FURTHER = 4
_LEVELS = np.arange(0, 256, 51)
# Colours darker than this (L* of CIELAB) would be lost on a dimmed photograph.
_DARKEST = 40


def lesion_colours(types: Iterable[str], among: Iterable[str] = ()) -> dict[str, str]:
    """Return the colour of each type of lesion.

    Types that a dataset of the project names have the same colour in every figure. Each further type, in the order of
    their names, has the one that is easiest to distinguish from all before it.

    Args:
        types: Names of the types, in any order.
        among: All types of the run, where a figure shows some of them: a further type then keeps its colour.

    Returns:
        ``#RRGGBB`` by name, in the order of ``types``; no two alike.
    """
    types = list(dict.fromkeys(types))
    taken: dict[str, int] = {}
    every = sorted({*types, *among}, key=lambda name: (name not in _KNOWN, name))
    for name in every:
        place = _KNOWN.get(name, _FURTHER)
        if place in taken.values():
            place = next(number for number in count(_FURTHER) if number not in taken.values())
        taken[name] = place
    return {name: _colour(taken[name]) for name in types}


@cache
def _colour(place: int) -> str:
    """Return the palette's colour, beyond its end the one that is farthest from all before it."""
    if place < len(_PALETTE):
        return _PALETTE[place]
    before = np.array([seen_by_all(_colour(number)) for number in range(place)])
    nearest = np.linalg.norm(_candidates()[1][:, None] - before, axis=3).min(axis=(1, 2))
    return _candidates()[0][int(nearest.argmax())]


@cache
def _candidates() -> tuple[list[str], np.ndarray]:
    grid = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS, indexing="ij"), axis=-1).reshape(-1, 3)
    names = [f"#{r:02X}{g:02X}{b:02X}" for r, g, b in grid]
    bright = [name for name in names if seen_by_all(name)[0, 0] >= _DARKEST]
    return bright, np.array([seen_by_all(name) for name in bright])


def seen_by_all(colour: str) -> np.ndarray:
    """Return a colour in CIELAB as seen with full colour vision and with three kinds of blindness, ``(4, 3)`` float.

    Args:
        colour: ``#RRGGBB``.
    """
    encoded = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(_BLINDNESS @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = seen @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], axis=1)
