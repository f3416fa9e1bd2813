"""Preprocessed images: normal ones with what a lesion needs to keep its size on them, and photographs in batches."""

from __future__ import annotations

from collections.abc import Sequence
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


class PreparedPhotographs:
    """Some photographs of a file that the rule ``images`` wrote; each is read when it is asked for.

    Args:
        file: The open file, with ``image``, ``field_of_view`` and ``id``.
        numbers: Which of its photographs, in this order; None for all.
    """

    def __init__(self, file: h5py.File, numbers: Sequence[int] | None = None):
        self._file = file
        names = read_ids(file)
        self._numbers = np.arange(len(names)) if numbers is None else np.asarray(numbers, np.int64)
        self.ids = [names[number] for number in self._numbers]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.ids)

    def images(self, places: Sequence[int]) -> np.ndarray:
        """Return some of them, ``(n, S, S, 3)`` uint8 RGB, in the order of ``places``."""
        return self._read("image", places)

    def fields_of_view(self, places: Sequence[int]) -> np.ndarray:
        """Return their fields of view, ``(n, S, S)`` bool."""
        return self._read("field_of_view", places).astype(bool)

    def _read(self, name: str, places: Sequence[int]) -> np.ndarray:
        # HDF5 reads places in increasing order, each once.
        wanted, order = np.unique(self._numbers[np.asarray(places, np.int64)], return_inverse=True)
        return self._file[name][wanted][order]
