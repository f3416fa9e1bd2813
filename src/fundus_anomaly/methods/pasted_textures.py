"""DRAEM's artificial anomalies: textures in normal photographs, where Perlin noise says (its paper, Sec. 3.3).

Opacity and turns are those of the authors' code. A texture is pasted on the photograph as it was prepared, and within
its field of view alone.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from fundus_anomaly.methods.perlin import perlin_mask
from fundus_anomaly.methods.texture_source import Textures

_MAX_TRANSPARENT = 0.8
_TURNED, _TURN = 0.3, 90


class Pasted(NamedTuple):
    """A normal photograph, perhaps turned, and itself with an anomaly.

    Attributes:
        clean: ``(S, S, 3)`` uint8.
        image: Likewise, with a texture where ``mask`` is true, and nowhere else.
        mask: ``(S, S)`` bool; nowhere true in half of all cases.
    """

    clean: np.ndarray
    image: np.ndarray
    mask: np.ndarray


def pasted(image: np.ndarray, view: np.ndarray, textures: Textures, finest: int, chance: np.random.Generator) -> Pasted:
    """Return a photograph with an anomaly within its field of view, or in half of all cases without one (Sec. 3.3).

    Args:
        image: ``(S, S, 3)`` uint8 RGB.
        view: ``(S, S)`` bool, its field of view.
        textures: Where textures come from.
        finest: See :func:`.perlin.perlin_mask`.
        chance: What all is drawn from.
    """
    size = len(image)
    if chance.random() < _TURNED:
        turn = cv2.getRotationMatrix2D(((size - 1) / 2,) * 2, float(chance.uniform(-_TURN, _TURN)), 1)
        outside = image[~view].mean(0) if not view.all() else np.zeros(3)
        image = cv2.warpAffine(image, turn, (size, size), borderValue=tuple(map(float, outside)))
        view = cv2.warpAffine(view.astype(np.uint8), turn, (size, size), flags=cv2.INTER_NEAREST) > 0
    if chance.random() < 0.5:
        return Pasted(image, image, np.zeros((size, size), bool))
    mask = perlin_mask(size, finest, chance) & view
    texture = textures.drawn(size, chance)
    kept = chance.uniform(0, _MAX_TRANSPARENT)
    mixed = np.rint(kept * image + (1 - kept) * texture).astype(np.uint8)
    return Pasted(image, np.where(mask[..., None], mixed, image), mask)
