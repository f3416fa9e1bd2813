"""How far the feature maps of a network are displaced against the photographs, measured by small discs.

Where a map is brought to the image's size, position i of a level of stride s comes to lie in the middle of s pixels.
A network whose padding is symmetric, as a ResNet's, is centred on pixel s·i, half a stride before it. If TensorFlow's
padding is copied, it depends on the image's size; and filters need not be symmetric.
"""

from __future__ import annotations

import numpy as np
import torch

from fundus_anomaly.errors import InputError
from fundus_anomaly.networks.interface import Backbone

# A disc at each phase of level 2's stride. Padding may depend on the size modulo the strides, up to 32.
_PHASES, _PERIOD, _LEAST = 8, 32, 256
_RADIUS, _GREY, _DARK = 3, 128, 40
# Pixels, a quarter of level 2's stride. Below it a map's place is left alone: it is as often worse as better then, by
# some .002 of the pixel AUC (benchmarks/displacement.py).
_LEAST_CORRECTED = 2.0


def displacement(backbone: Backbone, height: int, width: int) -> tuple[float, float]:
    """Return how far below and to the right of a small disc its response comes to lie, in pixels of the image.

    A dark disc lies on grey, at every phase of the stride along y and x. The response is the squared change of level 2,
    on whose grid distances are taken; its place is the centre of mass. Level 3 may be displaced otherwise: the paper
    brings it to level 2's grid by interpolation (ReSAD, eq. 2), and so it is done.

    Args:
        backbone: The frozen network.
        height: Height of the images in pixels.
        width: Width likewise.

    Returns:
        ``(dy, dx)``, means over the phases; 0 for a network that does not respond.
    """
    # An image that is not larger than needed, of a size that the network pads in the same way.
    small = tuple(min(side, _LEAST + side % _PERIOD) for side in (height, width))
    try:
        return _measured(backbone, *small)
    except InputError:
        # A graph that takes one size alone.
        if small == (height, width):
            raise
        return _measured(backbone, height, width)


def whole_pixels(found: tuple[float, float]) -> tuple[int, int]:
    """Return the whole pixels ``(dy, dx)`` by which maps are to be moved back, 0 below 2 pixels.

    They are whole so that the rounding of another machine's arithmetic moves no map.

    Args:
        found: From :func:`displacement`.
    """
    return tuple(round(value) if abs(value) >= _LEAST_CORRECTED else 0 for value in found)


def _measured(backbone: Backbone, height: int, width: int) -> tuple[float, float]:
    plain = np.full((1, height, width, 3), _GREY, np.uint8)
    unmarked = _level2(backbone, plain)
    rows, columns = np.mgrid[:height, :width]
    found = []
    for phase in range(_PHASES):
        # Phases along x in another order, so that neither axis follows the other.
        y, x = height // 2 + phase - _PHASES // 2, width // 2 + phase * 3 % _PHASES - _PHASES // 2
        marked = plain.copy()
        marked[0, np.hypot(rows - y, columns - x) <= _RADIUS] = _DARK
        response = (_level2(backbone, marked) - unmarked).square().sum(dim=-1)[0].double().numpy()
        if np.isfinite(response).all() and response.any():
            found.append((_centre(response.sum(axis=1), height) - y, _centre(response.sum(axis=0), width) - x))
    return tuple(float(value) for value in np.mean(found or [(0.0, 0.0)], axis=0))


def _level2(backbone: Backbone, photographs: np.ndarray) -> torch.Tensor:
    """Return level 2 of one photograph, ``(1, h, w, c)`` float32 on the CPU."""
    return backbone.levels(torch.from_numpy(photographs))[0].float().cpu()


def _centre(response: np.ndarray, side: int) -> float:
    """Return the centre of mass of a profile of positions, in pixels, each position in the middle of its part."""
    places = (np.arange(len(response)) + 0.5) * side / len(response) - 0.5
    return float((response * places).sum() / response.sum())
