"""How far a photograph's typical place is from what normals have there: disease moves it little, another camera may."""

from __future__ import annotations

import h5py
import numpy as np

from fundus_anomaly.files.hdf5 import read_ids
from fundus_anomaly.scoring.contract import FieldsOfView, margin_of
from fundus_anomaly.scoring.map_files import map_of
from fundus_anomaly.scoring.maps import inside


def typical_value(map_: np.ndarray, field_of_view: np.ndarray, margin: float) -> float:
    """Return the median of an anomaly map within the field of view.

    Args:
        map_: ``(H, W)`` float32.
        field_of_view: ``(H, W)`` bool.
        margin: Pixels along its border that are left out, as for the maximum inside.
    """
    return float(np.median(map_[inside(field_of_view, margin)]))


def typical_values(maps: h5py.File, images: h5py.File) -> np.ndarray:
    """Return the median of each map of a file of scores, ``(n,)`` float64.

    Args:
        maps: Open file of scores.
        images: Open file of the same photographs at the working size, among others.
    """
    views, size = FieldsOfView(images), tuple(int(side) for side in maps.attrs["image_size"])
    margin = margin_of(size, maps["distance"].shape[1:])
    names = read_ids(maps)
    return np.array(
        [typical_value(map_of(maps, place), views.of(one, size), margin) for place, one in enumerate(names)]
    )
