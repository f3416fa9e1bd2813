"""What every method leaves behind: image scores of photographs as a table, and their maps in one HDF5 file.

``test.csv`` has a row a photograph: ``id`` and a column an image score, float64; ``test.h5`` has ``distance`` (n, h, w)
float32, ``id``, and the attributes ``image_size`` (H, W), ``displacement`` (dy, dx) and, where maps are smoothed,
``smoothing``, that bring a map to the photograph's pixels. Of a method without maps it has ``id`` alone and the
attribute ``without_maps``. ``calibration.csv`` and ``calibration.h5`` are the same of normals that the method has not
learned from. Whatever stands behind them knows no method.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import h5py
import numpy as np
import pandas as pd

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.files.hdf5 import create_dataset, open_h5, read_ids, write_ids
from fundus_anomaly.scoring.maps import anomaly_map, image_scores

OWN = "own"
"""The image score that a method's own paper names, where it is none of those that every map gives."""
# Positions along the border that the maximum inside leaves out: zero padding, and a filter that eq. 3 cuts off there.
_MARGIN_POSITIONS = 2
_WITHOUT_MAPS = "without_maps"


class FieldsOfView:
    """The fields of view of images, by id.

    Args:
        *files: Files of the rule ``images``, with the datasets ``field_of_view`` and ``id``.
    """

    def __init__(self, *files: h5py.File):
        self._names = " and ".join(file.filename for file in files)
        self._place = {name: (file, number) for file in files for number, name in enumerate(read_ids(file))}

    def of(self, image: str, size: tuple[int, int] | None) -> np.ndarray:
        """Return one image's field of view, ``(H, W)`` bool.

        Args:
            image: Its id.
            size: ``(H, W)`` that it must have; None where no map tells.

        Raises:
            InputError: If there is none of this size.
        """
        file, number = self._place.get(image, (None, 0))
        if file is None or (size is not None and file["field_of_view"].shape[1:] != tuple(size)):
            found = "none" if file is None else f"shape {file['field_of_view'].shape[1:]}"
            where = self._names if file is None else file.filename
            allowed = "one" if size is None else f"one of {tuple(size)}"
            remedy = f"delete {where} and run the same command again; the workflow makes it again"
            raise InputError(Problem(f"{where}, field of view of {image}", found, allowed, remedy))
        return file["field_of_view"][number].astype(bool)


class ScoredMaps:
    """The maps of a number of photographs as they are written, one after another, and their image scores.

    Args:
        file: The new file of maps.
        ids: The photographs, in order.
        shape: ``(h, w)`` of a map.
        views: The photographs' fields of view at ``image_size``.
        image_size: ``(H, W)`` of the anomaly maps in pixels.
        displacement: How far they are displaced, see :func:`.maps.anomaly_map`.
        smoothing: Of the maps, likewise.
        options: ``top_quantile``, ``smoothing`` and ``field_of_view_only`` of :func:`.maps.image_scores`.
    """

    def __init__(
        self,
        file: h5py.File,
        ids: Sequence[str],
        shape: tuple[int, int],
        views: FieldsOfView,
        *,
        image_size: tuple[int, int],
        displacement: tuple[int, int] = (0, 0),
        smoothing: float = 0.0,
        options: Mapping[str, float],
    ):
        self._file, self._ids, self._views = file, list(ids), views
        self._image_size, self._displacement, self._options = tuple(image_size), displacement, options
        self._smoothing = smoothing
        self._margin = margin_of(image_size, shape)
        self._maps = create_dataset(file, "distance", (len(self._ids), *shape), np.float32)
        self._rows: list[dict[str, object]] = []

    def add(self, distance: np.ndarray, own: float | None = None) -> None:
        """Write the next photograph's map.

        Args:
            distance: ``(h, w)`` float32.
            own: The method's own image score, if it has one.

        Raises:
            InputError: If the photograph has no field of view of its size.
            ValueError: If the map has another shape than the others.
        """
        if distance.shape != self._maps.shape[1:]:
            raise ValueError(f"a map of shape {distance.shape}, the others have {self._maps.shape[1:]}")
        number = len(self._rows)
        name = self._ids[number]
        self._maps[number] = distance
        scores = image_scores(
            anomaly_map(distance, self._image_size, self._displacement, self._smoothing),
            self._views.of(name, self._image_size),
            margin=self._margin,
            **self._options,
        )
        self._rows.append({"id": name} | ({} if own is None else {OWN: float(own)}) | scores)

    def table(self) -> pd.DataFrame:
        """Write what is left to write, and return the image scores: ``id`` and a column a score, float64.

        Raises:
            ValueError: If a photograph has no map yet.
        """
        if len(self._rows) != len(self._ids):
            raise ValueError(f"{len(self._rows)} maps for {len(self._ids)} photographs")
        write_ids(self._file, self._ids)
        self._file.attrs["image_size"], self._file.attrs["displacement"] = self._image_size, self._displacement
        if self._smoothing:
            self._file.attrs["smoothing"] = self._smoothing
        return pd.DataFrame(self._rows)


def scored_without_maps(
    file: h5py.File, ids: Sequence[str], own: Sequence[float], **further: Sequence[float]
) -> pd.DataFrame:
    """Write the file of maps of a method that has none, and return the table of its image scores.

    Args:
        file: The new file.
        ids: The n photographs, in order.
        own: ``(n,)`` their image scores.
        **further: Further image scores by name, likewise.
    """
    file.attrs[_WITHOUT_MAPS] = True
    write_ids(file, list(ids))
    scores = {name: np.asarray(values, np.float64) for name, values in {OWN: own, **further}.items()}
    return pd.DataFrame({"id": list(ids), **scores})


@contextmanager
def open_maps(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """Yield a file of maps opened for reading; ``"distance" in file`` says whether its method gives maps.

    Raises:
        InputError: As :func:`..files.hdf5.open_h5`; also if it lacks the maps and does not say so.
    """
    with open_h5(path, "id") as file:
        without = bool(file.attrs.get(_WITHOUT_MAPS, False)) and "distance" not in file
    with open_h5(path, *([] if without else ["distance"]), "id") as file:
        yield file


def gives_maps(path: str | os.PathLike[str]) -> bool:
    """Return whether the method behind a file of maps gives any; see :func:`open_maps`."""
    with open_maps(path) as file:
        return "distance" in file


def margin_of(image_size: tuple[int, int], shape: tuple[int, int]) -> float:
    """Return the pixels along the border that ``inner_maximum`` leaves out: two positions of a map.

    Args:
        image_size: ``(H, W)`` in pixels.
        shape: ``(h, w)`` of the map.
    """
    return _MARGIN_POSITIONS * max(image_size[0] / shape[0], image_size[1] / shape[1])


def read_scores(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return a table of image scores: ``id`` as text, the others as they were written.

    Raises:
        InputError: If the file is not what was written.
    """
    return read_csv(path, dtype={"id": str})
