"""From the eye's own coordinates to pixels: unit = the field of view's radius, origin = its centre, x right, y down.

Anatomy is laid out for a right eye (optic disc at the right of the fovea); a left eye is mirrored here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fundus_anomaly.errors import Problem, raise_if_any

SMALLEST_SIDE, LARGEST_SIDE = 64, 8192
_MARGIN = 0.985


@dataclass(frozen=True)
class Frame:
    """Where the round field of view lies in the photograph.

    Attributes:
        width: Width of the photograph in pixels.
        height: Height of the photograph in pixels.
        centre: Centre of the field of view in pixels (x, y); pixel centres are whole numbers.
        radius: Radius of the field of view in pixels.
        cut: Largest distance from the horizontal through the centre that the camera shows, in radii.
        mirrored: Whether it is a left eye.
    """

    width: int
    height: int
    centre: tuple[float, float]
    radius: float
    cut: float
    mirrored: bool

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Return eye coordinates (..., 2) as pixel coordinates (..., 2), float64."""
        side = -1.0 if self.mirrored else 1.0
        return np.asarray(points, float) * (side * self.radius, self.radius) + self.centre

    def shown(self, points: np.ndarray, margin: float) -> np.ndarray:
        """Return whether eye coordinates (..., 2) lie in the field of view, ``margin`` radii or more from its edge."""
        points = np.asarray(points, float)
        x, y = np.moveaxis(self.pixels(points), -1, 0)
        inner = margin * self.radius
        inside = (x >= inner) & (x <= self.width - 1 - inner) & (y >= inner) & (y <= self.height - 1 - inner)
        return (
            inside
            & (np.hypot(points[..., 0], points[..., 1]) <= 1 - margin)
            & (abs(points[..., 1]) <= self.cut - margin)
        )

    @cached_property
    def x(self) -> np.ndarray:
        """Eye coordinate x of each column, (1, W) float32."""
        side = -1.0 if self.mirrored else 1.0
        return ((np.arange(self.width, dtype=np.float32) - self.centre[0]) * side / self.radius)[None].astype(
            np.float32
        )

    @cached_property
    def y(self) -> np.ndarray:
        """Eye coordinate y of each row, (H, 1) float32."""
        return ((np.arange(self.height, dtype=np.float32) - self.centre[1]) / self.radius)[:, None].astype(np.float32)


def fit(width: int, height: int, cut: float, offset: tuple[float, float], mirrored: bool) -> Frame:
    """Return the frame whose field of view fills a photograph of the given size.

    Args:
        width: Width of the photograph in pixels.
        height: Height of the photograph in pixels.
        cut: See :class:`Frame`; below 1 the circle is cut at top and bottom and may be taller than the photograph.
        offset: Shift of the circle's centre from the photograph's centre, in radii.
        mirrored: Whether it is a left eye.

    Raises:
        InputError: If a side is below 64 or above 8192 pixels.
    """
    raise_if_any(
        Problem(
            f"phantom: {name}",
            f"{side} pixels",
            f"{SMALLEST_SIDE} to {LARGEST_SIDE} pixels",
            "change the phantom's size in the configuration",
        )
        for name, side in (("width", width), ("height", height))
        if not SMALLEST_SIDE <= side <= LARGEST_SIDE
    )
    radius = 0.5 * _MARGIN * min(width, height / min(cut, 1.0))
    centre = ((width - 1) / 2 + offset[0] * radius, (height - 1) / 2 + offset[1] * radius)
    return Frame(width, height, centre, radius, cut, mirrored)
