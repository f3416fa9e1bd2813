"""Score the test images against the memory bank."""

import logging

import numpy as np

from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids
from fundus_anomaly.methods.resad.scored_maps import sampled_positions, score_file
from fundus_anomaly.neighbours.search import neighbours_for
from support.rule import run


def main(input, output, params, resources, threads):
    """Write distance maps and image scores of every test image (eq. 7)."""
    device = device_for(resources.get("gpu", 0), threads)
    with open_h5(input.bank, "feature") as file:
        bank = file["feature"][:].astype(np.float32)
    neighbours = neighbours_for(bank, params.search, device=device, threads=threads, seed=params.seed)
    with (
        open_h5(input.features, "feature", "id") as source,
        open_h5(input.images, "field_of_view", "id") as images,
        create_h5(output.maps) as file,
    ):
        if params.search["index"] == "ivf":
            sample = sampled_positions(source["feature"], read_ids(source), params.seed)
            file.attrs["recall"] = neighbours.recall(sample)
            logging.info("recall of the ivf index on %d positions: %.4f", len(sample), file.attrs["recall"])
        scores = score_file(
            source,
            images,
            neighbours,
            file,
            image_size=params.image_size,
            options=params.scores,
            switches=params.switches,
        )
    write_csv(output.scores, scores)


if __name__ == "__main__":
    run(main, snakemake)
