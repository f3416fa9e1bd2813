"""Scoring of whole feature maps against a memory bank: distance maps and image scores, one image after another."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd

from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids
from fundus_anomaly.methods.resad.reweighted import reweighted_score
from fundus_anomaly.neighbours.search import NearestNeighbours
from fundus_anomaly.progress import track
from fundus_anomaly.scoring.contract import FieldsOfView, ScoredMaps
from fundus_anomaly.scoring.map_files import displacement_of
from fundus_anomaly.seeds import generator

logger = logging.getLogger(__name__)
_SAMPLED_IMAGES, _SAMPLED_POSITIONS = 32, 64


class Bank(NamedTuple):
    """M of eq. 6, and where its entries are from.

    Attributes:
        features: ``(k, c)`` float32.
        image: ``(k,)`` int, the number of the image of each entry.
        ids: Ids of the images.
    """

    features: np.ndarray
    image: np.ndarray
    ids: list[str]


def read_bank(path: str | os.PathLike[str]) -> Bank:
    """Return a memory bank that the rule ``memory_bank`` wrote.

    Raises:
        InputError: If the file is damaged.
    """
    with open_h5(path, "feature", "image", "id") as file:
        return Bank(file["feature"][:].astype(np.float32), file["image"][:], read_ids(file))


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


def score_file(
    features: str | os.PathLike[str],
    images: str | os.PathLike[str],
    neighbours: NearestNeighbours,
    maps: str | os.PathLike[str],
    *,
    image_size: Sequence[int],
    options: Mapping[str, float],
    chosen: Sequence[int] | None = None,
    excluding: Mapping[str, np.ndarray] | None = None,
    switches: Mapping[str, float] | None = None,
    recall_seed: int | None = None,
) -> pd.DataFrame:
    """Do :func:`score_images` for a file of features.

    Args:
        features: C of eq. 5 as ``feature``, ``id``, and how far its maps are displaced.
        images: ``field_of_view`` and ``id`` of the images, in any order.
        neighbours: As there.
        maps: The file that is written, whole or not at all.
        image_size: As there.
        options: As there.
        chosen: Which images to score, in this order; None for all.
        excluding: As there.
        switches: As there.
        recall_seed: Seed of the positions that an approximate index is compared at with the exact one; the attribute
            ``recall`` gets the share on which they agree. None for an exact index.

    Raises:
        InputError: If a file is damaged.
    """
    with (
        open_h5(features, "feature", "id") as source,
        open_h5(images, "field_of_view", "id") as views,
        create_h5(maps) as file,
    ):
        ids = read_ids(source)
        if recall_seed is not None:
            sample = sampled_positions(source["feature"], ids, recall_seed)
            file.attrs["recall"] = neighbours.recall(sample)
            logger.info("recall of the index on %d positions: %.4f", len(sample), file.attrs["recall"])
        return score_images(
            source["feature"],
            ids,
            range(len(ids)) if chosen is None else chosen,
            FieldsOfView(views),
            neighbours,
            file,
            image_size=tuple(image_size),
            displacement=displacement_of(source),
            options=options,
            excluding=excluding,
            switches=switches,
        )


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
    switches: Mapping[str, float] | None = None,
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
        switches: PatchCore's ``map_smoothing``, see :func:`.scoring.anomaly_map`, and ``neighbours``, b of
            :func:`.reweighted_score`, 0 for the largest distance; with them the table has that score as ``own``.

    Returns:
        Columns ``id`` and one for each image score, float64.

    Raises:
        InputError: If an image has no field of view of its size.
    """
    height, width, channels = features.shape[1:]
    switches = switches or {}
    scored = ScoredMaps(
        file,
        [ids[image] for image in images],
        (height, width),
        views,
        image_size=image_size,
        displacement=displacement,
        smoothing=switches.get("map_smoothing", 0.0),
        options=options,
    )
    for image in track(images, len(images), "scores"):
        queries = features[image].reshape(-1, channels).astype(np.float32)
        left_out = None if excluding is None else excluding[ids[image]]
        distances = neighbours.distances(queries, left_out)
        own = None
        if switches:
            farthest = queries[int(distances.argmax())]
            own = reweighted_score(farthest, neighbours.bank, int(switches.get("neighbours", 0)), left_out)
        scored.add(distances.reshape(height, width), own)
    return scored.table()
