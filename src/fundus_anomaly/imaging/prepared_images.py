"""Preprocessed normal images, one at a time, with what a lesion needs to keep its size on them."""

from __future__ import annotations

from typing import NamedTuple

import h5py
import numpy as np

from fundus_anomaly.files.hdf5 import read_ids, read_texts
from fundus_anomaly.imaging.field_of_view import retina_diameter
from fundus_anomaly.imaging.geometry import source_geometry


class Normal(NamedTuple):
    """A normal image.

    Attributes:
        id: Its id.
        image: ``(S, S, 3)`` uint8 RGB.
        field_of_view: ``(S, S)`` bool.
        scale: Pixels of the image, along y and along x, for one of the photograph.
        retina: Diameter of the field of view in pixels of the photograph.
    """

    id: str
    image: np.ndarray
    field_of_view: np.ndarray
    scale: tuple[float, float]
    retina: float


class NormalImages:
    """The images of a file that the rule ``images`` wrote; each is read when it is asked for.

    Args:
        file: The open file, with ``image``, ``field_of_view``, ``source`` and ``id``.
    """

    def __init__(self, file: h5py.File):
        self._file = file
        self.ids = read_ids(file)
        self._sources = read_texts(file, "source")

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.ids)

    def __getitem__(self, number: int) -> Normal:
        """Return one image."""
        geometry, full_size = source_geometry(self._sources[number])
        view, scale = self._file["field_of_view"][number].astype(bool), geometry.scale(full_size)
        return Normal(self.ids[number], self._file["image"][number], view, scale, retina_diameter(view, scale))
