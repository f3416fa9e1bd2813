"""Combine the levels of a split to region and spatial aware features."""

import logging

import numpy as np
import torch

from fundus_anomaly.device import device_for
from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.hdf5 import create_dataset, create_h5, open_h5, read_ids, write_array, write_ids
from fundus_anomaly.methods.resad.adaptive_pooling import adaptively_pooled
from fundus_anomaly.methods.resad.attention import Attention
from fundus_anomaly.methods.resad.resc import combine
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.progress import track
from fundus_anomaly.scoring.map_files import displacement_of
from support.rule import run


def main(input, output, params, resources, threads):
    """Write ``feature`` C (n, h, w, c) of eq. 5 and ``id``; beside it ``effective_neighbours`` (n,) float32."""
    # One thread an image, several images at once: most of an image's work does not split well.
    device = device_for(resources.get("gpu", 0), 1)
    workers = threads if device == "cpu" else 1
    resc = dict(params.resc)
    attention = Attention(resc["spatial"], resc["scale"])
    dtype = getattr(torch, params.dtype)

    def one(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, float]:
        level2, level3 = (torch.from_numpy(level).to(device) for level in pair)
        if resc["length"]:
            combined, neighbours = adaptively_pooled(level2, level3, resc["pool"], resc["length"]), float("nan")
        else:
            combined, neighbours = combine(
                level2, level3, pool=resc["pool"], region=resc["region"], attention=attention
            )
        return combined.to(dtype).cpu().numpy(), neighbours

    with open_h5(input.features, "level2", "level3", "id") as levels, create_h5(output.features) as file:
        fine, coarse = levels["level2"], levels["level3"]
        ids = read_ids(levels)
        shape = (len(ids), *fine.shape[1:3], resc["length"] or fine.shape[3] + coarse.shape[3])
        stored = create_dataset(file, "feature", shape, params.dtype)
        neighbours = np.full(len(ids), np.nan, np.float32)
        pairs = ((fine[number], coarse[number]) for number in range(len(ids)))
        for number, (result, found) in enumerate(track(ordered_map(one, pairs, workers), len(ids), "ReSC")):
            if not np.isfinite(result).all():
                raise InputError(
                    Problem(
                        f"{input.features}, image {ids[number]}",
                        f"features beyond the range of {params.dtype} after ReSC",
                        "finite values",
                        "set features.dtype to float32",
                    )
                )
            stored[number], neighbours[number] = result, found
        write_ids(file, ids)
        file.attrs["displacement"] = displacement_of(levels)
    with create_h5(output.attention) as file:
        write_array(file, "effective_neighbours", neighbours)
        write_ids(file, ids)
        file.attrs["positions"] = int(np.prod(shape[1:3]))
    if attention.reading not in ("off", "identity") and ids:
        logging.info("effective number of neighbours: %.1f (median)", float(np.median(neighbours)))


if __name__ == "__main__":
    run(main, snakemake)
