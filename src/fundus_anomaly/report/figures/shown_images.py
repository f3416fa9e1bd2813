"""What a figure needs of one image: photograph, field of view, lesions and score map, read on demand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import h5py
import numpy as np
import pandas as pd

from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.report.figures.heat_map import Scale, shared_scale
from fundus_anomaly.scoring.contract import OWN
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


@contextmanager
def shown_images(
    images: str, masks: Sequence[str], maps: Sequence[str], left_out: str, lesions: Sequence[str] = ()
) -> Iterator[ShownImages]:
    """Open what a figure shows while a block lasts.

    Args:
        images: File of a split's photographs.
        masks: File of their lesion masks, if there is one.
        maps: Score files, one a method; none if the figure shows no scores.
        left_out: Table of the images that the audit left out.
        lesions: Names of the lesion types.

    Raises:
        InputError: If a file is damaged.
    """
    with ExitStack() as stack:
        photographs = stack.enter_context(open_h5(images, "image", "field_of_view", "id"))
        covered = [stack.enter_context(open_h5(path, "coverage", "id")) for path in masks]
        scored = [stack.enter_context(open_h5(path, "distance", "id")) for path in maps]
        excluded = read_results_table(left_out, {"id": "str"})["id"]
        yield ShownImages(photographs, covered[0] if covered else None, scored, lesions, excluded)


def scale_of(calibration: h5py.File, quantile: float) -> Scale:
    """Return a method's colour scale, which the distances of held-out normals fix; see :func:`.heat_map.shared_scale`.

    Args:
        calibration: Open score file of held-out normals.
        quantile: The quantile, in [0, 1], below which nothing is painted.
    """
    return shared_scale(calibration["distance"][:].ravel(), quantile)


def scales_of(calibrations: Sequence[str], quantile: float) -> list[Scale]:
    """Return the colour scale of each method, from its score file of held-out normals; see :func:`scale_of`."""
    scales = []
    for path in calibrations:
        with open_h5(path, "distance") as file:
            scales.append(scale_of(file, quantile))
    return scales


def scores_by_id(path: str, score: str) -> pd.Series:
    """Return one image score by id from a table that ``score`` or ``calibrate`` wrote."""
    return read_csv(path, dtype={"id": str}).set_index("id")[score]


def own_scores_by_id(path: str, score: str) -> pd.Series:
    """Return the image score that the method's paper names, or else ``score``; see :func:`scores_by_id`."""
    table = read_csv(path, dtype={"id": str}).set_index("id")
    return table[OWN if OWN in table else score]
