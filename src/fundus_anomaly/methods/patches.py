"""What methods share that see patches of a photograph: how they are drawn, cut on a grid, judged and blended.

Patches are 64×64 pixels, as both papers of Schlegl et al. (2017, 2019) have them. To learn from, they are drawn at
random, with their centre in the field of view; to judge a photograph they lie on a grid, and where they overlap a pixel
has the mean of what they say. A photograph is as abnormal as the most abnormal of its patches.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from fundus_anomaly.methods.interface import Photographs, Scores
from fundus_anomaly.methods.reconstruction import unit_images
from fundus_anomaly.seeds import digest, generator

SIDE = 64
_JUDGED_AT_ONCE = 256


class Judged(NamedTuple):
    """What a method says of n patches.

    Attributes:
        scores: ``(n,)`` float, the larger, the more abnormal.
        residuals: ``(n, 64, 64)`` float, how abnormal each pixel looks.
    """

    scores: torch.Tensor
    residuals: torch.Tensor


def signed(patches: np.ndarray, device: str) -> torch.Tensor:
    """Return ``(n, 64, 64, 3)`` uint8 patches as ``(n, 3, 64, 64)`` float32 between -1 and 1: the range of a tanh."""
    return 2 * unit_images(patches, device) - 1


def drawn(photographs: Photographs, count: int, seed: int, *names: object) -> np.ndarray:
    """Return random patches, each of a photograph drawn with replacement, ``(count, 64, 64, 3)`` uint8.

    A patch's centre lies in the field of view, where that leaves a place for it; half of them are mirrored.

    Args:
        photographs: Those to draw from, 64×64 pixels or larger.
        count: How many.
        seed: Seed of this repeat.
        *names: What they are for, see :func:`..seeds.digest`.
    """
    chance = generator(seed, "patches", *names)
    places = chance.integers(len(photographs), size=count)
    patches = []
    for image, view in zip(photographs.images(places), photographs.fields_of_view(places), strict=True):
        # A corner stands for the centre that lies half a side below and to the right of it.
        centres = _centres(view)
        rows, columns = np.nonzero(centres if centres.any() else np.ones_like(centres))
        chosen = chance.integers(len(rows))
        patch = image[rows[chosen] :, columns[chosen] :][:SIDE, :SIDE]
        patches.append(patch[:, ::-1] if chance.random() < 0.5 else patch)
    return np.stack(patches)


def _centres(view: np.ndarray) -> np.ndarray:
    """Return for every corner that a patch may have whether its centre lies in the field of view."""
    half = SIDE // 2
    return view[half : view.shape[0] - half + 1, half : view.shape[1] - half + 1]


def corners(size: int, stride: int) -> list[tuple[int, int]]:
    """Return the corners (y, x) of a grid of patches that covers a square photograph, its last ones moved inside."""
    along = [*range(0, size - SIDE, stride), size - SIDE]
    return [(y, x) for y in along for x in along]


def blended(parts: np.ndarray, places: Sequence[tuple[int, int]], size: int) -> np.ndarray:
    """Return ``(n, 64, 64)`` maps of patches as one of the photograph, ``(size, size)`` float32; overlaps are means."""
    total, count = np.zeros((2, size, size))
    for part, (y, x) in zip(parts, places, strict=True):
        total[y : y + SIDE, x : x + SIDE] += part
        count[y : y + SIDE, x : x + SIDE] += 1
    return (total / count).astype(np.float32)


class PatchDetector:
    """A detector that judges a photograph by its patches.

    Args:
        model: All networks of the method; moved to the device and put into evaluation mode.
        judge: From ``(n, 3, 64, 64)`` patches between -1 and 1 and a seed for each of them to what is said of them.
        stride: Of the grid, at most 64.
        device: ``"cpu"`` or ``"cuda"``.
    """

    def __init__(
        self, model: nn.Module, judge: Callable[[torch.Tensor, Sequence[int]], Judged], stride: int, device: str
    ):
        self._model = model.to(device).eval().requires_grad_(False)
        self._judge, self._stride, self._device = judge, stride, device

    def score(self, images: np.ndarray, fields_of_view: np.ndarray) -> Scores:
        """Return residual maps, and as image score that of the worst patch whose centre is in the field of view."""
        places = corners(images.shape[1], self._stride)
        # Whatever the number of photographs, no more patches lie in memory than one has, or are judged at once.
        count = max(1, _JUDGED_AT_ONCE // len(places))
        own, maps = [], []
        for first in range(0, len(images), count):
            some = images[first : first + count]
            scores, residuals = self._judged(some, places)
            own += [_worst(*each) for each in zip(scores, repeat(places), fields_of_view[first : first + count])]
            maps += [blended(parts, places, images.shape[1]) for parts in residuals]
        return Scores(np.array(own), np.stack(maps))

    def _judged(self, images: np.ndarray, places: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
        """Return scores ``(n, p)`` and residuals ``(n, p, 64, 64)`` of the p patches of n photographs."""
        patches = np.stack([image[y : y + SIDE, x : x + SIDE] for image in images for y, x in places])
        # What is drawn for a patch depends on its photograph and place, not on what is judged beside it.
        names = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
        seeds = [digest(0, name, *place) for name in names for place in places]
        scores, residuals = [], []
        for first in range(0, len(patches), _JUDGED_AT_ONCE):
            part = slice(first, first + _JUDGED_AT_ONCE)
            judged = self._judge(signed(patches[part], self._device), seeds[part])
            scores.append(judged.scores.double().cpu().numpy())
            residuals.append(judged.residuals.float().cpu().numpy())
        shape = (len(images), len(places))
        return np.concatenate(scores).reshape(shape), np.concatenate(residuals).reshape(*shape, SIDE, SIDE)

    def state(self) -> Mapping[str, torch.Tensor]:
        """Return the networks' parameters and buffers."""
        return self._model.state_dict()


def _worst(scores: np.ndarray, places: Sequence[tuple[int, int]], view: np.ndarray) -> float:
    centred = _centres(view)
    within = np.array([centred[place] for place in places])
    return float(scores[within].max() if within.any() else scores.max())
