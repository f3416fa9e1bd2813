"""Lesions without any real one: smooth dark and bright blobs of the sizes of diabetic lesions, on a normal image.

They need no annotated image. Sizes are shares of the retina's diameter: at a field of 50° that is some 14 mm, so that a
microaneurysm, at most 125 µm wide (Early Treatment Diabetic Retinopathy Study, report 10, 1991), is up to .009 of it.
Colours follow the image's own: a dark blob takes a share of the light away, most of it in green, as blood does; a
bright one moves the pixels towards the yellow of lipid.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.imaging.prepared_images import Normal
from fundus_anomaly.methods.lesionpaste.synthesis import Synthesis
from fundus_anomaly.seeds import generator


class _Kind(NamedTuple):
    """What a kind of blob is like: ranges of its equivalent diameter, as a share of the retina's, and of its strength.

    ``towards`` is the colour that it moves pixels to, and ``channels`` how much each channel follows.
    """

    diameter: tuple[float, float]
    strength: tuple[float, float]
    towards: tuple[float, float, float]
    channels: tuple[float, float, float]


_BLOOD = {"towards": (0.0, 0.0, 0.0), "channels": (0.45, 1.0, 0.8)}
_LIPID = {"towards": (255.0, 235.0, 150.0), "channels": (1.0, 1.0, 1.0)}
KINDS = {
    "bright spot": _Kind((0.004, 0.02), (0.35, 0.8), **_LIPID),
    "dark blot": _Kind((0.009, 0.035), (0.3, 0.65), **_BLOOD),
    "dark dot": _Kind((0.004, 0.009), (0.3, 0.65), **_BLOOD),
}
"""Of exudate, haemorrhage and microaneurysm size, in sorted order."""
# The edge of a blob, where its strength falls from all to nothing, as a share of its radius.
_EDGE = 0.6
_LONGEST = 1.6
# A blob narrower than this, in pixels of the image, would be a point between pixels.
_LEAST_RADIUS = 0.75


def drawn_lesions(normal: Normal, most: int, seed: int, name: str) -> Synthesis:
    """Return a copy of a normal image with N ~ U{1, …, most} blobs, each wholly inside of the field of view.

    The kind of each is drawn evenly, its diameter evenly on a logarithmic scale. It is an ellipse up to 1.6 times as
    long as wide, in the photograph's own proportions, whose strength falls smoothly across its edge; the mask holds
    the pixels where at least half of it is left.

    Args:
        normal: The normal image.
        most: The most blobs.
        seed: The configured seed.
        name: Id of the copy; with the seed it decides all that is drawn.

    Raises:
        InputError: If a blob fits nowhere into the field of view.
    """
    random = generator(seed, "drawn lesions", name)
    kinds = tuple(KINDS)
    image, masks = normal.image.astype(np.float64), np.zeros(normal.image.shape[:2], np.uint8)
    depth = cv2.distanceTransform(np.pad(normal.field_of_view, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    for number in random.integers(len(kinds), size=int(random.integers(1, most, endpoint=True))).tolist():
        kind = KINDS[kinds[number]]
        diameter, strength = np.exp(random.uniform(*np.log(kind.diameter))), random.uniform(*kind.strength)
        length, angle, place = random.uniform(1, _LONGEST), random.uniform(0, np.pi), random.random()
        least = _LEAST_RADIUS / min(normal.scale)
        half_width = max(diameter * normal.retina / 2 / np.sqrt(length), least)
        reach = half_width * length * (1 + _EDGE / 2) * max(normal.scale) + 1
        centre = _place(depth, reach, place, normal.id, kinds[number])
        window, share = _profile(centre, reach, half_width, length, angle, normal.scale, masks.shape)
        weight = strength * share[..., None] * np.array(kind.channels)
        image[window] += weight * (np.array(kind.towards) - image[window])
        masks[window] |= (share >= 0.5).astype(np.uint8) << number
    lesioned = image.round().clip(0, 255).astype(np.uint8)
    return Synthesis(lesioned, masks, kinds)


def _place(depth: np.ndarray, reach: float, share: float, image: str, kind: str) -> tuple[int, int]:
    """Return the pixel that a number in 0 to 1 chooses among those that lie deep enough in the field of view."""
    free = np.argwhere(depth > reach)
    if not len(free):
        found = f"no place that is {reach:.1f} pixels inside of the field of view, for a {kind}"
        remedy = "look at the photograph; data.exclude takes it out"
        raise InputError(Problem(f"normal image {image}", found, "a field of view with room for a lesion", remedy))
    row, column = free[int(share * len(free))]
    return int(row), int(column)


def _profile(
    centre: tuple[int, int],
    reach: float,
    half_width: float,
    length: float,
    angle: float,
    scale: tuple[float, float],
    shape: tuple[int, int],
) -> tuple[tuple[slice, slice], np.ndarray]:
    """Return a window of the image around a blob, and how much of its strength each pixel of it gets, 0 to 1."""
    away = int(np.ceil(reach))
    window = tuple(slice(max(0, at - away), min(side, at + away + 1)) for at, side in zip(centre, shape, strict=True))
    y, x = np.mgrid[window]
    # In pixels of the photograph, whose proportions the image may have lost.
    y, x = (y - centre[0]) / scale[0], (x - centre[1]) / scale[1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    radius = np.hypot(along / length, across) / half_width
    share = ((1 - radius) / _EDGE + 0.5).clip(0, 1)
    return window, share * share * (3 - 2 * share)
