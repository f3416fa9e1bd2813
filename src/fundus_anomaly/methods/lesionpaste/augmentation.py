"""Augmentation of a lesion (LesionPaste, Sec. 2.1, Fig. 1B and Table 1); mask and patch take the same geometry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from fundus_anomaly.imaging.lesion_truth import covered_levels, lesion_truth
from fundus_anomaly.methods.lesionpaste.lesion import Lesion


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a lesion; a range that holds only the neutral value switches an operation off.

    Attributes:
        flip: Probability of a flip, along each axis by itself; 0 is off.
        rotation: Largest angle in degrees to either side; 0 is off.
        resize: Range of the factor of height and width, drawn for each; ``(1, 1)`` is off.
        contrast: Range of the factor of each channel's deviation from the lesion's mean; ``(1, 1)`` is off.
        brightness: Range of the factor of all channels; ``(1, 1)`` is off.
        colour: Largest change of hue and of saturation, each drawn, in degrees of 360 and percent; 0 is off.
    """

    flip: float
    rotation: float
    resize: tuple[float, float]
    contrast: tuple[float, float]
    brightness: tuple[float, float]
    colour: float


@dataclass(frozen=True)
class Change:
    """One draw from an :class:`Augmentation`.

    Attributes:
        flip: Whether to flip ``(vertically, horizontally)``.
        angle: Rotation in degrees, counter-clockwise.
        resize: Factors of ``(height, width)``.
        contrast: Factor of each channel's deviation from the lesion's mean.
        brightness: Factor of all channels.
        hue: Added to the hue, in degrees.
        saturation: Added to the saturation, in percent.
    """

    flip: tuple[bool, bool]
    angle: float
    resize: tuple[float, float]
    contrast: float
    brightness: float
    hue: float
    saturation: float


def draw(augmentation: Augmentation, count: int, random: np.random.Generator) -> list[Change]:
    """Return one change for each of ``count`` lesions.

    Each operation has numbers of its own, drawn whether it is on or off: to switch one off changes no other, so that
    the rows of Table 1 differ in what they name alone.
    """
    share = random.random((count, 9))

    def within(column: int, low: float, high: float) -> np.ndarray:
        return low + (high - low) * share[:, column]

    flips = share[:, :2] < augmentation.flip
    columns = zip(
        flips.tolist(),
        within(2, -augmentation.rotation, augmentation.rotation),
        within(3, *augmentation.resize),
        within(4, *augmentation.resize),
        within(5, *augmentation.contrast),
        within(6, *augmentation.brightness),
        within(7, -augmentation.colour, augmentation.colour),
        within(8, -augmentation.colour, augmentation.colour),
        strict=True,
    )
    return [Change(tuple(flip), angle, (y, x), *rest) for flip, angle, y, x, *rest in columns]


def changed(
    lesion: Lesion, change: Change, scale: tuple[float, float], kind: Literal["binary", "coverage"] = "binary"
) -> tuple[np.ndarray, np.ndarray]:
    """Return a lesion after a change, at the resolution of the image that it goes onto.

    The lesion is flipped and rotated at its own resolution, in a box that grows so that nothing is clipped, and then
    brought to its new size by averaging over area. A pixel belongs to a binary mask where at least half of it is
    covered; a lesion that covers none by half keeps the pixel that it covers most. A lesion smaller than a pixel is
    then painted as if it filled one: it has more contrast than a photograph of this size shows. Coverage keeps its
    area, and so its contrast.

    Args:
        lesion: The lesion.
        change: What is done to it.
        scale: Pixels ``(along y, along x)`` of the image for one pixel of the lesion's photograph.
        kind: M of eq. 1: ``"binary"``, as in the paper, or ``"coverage"``, the share of each pixel that is lesion.

    Returns:
        Patch ``(h, w, 3)`` float32 RGB in 0 to 255, and mask ``(h, w)``, bool or float32 in 0 to 1, with at least one
        pixel above 0.
    """
    covered = _turned(np.dstack([lesion.patch, lesion.mask]).astype(np.float32), change)
    factors = [max(scale[axis] * change.resize[axis], 1e-6) for axis in (0, 1)]
    shrunk = _scaled(covered, factors)
    weight = shrunk[..., 3]
    # Colour is averaged over the lesion alone: what lies around it is not black but unknown.
    colour = shrunk[..., :3] / np.maximum(weight, 1e-6)[..., None]
    if kind == "coverage":
        return recoloured(colour, weight > 0, change), weight.clip(0, 1)
    mask = lesion_truth(covered_levels(weight))
    return recoloured(colour, mask, change), mask


def _turned(covered: np.ndarray, change: Change) -> np.ndarray:
    """Return the lesion, premultiplied by its mask, flipped and rotated within a box that holds all of it."""
    vertical, horizontal = change.flip
    covered = covered[:: -1 if vertical else 1, :: -1 if horizontal else 1]
    if change.angle == 0:
        return np.ascontiguousarray(covered)
    height, width = covered.shape[:2]
    turn = math.radians(change.angle)
    cosine, sine = abs(math.cos(turn)), abs(math.sin(turn))
    # Two pixels more than the corners need, since interpolation reaches half a pixel beyond the lesion's edge.
    size = math.ceil(width * cosine + height * sine) + 2, math.ceil(width * sine + height * cosine) + 2
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), change.angle, 1.0)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return cv2.warpAffine(np.ascontiguousarray(covered), matrix, size, flags=cv2.INTER_LINEAR)


def _scaled(covered: np.ndarray, factors: list[float]) -> np.ndarray:
    """Return the lesion at another resolution; an empty margin makes up for sides that are no whole pixels."""
    sizes = [max(1, math.ceil(side * factor)) for side, factor in zip(covered.shape[:2], factors, strict=True)]
    margins = [
        max(0, round(size / factor) - side)
        for size, factor, side in zip(sizes, factors, covered.shape[:2], strict=True)
    ]
    (top, left), (bottom, right) = ([m // 2 for m in margins], [m - m // 2 for m in margins])
    framed = cv2.copyMakeBorder(covered, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    if tuple(framed.shape[:2]) == tuple(sizes):
        return framed
    kind = cv2.INTER_AREA if max(factors) <= 1 else cv2.INTER_LINEAR
    return cv2.resize(framed, (sizes[1], sizes[0]), interpolation=kind)


def recoloured(colour: np.ndarray, mask: np.ndarray, change: Change) -> np.ndarray:
    """Return a patch with contrast, brightness, hue and saturation changed.

    Args:
        colour: ``(h, w, 3)`` float32 RGB in 0 to 255.
        mask: ``(h, w)`` bool, the pixels whose mean the contrast is taken from.
        change: What is done to it.
    """
    if change.contrast != 1:
        mean = colour[mask].mean(axis=0)
        colour = mean + change.contrast * (colour - mean)
    colour = (colour * np.float32(change.brightness)).clip(0, 255).astype(np.float32)
    if change.hue or change.saturation:
        shade = cv2.cvtColor(colour / 255, cv2.COLOR_RGB2HSV)
        shade[..., 0] = (shade[..., 0] + change.hue) % 360
        shade[..., 1] = (shade[..., 1] + change.saturation / 100).clip(0, 1)
        colour = cv2.cvtColor(shade, cv2.COLOR_HSV2RGB) * 255
    return colour
