"""The one geometry that a photograph, its field of view and its masks go through to the working size."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import cv2
import numpy as np

from fundus_anomaly.errors import InputError, Problem


@dataclass(frozen=True)
class Geometry:
    """How an upright image of any size becomes a square of the working size.

    The box is given as shares of the whole image, so that it holds for a copy decoded at a smaller scale and for a
    mask at full resolution alike.

    Attributes:
        box: ``(top, left, height, width)`` of the part that is kept, each as a share of the image's height or width.
        inner: ``(height, width)`` in pixels that the part is resized to.
        offset: ``(top, left)`` in pixels of the part within the square; the rest is black.
        size: Side of the square in pixels.
    """

    box: tuple[float, float, float, float]
    inner: tuple[int, int]
    offset: tuple[int, int]
    size: int

    def as_dict(self) -> dict:
        """Return the geometry as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> Geometry:
        """Return the geometry that :meth:`as_dict` wrote."""
        box, inner, offset = (tuple(values[name]) for name in ("box", "inner", "offset"))
        return cls(box, inner, offset, int(values["size"]))

    def scale(self, full_size: tuple[int, int]) -> tuple[float, float]:
        """Return pixels of the square, along y and along x, for one pixel of a photograph of ``(height, width)``."""
        return tuple(self.inner[axis] / (self.box[2 + axis] * full_size[axis]) for axis in (0, 1))

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Return the image, ``(H, W)`` or ``(H, W, c)``, uint8 or float32, brought to the working size.

        Shrinking averages over area, so that small structures fade but do not vanish; growing is bilinear.
        """
        height, width = image.shape[:2]
        top, left = round(self.box[0] * height), round(self.box[1] * width)
        bottom = max(top + 1, round((self.box[0] + self.box[2]) * height))
        right = max(left + 1, round((self.box[1] + self.box[3]) * width))
        part = np.ascontiguousarray(image[top:bottom, left:right])
        # A side that shrinks beside one that grows still averages over area.
        least = min(part.shape[0], self.inner[0]), min(part.shape[1], self.inner[1])
        shrunk = cv2.resize(part, least[::-1], interpolation=cv2.INTER_AREA)
        resized = cv2.resize(shrunk, self.inner[::-1], interpolation=cv2.INTER_LINEAR)
        if self.inner == (self.size, self.size):
            return resized
        square = np.zeros((self.size, self.size, *image.shape[2:]), image.dtype)
        rows = slice(self.offset[0], self.offset[0] + self.inner[0])
        columns = slice(self.offset[1], self.offset[1] + self.inner[1])
        square[rows, columns] = resized
        return square


def stretch(size: int) -> Geometry:
    """Return the paper's geometry: the whole image straight to ``size`` × ``size`` (ReSAD, Sec. 4.1)."""
    return Geometry((0.0, 0.0, 1.0, 1.0), (size, size), (0, 0), size)


def keep_aspect(size: int, shape: tuple[int, int], box: tuple[int, int, int, int]) -> Geometry:
    """Return the geometry that keeps the aspect ratio: a box, scaled to fit, centred on black.

    Args:
        size: Side of the square in pixels.
        shape: ``(height, width)`` of the image that the box refers to.
        box: ``(top, left, height, width)`` in pixels of the part to keep, e.g. the field of view's bounding box.
    """
    top, left, height, width = box
    scale = size / max(height, width)
    inner = (min(size, max(1, round(height * scale))), min(size, max(1, round(width * scale))))
    offset = ((size - inner[0]) // 2, (size - inner[1]) // 2)
    shares = (top / shape[0], left / shape[1], height / shape[0], width / shape[1])
    return Geometry(shares, inner, offset, size)


def source_geometry(source: str) -> tuple[Geometry, tuple[int, int]]:
    """Return the geometry and the full ``(height, width)`` from the JSON text of :class:`.preprocess.Preprocessed`.

    Raises:
        InputError: If it is no such text.
    """
    try:
        values = json.loads(source)
        return Geometry.from_dict(values["geometry"]), (int(values["height"]), int(values["width"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        found = f"{source[:80]!r} ({type(error).__name__})"
        remedy = "delete the file of the images and run the same command again; the workflow makes it again"
        raise InputError(Problem("images, dataset 'source'", found, "a text as it was written", remedy)) from error
