"""The anomaly maps of a file of scores, brought to the image's size and place."""

from __future__ import annotations

import os

import h5py
import numpy as np

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.scoring.maps import anomaly_map

# Far more than half of the largest stride.
_LARGEST = 64


def displacement_of(file: h5py.File) -> tuple[int, int]:
    """Return the displacement ``(dy, dx)`` of the maps of a file of features or scores, in whole pixels.

    Raises:
        InputError: If the file's attribute holds anything else.
    """
    found = np.asarray(file.attrs.get("displacement", (0, 0)))
    if found.shape == (2,) and found.dtype.kind in "iu" and np.abs(found.astype(float)).max() <= _LARGEST:
        return int(found[0]), int(found[1])
    remedy = f"delete {file.filename} and run the same command again; the workflow makes it again"
    where = f"{file.filename}, attribute 'displacement'"
    raise InputError(Problem(where, str(found)[:80], f"two whole numbers up to {_LARGEST}", remedy))


def smoothing_of(file: h5py.File) -> float:
    """Return σ of the Gaussian over the maps of a file, as a share of their longer side; 0 where there is none.

    Raises:
        InputError: If the file's attribute holds anything else.
    """
    found = np.asarray(file.attrs.get("smoothing", 0.0))
    if found.shape == () and found.dtype.kind in "iuf" and 0 <= float(found) <= 1:
        return float(found)
    remedy = f"delete {file.filename} and run the same command again; the workflow makes it again"
    raise InputError(Problem(f"{file.filename}, attribute 'smoothing'", str(found)[:80], "a number up to 1", remedy))


def map_of(file: h5py.File, number: int) -> np.ndarray:
    """Return one anomaly map, ``(H, W)`` float32.

    Args:
        file: A file of scores, as :func:`..methods.resad.scored_maps.score_images` writes it.
        number: Which of its images.

    Raises:
        InputError: If displacement or smoothing are none.
    """
    size = tuple(file.attrs["image_size"])
    return anomaly_map(file["distance"][number], size, displacement_of(file), smoothing_of(file))


def recall_of(path: str | os.PathLike[str]) -> float:
    """Return the recall of the approximate index that a file of maps was made with."""
    with open_h5(path, "distance") as file:
        return float(file.attrs["recall"])
