"""ReSC of a whole split: C of equation 5 for each image of a file of levels, several images at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
import torch

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.hdf5 import create_dataset, read_ids, write_ids
from fundus_anomaly.methods.resad.adaptive_pooling import adaptively_pooled
from fundus_anomaly.methods.resad.attention import Attention
from fundus_anomaly.methods.resad.resc import combine
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.progress import track
from fundus_anomaly.scoring.map_files import displacement_of


def write_combined(
    levels: h5py.File, file: h5py.File, resc: Mapping[str, Any], dtype: str, *, device: str, workers: int
) -> np.ndarray:
    """Write ``feature``, C (n, h, w, c) of eq. 5, ``id``, and how far the maps are displaced.

    Args:
        levels: ``level2`` (n, h, w, c₂), ``level3`` (n, h₃, w₃, c₃) and ``id``, read an image at a time.
        file: The file that is written.
        resc: ``pool``, ``region``, ``spatial`` and ``scale`` of ReSC; ``length``, the channels that features are pooled
            to adaptively instead of it, or 0.
        dtype: ``"float16"`` or ``"float32"``, of what is written.
        device: ``"cpu"`` or ``"cuda"``.
        workers: Images at once, one thread each: most of an image's work does not split well.

    Returns:
        ``(n,)`` float32, the effective number of neighbours that a position attends to, exp of its entropy, the median
        of each image; NaN where nothing attends.

    Raises:
        InputError: If a feature lies beyond the range of ``dtype``.
    """
    attention = Attention(resc["spatial"], resc["scale"])

    def one(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, float]:
        level2, level3 = (torch.from_numpy(level).to(device) for level in pair)
        if resc["length"]:
            combined, found = adaptively_pooled(level2, level3, resc["pool"], resc["length"]), float("nan")
        else:
            combined, found = combine(level2, level3, pool=resc["pool"], region=resc["region"], attention=attention)
        return combined.to(getattr(torch, dtype)).cpu().numpy(), found

    fine, coarse, ids = levels["level2"], levels["level3"], read_ids(levels)
    shape = (len(ids), *fine.shape[1:3], resc["length"] or fine.shape[3] + coarse.shape[3])
    stored = create_dataset(file, "feature", shape, dtype)
    neighbours = np.full(len(ids), np.nan, np.float32)
    pairs = ((fine[number], coarse[number]) for number in range(len(ids)))
    for number, (result, found) in enumerate(track(ordered_map(one, pairs, workers), len(ids), "ReSC")):
        if not np.isfinite(result).all():
            where, what = f"{levels.filename}, image {ids[number]}", f"features beyond the range of {dtype} after ReSC"
            raise InputError(Problem(where, what, "finite values", "set features.dtype to float32"))
        stored[number], neighbours[number] = result, found
    write_ids(file, ids)
    file.attrs["displacement"] = displacement_of(levels)
    return neighbours
