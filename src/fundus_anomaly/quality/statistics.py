"""What is measured of a photograph's quality: well-known statistics of its light, its detail and its field of view.

Detail is measured in bands between Gaussians of the green channel, which shows vessels best (Pires Dias, Oliveira and
Cruz, Information Fusion 2014, compare such measures). All but the shape of the field of view is taken on a copy of at
most 392 pixels a side, so that it means the same at every working size and costs a few milliseconds.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from fundus_anomaly.imaging.geometry import Geometry

_SIDE = 392
# Of the Gaussians in pixels of the copy: fine detail, such as small vessels, lies between the first two.
_FINEST, _FINE, _COARSE = 0.7, 1.4, 8.0
# Left out along the field of view's edge, as a share of the side: flare, and what a filter takes from beyond.
_MARGIN = 0.02
_WHITE, _BLACK = 250, 25
# Variance of a level without any detail: what rounding to whole levels leaves.
_ROUNDING = 1e-3


class Statistics(NamedTuple):
    """Statistics of one photograph.

    Attributes:
        brightness: Mean grey level within the field of view, 0 to 255.
        white: Share of the field of view whose green is at the sensor's end.
        black: Share of the field of view where no channel is above a tenth of white.
        redness: Red as a share of the light, 1/3 of what is grey.
        structure: Standard deviation of the green levels between the finest and the coarsest scale, in levels.
        sharpness: Variance of the fine detail over that of coarser detail; blur takes the fine one first, whatever
            exposure and contrast are.
        roundness: Share of the smallest circle around the field of view that it fills; 0.5 of half a disc.
        proportion: Height of the field of view over its width, in the photograph.
        diameter: Of that circle, as a share of the photograph's longer side.
        resolution: Of that circle, in pixels of the photograph.
        bordered: 1 where a dark border was found around the field of view, else 0.
    """

    brightness: float
    white: float
    black: float
    redness: float
    structure: float
    sharpness: float
    roundness: float
    proportion: float
    diameter: float
    resolution: float
    bordered: float


def statistics(
    image: np.ndarray, field_of_view: np.ndarray, geometry: Geometry, full_size: tuple[int, int]
) -> Statistics:
    """Return the statistics of a photograph at the working size, before Graham's step.

    Args:
        image: ``(S, S, 3)`` uint8 RGB.
        field_of_view: ``(S, S)`` bool; one without a pixel stands for the whole square.
        geometry: How it was brought to the working size.
        full_size: ``(height, width)`` of the photograph in pixels.
    """
    view = field_of_view if field_of_view.any() else np.ones_like(field_of_view)
    small, small_view = _smaller(image, view)
    inner = _inside(small_view)
    seen = small[inner]
    mean = seen.mean(axis=0)
    fine, coarse = _bands(small[..., 1], small_view, inner)
    roundness, proportion, diameter = _shape(view, geometry.scale(full_size))
    return Statistics(
        brightness=float(mean @ (0.299, 0.587, 0.114)),
        white=float((seen[:, 1] >= _WHITE).mean()),
        black=float((seen.max(axis=1) <= _BLACK).mean()),
        redness=float((mean[0] + 1e-3) / (mean.sum() + 3e-3)),
        structure=float(np.sqrt(fine + coarse)),
        sharpness=float((fine + _ROUNDING) / (coarse + _ROUNDING)),
        roundness=roundness,
        proportion=proportion,
        diameter=diameter / max(full_size),
        resolution=diameter,
        bordered=float(not view.all()),
    )


def _smaller(image: np.ndarray, view: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    side = max(view.shape)
    if side <= _SIDE:
        return image, view
    size = tuple(max(1, round(length * _SIDE / side)) for length in view.shape[::-1])
    image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    view = cv2.resize(view.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 127
    return image, view if view.any() else np.ones_like(view)


def _inside(view: np.ndarray) -> np.ndarray:
    """Return the field of view without its edge, or all of it where nothing would remain."""
    margin = max(1, round(_MARGIN * max(view.shape)))
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    inner = cv2.erode(view.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0).astype(bool)
    return inner if inner.any() else view


def _bands(green: np.ndarray, view: np.ndarray, inner: np.ndarray) -> tuple[float, float]:
    """Return the variances of fine and of coarser detail."""
    level = green.astype(np.float32)
    # The black around the retina would be an edge.
    level[~view] = level[view].mean()
    finest, fine, coarse = (cv2.GaussianBlur(level, (0, 0), sigma) for sigma in (_FINEST, _FINE, _COARSE))
    return float((finest - fine)[inner].var()), float((fine - coarse)[inner].var())


def _shape(view: np.ndarray, scale: tuple[float, float]) -> tuple[float, float, float]:
    """Return roundness, proportion, and the diameter in pixels of the photograph."""
    rows, columns = np.flatnonzero(view.any(axis=1)), np.flatnonzero(view.any(axis=0))
    height, width = (rows[-1] + 1 - rows[0]) / scale[0], (columns[-1] + 1 - columns[0]) / scale[1]
    # Both ends of each row are enough for the smallest circle.
    first, last = view.argmax(axis=1)[rows], view.shape[1] - view[:, ::-1].argmax(axis=1)[rows]
    x, y = np.concatenate([first, first, last, last]) / scale[1], np.concatenate([rows, rows + 1] * 2) / scale[0]
    _, radius = cv2.minEnclosingCircle(np.column_stack([x, y]).astype(np.float32))
    area = int(view.sum()) / (scale[0] * scale[1])
    return area / (np.pi * radius**2), height / width, 2 * radius
