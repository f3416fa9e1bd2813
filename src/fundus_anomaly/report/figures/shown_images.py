"""What a figure needs of one image: photograph, field of view, lesions and score map, read on demand."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import h5py
import numpy as np
import pandas as pd

from fundus_anomaly.files.hdf5 import read_ids
from fundus_anomaly.files.sealed import read_csv
from fundus_anomaly.report.figures.heat_map import Scale, shared_scale
from fundus_anomaly.scoring.map_files import map_of


class ShownImages:
    """The test images of a run as figures take them, each read when it is asked for.

    Args:
        images: Open file with ``image``, ``field_of_view`` and ``id``.
        masks: Open file with ``coverage`` and ``id``, or None.
        maps: Open score files with ``distance`` and ``id``, one a method; none if the figure shows no scores.
        lesions: Names of the lesion types.
        left_out: Ids of images that the audit left out of the benchmark, such as those whose mask cannot be used.
    """

    def __init__(
        self,
        images: h5py.File,
        masks: h5py.File | None,
        maps: Sequence[h5py.File],
        lesions: Sequence[str],
        left_out: Collection[str] = (),
    ):
        self._left_out = frozenset(left_out)
        self._images, self._masks, self._maps, self._lesions = images, masks, maps, lesions
        self._image_of = {name: place for place, name in enumerate(read_ids(images))}
        self._mask_of = {} if masks is None else {name: place for place, name in enumerate(read_ids(masks))}
        self._map_of = {name: place for place, name in enumerate(read_ids(maps[0]))} if maps else self._image_of

    @property
    def ids(self) -> list[str]:
        """Ids of all scored images, of all images if there are no scores; none of those left out."""
        return [name for name in self._map_of if name not in self._left_out]

    @property
    def annotated(self) -> list[str]:
        """Those of :attr:`ids` that have a lesion mask."""
        return [name for name in self._mask_of if name in self._map_of and name not in self._left_out]

    def photograph(self, name: str) -> np.ndarray:
        """Return ``(S, S, 3)`` uint8 RGB."""
        return self._images["image"][self._image_of[name]]

    def field_of_view(self, name: str) -> np.ndarray:
        """Return ``(S, S)`` uint8, 0 outside the retina."""
        return self._images["field_of_view"][self._image_of[name]]

    def coverage(self, name: str) -> np.ndarray:
        """Return ``(L, S, S)`` uint8, zero for an image without a mask."""
        if name in self._mask_of:
            return self._masks["coverage"][self._mask_of[name]]
        return np.zeros((len(self._lesions), *self._images["image"].shape[1:3]), np.uint8)

    def maps(self, name: str) -> list[np.ndarray]:
        """Return the anomaly map of each method, ``(S, S)`` float32."""
        place = self._map_of[name]
        return [map_of(file, place) for file in self._maps]


def scale_of(calibration: h5py.File, quantile: float) -> Scale:
    """Return a method's colour scale, which the distances of held-out normals fix; see :func:`.heat_map.shared_scale`.

    Args:
        calibration: Open score file of held-out normals.
        quantile: The quantile, in [0, 1], below which nothing is painted.
    """
    return shared_scale(calibration["distance"][:].ravel(), quantile)


def scores_by_id(path: str, score: str) -> pd.Series:
    """Return one image score by id from a table that ``score`` or ``calibrate`` wrote."""
    return read_csv(path, dtype={"id": str}).set_index("id")[score]
