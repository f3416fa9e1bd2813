"""Scoring of whole feature maps against a memory bank: distance maps and image scores, one image after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import h5py
import numpy as np
import pandas as pd

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.hdf5 import create_dataset, read_ids, write_ids
from fundus_anomaly.neighbours.search import NearestNeighbours
from fundus_anomaly.progress import track
from fundus_anomaly.scoring.maps import anomaly_map, image_scores
from fundus_anomaly.seeds import generator

_SAMPLED_IMAGES, _SAMPLED_POSITIONS = 32, 64
# Positions along the border that the inner maximum leaves out: zero padding, and a filter that eq. 3 cuts off there.
_MARGIN_POSITIONS = 2


class FieldsOfView:
    """The fields of view of a split's images, by id.

    Args:
        file: File of the rule ``images``, with the datasets ``field_of_view`` and ``id``.
    """

    def __init__(self, file: h5py.File):
        self._file = file
        self._place = {name: number for number, name in enumerate(read_ids(file))}

    def of(self, image: str, size: tuple[int, int]) -> np.ndarray:
        """Return one image's field of view, ``(H, W)`` bool.

        Args:
            image: Its id.
            size: ``(H, W)`` that it must have.

        Raises:
            InputError: If there is none of this size.
        """
        views = self._file["field_of_view"]
        if image not in self._place or views.shape[1:] != tuple(size):
            found = f"shape {views.shape[1:]}" if image in self._place else "none"
            remedy = f"delete {self._file.filename} and run the same command again; the workflow makes it anew"
            where = f"{self._file.filename}, field of view of {image}"
            raise InputError(Problem(where, found, f"one of {tuple(size)}", remedy))
        return views[self._place[image]].astype(bool)


def sampled_positions(features: h5py.Dataset, ids: Sequence[str], seed: int) -> np.ndarray:
    """Return features of random positions of random images, whichever order the images have.

    Args:
        features: C of eq. 5, ``(n, h, w, c)``.
        ids: Ids of the n images.
        seed: Seed of the configuration.

    Returns:
        ``(m, c)`` float32: 64 positions, or all, of each of 32 images, or of all.
    """
    positions = features.shape[1] * features.shape[2]
    by_id = sorted(range(len(ids)), key=lambda image: ids[image])
    drawn = generator(seed, "sampled images").permutation(len(ids))[:_SAMPLED_IMAGES]
    sampled = []
    for image in (by_id[place] for place in sorted(drawn)):
        places = generator(seed, "sampled positions", ids[image]).permutation(positions)[:_SAMPLED_POSITIONS]
        sampled.append(features[image].reshape(positions, -1)[places].astype(np.float32))
    return np.concatenate(sampled)


def score_images(
    features: h5py.Dataset,
    ids: Sequence[str],
    images: Sequence[int],
    views: FieldsOfView,
    neighbours: NearestNeighbours,
    file: h5py.File,
    *,
    image_size: tuple[int, int],
    displacement: tuple[int, int],
    options: Mapping[str, float],
    excluding: Mapping[str, np.ndarray] | None = None,
) -> pd.DataFrame:
    """Write the distance maps of images (eq. 7) and return their image scores.

    Args:
        features: C of eq. 5, ``(n, h, w, c)``, read one image at a time.
        ids: Ids of the n images.
        images: Which of them to score, in this order.
        views: Their fields of view.
        neighbours: The memory bank.
        file: Gets ``distance`` (m, h, w) float32, ``id``, and the attributes ``image_size`` and ``displacement``.
        image_size: Height and width of the anomaly maps in pixels.
        displacement: How far they are displaced, see :func:`.scoring.anomaly_map`.
        options: ``top_quantile``, ``smoothing`` and ``field_of_view_only`` of :func:`.scoring.image_scores`.
        excluding: For an id the ``(k,)`` bool entries of the bank that are left out for it; None for none.

    Returns:
        Columns ``id`` and one for each image score, float64.

    Raises:
        InputError: If an image has no field of view of its size.
    """
    height, width, channels = features.shape[1:]
    margin = _MARGIN_POSITIONS * max(image_size[0] / height, image_size[1] / width)
    stored = create_dataset(file, "distance", (len(images), height, width), np.float32)
    rows = []
    for number, image in enumerate(track(images, len(images), "scores")):
        queries = features[image].reshape(-1, channels).astype(np.float32)
        left_out = None if excluding is None else excluding[ids[image]]
        distance = neighbours.distances(queries, left_out).reshape(height, width)
        stored[number] = distance
        scores = image_scores(
            anomaly_map(distance, image_size, displacement), views.of(ids[image], image_size), margin=margin, **options
        )
        rows.append({"id": ids[image]} | scores)
    write_ids(file, [ids[image] for image in images])
    file.attrs["image_size"], file.attrs["displacement"] = image_size, displacement
    return pd.DataFrame(rows)
