"""Combine the levels of a split to region and spatial aware features."""

import logging

import numpy as np

from fundus_anomaly.device import device_for
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids, write_array, write_ids
from fundus_anomaly.methods.resad.combined_features import write_combined
from support.rule import run


def main(input, output, params, resources, threads):
    """Write ``feature`` C (n, h, w, c) of eq. 5 and ``id``; beside it ``effective_neighbours`` (n,) float32."""
    device = device_for(resources.get("gpu", 0), 1)
    workers = threads if device == "cpu" else 1
    with open_h5(input.features, "level2", "level3", "id") as levels, create_h5(output.features) as file:
        ids, positions = read_ids(levels), int(np.prod(levels["level2"].shape[1:3]))
        neighbours = write_combined(levels, file, params.resc, params.dtype, device=device, workers=workers)
    with create_h5(output.attention) as file:
        write_array(file, "effective_neighbours", neighbours)
        write_ids(file, ids)
        file.attrs["positions"] = positions
    if np.isfinite(neighbours).any():
        logging.info("effective number of neighbours: %.1f (median)", float(np.nanmedian(neighbours)))


if __name__ == "__main__":
    run(main, snakemake)
