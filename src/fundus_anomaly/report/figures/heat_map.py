"""The heat map of one photograph: anomaly scores painted over it on a scale that normal images fix."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import matplotlib
import numpy as np

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.report.figures.style import HEAT_COLOUR_MAP

_LEVELS = 256


@dataclass(frozen=True)
class Scale:
    """What the two ends of the colour map stand for, in units of the anomaly score.

    Attributes:
        low: Shown as nothing at all, as is all below: as high as healthy retina reaches anyway.
        high: Shown in the colour map's last colour, as is all above.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            raise InputError(
                Problem(
                    "colour scale of heat maps",
                    f"from {self.low} to {self.high}",
                    "two finite numbers, the second above the first",
                    "check that the scores are finite and not all equal",
                )
            )


def shared_scale(normal_values: np.ndarray, quantile: float) -> Scale:
    """Return one scale for all images of a method, from held-out normals alone: no image that is shown changes it.

    It begins at a quantile of the normals' scores and ends as far above that as it lies above their median. Both ends
    are rounded up to round numbers, by at most a quarter of the scale's length together.

    Args:
        normal_values: ``(m,)`` float, scores of the places of normal images that the bank does not hold.
        quantile: The quantile of ``normal_values``, in [0, 1], below which nothing is painted.

    Raises:
        InputError: If a score is not finite.
    """
    # Both from one sorting: the values are many.
    median, low = (float(value) for value in np.quantile(normal_values, [0.5, quantile]))
    if not (np.isfinite(low) and np.isfinite(median)):
        return Scale(low, median)
    # Normals without any spread, or a quantile below the median, give no length.
    length = max(low - median, 0.05 * abs(low), 1e-6)
    unit = _round_unit(length / 8)
    first, half = math.ceil(low / unit - 1e-9), math.ceil(length / 2 / unit - 1e-9)
    decimals = max(0, -math.floor(math.log10(unit)))
    return Scale(*(round(count * unit, decimals) for count in (first, first + 2 * half)))


def scale_in_words(calibrated: bool, quantile: float) -> str:
    """Return what the numbers of a scale are and where it begins and ends, as sentences.

    Args:
        calibrated: Whether maps are calibrated by position.
        quantile: As in :func:`shared_scale`.
    """
    above = "Standard deviations of the normals above their mean at the same place"
    what = above if calibrated else "Distance of a place to the nearest feature in the memory bank"
    return (
        f"{what}. {100 * quantile:g} % of all places of held-out normals lie below the beginning; the end is about as "
        "far above it as it is above their median. No photograph that is shown changes this scale."
    )


def _round_unit(most: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above a number."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(digit * power for digit in (5, 2, 1) if digit * power <= most * (1 + 1e-9))


def intensity(scores: np.ndarray, scale: Scale) -> np.ndarray:
    """Return where scores lie on the scale: float32 of the same shape, 0 at ``low`` and below, 1 at ``high`` and above.

    Args:
        scores: ``(H,W)`` float anomaly scores.
        scale: The shared scale.
    """
    return np.clip((np.asarray(scores, np.float32) - scale.low) / (scale.high - scale.low), 0, 1, dtype=np.float32)


def painted(scores: np.ndarray, scale: Scale) -> np.ndarray:
    """Return the scores alone in the colour map, ``(H,W,3)`` uint8 RGB.

    Args:
        scores: ``(H,W)`` float anomaly scores.
        scale: As in :func:`overlay`.
    """
    return colours()[np.rint(intensity(scores, scale) * (_LEVELS - 1)).astype(np.uint8)]


def levels(scores: np.ndarray, field_of_view: np.ndarray, scale: Scale) -> np.ndarray:
    """Return how strongly each place is painted, ``(H,W)`` uint8: 0, not at all, up to the scale's beginning.

    Args:
        scores: ``(H,W)`` float32, the anomaly score map A of ReSAD, section 3.3.
        field_of_view: ``(H,W)``, 0 outside the field of view, where nothing is painted.
        scale: What the colours stand for; the same for all images that are to be compared.
    """
    found = np.rint(intensity(scores, scale) * (_LEVELS - 1)).astype(np.uint8)
    found[np.asarray(field_of_view) == 0] = 0
    return found


def overlay(
    photograph: np.ndarray, scores: np.ndarray, field_of_view: np.ndarray, scale: Scale, opacity: float
) -> np.ndarray:
    """Paint anomaly scores over a photograph, the stronger the higher; healthy retina and the border stay as they are.

    Args:
        photograph: ``(H,W,3)`` uint8, RGB.
        scores: As :func:`levels` takes them, with the field of view and the scale.
        field_of_view: ``(H,W)``, 0 outside the field of view.
        scale: What the colours stand for.
        opacity: How much of the photograph the highest score hides, in [0, 1].

    Returns:
        ``(H,W,3)`` uint8, RGB; equal to ``photograph`` outside the field of view and at scores up to ``scale.low``.
    """
    return painted_over(photograph, levels(scores, field_of_view, scale), opacity)


def painted_over(photograph: np.ndarray, painted_levels: np.ndarray, opacity: float) -> np.ndarray:
    """Paint :func:`levels` over a photograph; see :func:`overlay`."""
    keep, paint = _tables(opacity)
    three = cv2.merge((painted_levels, painted_levels, painted_levels))
    kept = cv2.multiply(photograph, cv2.LUT(three, keep), scale=1 / 255)
    return cv2.add(kept, cv2.LUT(three, paint))


def colours() -> np.ndarray:
    """Return the colour map's ``(256,3)`` uint8 RGB table, lowest score first."""
    table = matplotlib.colormaps[HEAT_COLOUR_MAP].resampled(_LEVELS)(np.arange(_LEVELS), bytes=True)
    return np.ascontiguousarray(table[:, :3])


def shares() -> np.ndarray:
    """Return the share of the photograph that each of 256 levels hides at full opacity, ``(256,)`` in [0, 1].

    Nothing at level 0 and full from the middle on: scores just above the normals' range stay a tint, since the dark
    end of the colour map, painted thickly, would itself look like a lesion.
    """
    return np.minimum(1, 2 * np.arange(_LEVELS) / (_LEVELS - 1))


def _tables(opacity: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what each of 256 levels keeps of the photograph and what it adds: two ``(1,256,3)`` uint8 tables."""
    share = opacity * shares()
    keep = np.repeat(np.rint(255 * (1 - share)).astype(np.uint8)[:, None], 3, axis=1)
    paint = np.rint(colours() * share[:, None]).astype(np.uint8)
    return keep[None], paint[None]
