"""Drawing with soft edges: shapes are drawn in 8 bits on a finer raster, then averaged down to the photograph's."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from fundus_anomaly.phantom.frame import Frame
from fundus_anomaly.phantom.vessels import Vessel

_FINEST_FACTOR = 8
_SHIFT = 4
_VESSEL_SIDE = 1700


class Canvas:
    """An empty drawing of the photograph's size, finer by a whole factor.

    Args:
        frame: The photograph's frame.
        fine_side: Pixels that the longer side of the finer raster should have; it has no fewer than the photograph.
    """

    def __init__(self, frame: Frame, fine_side: int):
        self.frame = frame
        self.factor = int(np.clip(round(fine_side / max(frame.width, frame.height)), 1, _FINEST_FACTOR))
        self.raster = np.zeros((frame.height * self.factor, frame.width * self.factor), np.uint8)

    def polygon(self, points: np.ndarray, value: int) -> None:
        """Fill a polygon (n, 2) in eye coordinates with a value from 1 to 255."""
        cv2.fillPoly(self.raster, [self._fixed(points)], int(value), cv2.LINE_AA, _SHIFT)

    def line(self, points: np.ndarray, widths: np.ndarray, value: int) -> None:
        """Draw a line (n, 2) of the given widths (n,), both in radii, with a value from 1 to 255."""
        fixed = self._fixed(points)
        thickness = np.maximum(1, np.rint(widths * self.frame.radius * self.factor)).astype(int)
        changes = [0, *(np.flatnonzero(np.diff(thickness[:-1])) + 1).tolist(), len(points) - 1]
        for first, last in pairwise(changes):
            cv2.polylines(
                self.raster,
                [fixed[first : last + 1]],
                False,
                int(value),
                int(thickness[first]),
                cv2.LINE_AA if self.factor == 1 else cv2.LINE_8,
                _SHIFT,
            )

    def finished(self) -> np.ndarray:
        """Return the drawing at the photograph's size, (H, W) float32 from 0 to 1."""
        size = (self.frame.width, self.frame.height)
        small = self.raster if self.factor == 1 else cv2.resize(self.raster, size, interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) * np.float32(1 / 255)

    def _fixed(self, points: np.ndarray) -> np.ndarray:
        fine = (self.frame.pixels(points) + 0.5) * self.factor - 0.5
        return np.rint(fine * (1 << _SHIFT)).astype(np.int32)


def draw_vessels(frame: Frame, vessels: list[Vessel]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how much blood of arteries and of veins, and how much of the bright central reflex, covers each pixel.

    Args:
        frame: The photograph's frame.
        vessels: All vessels of the eye.

    Returns:
        Three (H, W) float32 arrays from 0 to 1: arteries, veins, reflex.
    """
    arteries, veins, reflex = (Canvas(frame, _VESSEL_SIDE) for _ in range(3))
    for vessel in sorted(vessels, key=lambda v: v.widths[0]):
        canvas = arteries if vessel.kind == "artery" else veins
        broad = vessel.widths[0]
        canvas.line(vessel.points, vessel.widths, int(np.clip(60 + 195 * (broad / 0.02) ** 0.6, 60, 255)))
        if broad > 0.011:
            reflex.line(vessel.points, vessel.widths * 0.28, 255 if vessel.kind == "artery" else 110)
    return arteries.finished(), veins.finished(), reflex.finished()
