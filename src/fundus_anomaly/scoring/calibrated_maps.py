"""Files of maps calibrated by position, see :mod:`.by_position`: test images, and normals judged by the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import h5py
import numpy as np
import pandas as pd

from fundus_anomaly.files.hdf5 import open_h5, read_ids, write_array
from fundus_anomaly.scoring.by_position import NormalMaps, Options, Positions
from fundus_anomaly.scoring.contract import FieldsOfView, ScoredMaps
from fundus_anomaly.scoring.map_files import displacement_of


def write_calibrated(
    source: h5py.File,
    ids: Sequence[str],
    maps: Iterable[np.ndarray],
    views: FieldsOfView,
    file: h5py.File,
    scores: Mapping[str, float],
) -> pd.DataFrame:
    """Write calibrated maps as :mod:`.contract` has them, and return their image scores.

    Args:
        source: The file of distances that they come from: size and displacement are its.
        ids: The photographs, in order.
        maps: z of each, ``(h, w)`` float32.
        views: Their fields of view.
        file: The new file.
        scores: Options of :func:`.maps.image_scores`.
    """
    scored = ScoredMaps(
        file,
        ids,
        source["distance"].shape[1:],
        views,
        image_size=tuple(int(side) for side in source.attrs["image_size"]),
        displacement=displacement_of(source),
        options=scores,
    )
    for one in maps:
        scored.add(one)
    return scored.table()


def normal_maps(source: h5py.File, patient_of: Mapping[str, str], options: Options) -> NormalMaps:
    """Return the normals' maps of a file, cross-fitted.

    Args:
        source: File of the normals' distances, each to the bank without its patient's entries.
        patient_of: The patient of each by id.
        options: How μ and σ are estimated.

    Raises:
        InputError: As :class:`.by_position.NormalMaps`.
    """
    ids = read_ids(source)
    return NormalMaps(source["distance"], ids, [patient_of[name] for name in ids], options)


def write_positions(file: h5py.File, positions: Positions) -> None:
    """Write μ and σ, ``(h, w)`` float64 each."""
    write_array(file, "mean", positions.mean)
    write_array(file, "spread", positions.spread)


def read_positions(path: str) -> Positions:
    """Return what :func:`write_positions` wrote.

    Raises:
        InputError: If the file is damaged.
    """
    with open_h5(path, "mean", "spread") as file:
        return Positions(file["mean"][:], file["spread"][:])
