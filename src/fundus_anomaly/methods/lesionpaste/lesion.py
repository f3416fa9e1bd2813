"""The isolated lesions of an annotated image (LesionPaste, Sec. 2.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True, eq=False)
class Lesion:
    """One isolated lesion at the resolution of its photograph.

    Attributes:
        kind: Type of lesion, e.g. ``"MA"``.
        patch: ``(h, w, 3)`` uint8 RGB, 0 outside of ``mask``.
        mask: ``(h, w)`` bool, the pixels of this lesion alone.
        box: ``(top, left, h, w)`` in pixels of the photograph.
        source: Id of the annotated image.
        retina: Diameter of the photograph's field of view in pixels.
    """

    kind: str
    patch: np.ndarray
    mask: np.ndarray
    box: tuple[int, int, int, int]
    source: str
    retina: float

    @property
    def area(self) -> int:
        """Number of pixels."""
        return int(np.count_nonzero(self.mask))


def in_words(lesions: Sequence[Lesion]) -> str:
    """Return how many lesions there are of each type."""
    return ", ".join(f"{count} {kind}" for kind, count in Counter(lesion.kind for lesion in lesions).items())


def extract(photograph: np.ndarray, masks: Mapping[str, np.ndarray], source: str, retina: float) -> list[Lesion]:
    """Return the isolated lesions of each type: the 8-connected components of its mask.

    Other lesions that lie in a component's bounding box, of whatever type, are not part of its patch.

    Args:
        photograph: ``(H, W, 3)`` uint8 RGB.
        masks: For each type of lesion ``(H, W)`` bool.
        source: Id of the image.
        retina: Diameter of its field of view in pixels.

    Returns:
        Lesions type by type, in the order of ``masks``, each type's by rows of its first pixel.
    """
    lesions = []
    for kind, mask in masks.items():
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        for label in range(1, count):
            left, top, width, height = (int(value) for value in stats[label, : cv2.CC_STAT_AREA])
            window = slice(top, top + height), slice(left, left + width)
            own = labels[window] == label
            patch = np.where(own[..., None], photograph[window], np.uint8(0))
            lesions.append(Lesion(kind, patch, own, (top, left, height, width), source, retina))
    return lesions
