"""A detector applied to the photographs of a file: maps and image scores as :mod:`..scoring.contract` has them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat

import h5py
import numpy as np
import pandas as pd

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids
from fundus_anomaly.imaging.prepared_images import PreparedPhotographs
from fundus_anomaly.methods.interface import Detector, Photographs
from fundus_anomaly.progress import bar
from fundus_anomaly.scoring.contract import FieldsOfView, ScoredMaps, scored_without_maps

_AT_ONCE = 16


def apply_to_file(
    detector: Detector,
    images: str | os.PathLike[str],
    views: str | os.PathLike[str],
    maps: str | os.PathLike[str],
    *,
    chosen: Callable[[list[str]], Sequence[int]] | None = None,
    side: int,
    image_size: Sequence[int],
    options: Mapping[str, float],
    what: str,
) -> pd.DataFrame:
    """Do :func:`apply_detector` for a file of photographs.

    Args:
        detector: Of any method.
        images: File of the photographs at the size that it takes.
        views: File of their fields of view at ``image_size``.
        maps: The file of maps that is written, whole or not at all.
        chosen: Numbers of the photographs to score, in this order, by the ids of all; None for all.
        side: As there.
        image_size: As there.
        options: As there.
        what: As there.

    Raises:
        InputError: As there, or if a file is damaged.
    """
    with (
        open_h5(images, "image", "field_of_view", "id") as prepared,
        open_h5(views, "field_of_view", "id") as evaluated,
        create_h5(maps) as file,
    ):
        numbers = None if chosen is None else chosen(read_ids(prepared))
        photographs, size = PreparedPhotographs(prepared, numbers), tuple(image_size)
        size_and_options = {"side": side, "image_size": size, "options": options}
        return apply_detector(detector, photographs, FieldsOfView(evaluated), file, **size_and_options, what=what)


def apply_detector(
    detector: Detector,
    photographs: Photographs,
    views: FieldsOfView,
    file: h5py.File,
    *,
    side: int,
    image_size: tuple[int, int],
    options: Mapping[str, float],
    what: str,
) -> pd.DataFrame:
    """Write the maps of photographs, if the method gives any, and return their image scores, its own among them.

    Args:
        detector: Of any method.
        photographs: At the size that it takes.
        views: Their fields of view at ``image_size``.
        file: The new file of maps.
        side: Side of the photographs that the detector was fitted with.
        image_size: ``(H, W)`` of the anomaly maps in pixels.
        options: As :class:`..scoring.contract.ScoredMaps`.
        what: What is scored, for the progress bar.

    Raises:
        InputError: If the photographs have another size, or a score or map is not finite.
    """
    scored, without_maps = None, []
    with bar(len(photographs), what, "image") as shown:
        for first in range(0, len(photographs), _AT_ONCE):
            places = range(first, min(first + _AT_ONCE, len(photographs)))
            images = photographs.images(places)
            _require_side(images, side)
            scores = detector.score(images, photographs.fields_of_view(places))
            maps = repeat(None, len(places)) if scores.maps is None else scores.maps
            for place, map_, own in zip(places, maps, scores.own, strict=True):
                _require_finite(photographs.ids[place], map_, own)
                if map_ is None:
                    without_maps.append(own)
                    continue
                if scored is None:
                    shape = map_.shape
                    size = {"image_size": image_size, "options": options}
                    scored = ScoredMaps(file, photographs.ids, shape, views, **size)
                scored.add(map_, own)
            shown.update(len(places))
    if without_maps:
        return scored_without_maps(file, photographs.ids, without_maps)
    if scored is None:
        scored = ScoredMaps(file, [], (side, side), views, image_size=image_size, options=options)
    return scored.table()


def _require_side(images: np.ndarray, side: int) -> None:
    if images.shape[1] != side:
        remedy = "fit the method again, or set compared.size to what it was fitted with"
        raise InputError(Problem("photographs", f"a side of {images.shape[1]} pixels", f"{side} pixels", remedy))


def _require_finite(name: str, map_: np.ndarray | None, own: float) -> None:
    if not (np.isfinite(own) and (map_ is None or np.isfinite(map_).all())):
        remedy = "lower the method's learning_rate (methods in the configuration), and fit it again"
        raise InputError(Problem(f"scores of {name}", "NaN or infinite values", "finite scores", remedy))
