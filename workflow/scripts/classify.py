"""Score test images and the normals that chose the epoch with a trained classifier."""

import logging

from fundus_anomaly.datasets.subsets import taught_and_held_out
from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids
from fundus_anomaly.methods.lesionpaste.classifying import logit_table
from fundus_anomaly.scoring.contract import OWN, scored_without_maps
from support.rule import run


def main(input, output, params, wildcards, resources, threads):
    """Write image scores without maps: ``own``, the logit, and ``epoch_<n>`` of each epoch that is tested too."""
    with open_h5(input.train_images, "id") as file:
        ids = read_ids(file)
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    held_out = taught_and_held_out(ids, patient_of, params.training["validation"], params.seed)[1]
    tables = logit_table(
        {"test": list(input.images), "held-out normal": [input.train_images]},
        {"test": set(params.ids), "held-out normal": {ids[number] for number in held_out}},
        {OWN: input.weights} | {f"epoch_{n}": file for n, file in zip(params.tested, input.tested, strict=True)},
        wildcards.network,
        params.training,
        device_for(resources.get("gpu", 0), threads),
    )
    if len(tables["test"]) < len(params.ids):
        counts = len(tables["test"]), len(params.ids)
        logging.info("%d of the manifest's %d test images: the audit excluded the others", *counts)
    files = (output.maps, output.scores), (output.calibration_maps, output.calibration_scores)
    for table, (maps, scores) in zip(tables.values(), files, strict=True):
        with create_h5(maps) as file:
            write_csv(scores, scored_without_maps(file, table.index, **table.to_dict("list")))


if __name__ == "__main__":
    run(main, snakemake)
