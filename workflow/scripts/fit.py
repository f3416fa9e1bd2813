"""Fit a method that ours are compared with to the normal photographs."""

import logging
from pathlib import Path

import pandas as pd

from fundus_anomaly.datasets.subsets import taught_and_held_out
from fundus_anomaly.device import device_for
from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.files.sealed import remove_sealed, write_csv
from fundus_anomaly.imaging.prepared_images import PreparedPhotographs
from fundus_anomaly.methods.detector_file import write_detector
from fundus_anomaly.methods.interface import Work
from fundus_anomaly.methods.named import method_named
from fundus_anomaly.seeds import digest
from fundus_anomaly.training.checkpoint import key_of
from support.rule import run


def main(input, output, params, wildcards, resources, threads):
    """Write what the method has learned, and the history of its epochs."""
    device = device_for(resources.get("gpu", 0), threads)
    method = method_named(wildcards.method)
    settings = method.settings(**params.settings)
    checkpoint = Path(output.detector).with_name("training.checkpoint.pt")
    key = key_of(
        (input.images, *input.code), (params.settings, params.train, params.held_out, params.repeat, params.seed)
    )
    work = Work(device, digest(params.seed, wildcards.method, "repeat", params.repeat), checkpoint, key)
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    with open_h5(input.images, "image", "field_of_view", "id") as file:
        taught, held_out = taught_and_held_out(read_ids(file), patient_of, params.held_out, params.seed)
        normals, others = PreparedPhotographs(file, taught), PreparedPhotographs(file, held_out)
        logging.info("%d normal images to learn from, %d held out", len(normals), len(others))
        fitted = method.fit(normals, others, settings, work)
        side = file["image"].shape[1]
    write_csv(output.history, pd.DataFrame(fitted.history))
    write_detector(output.detector, wildcards.method, settings, side, fitted.detector)
    remove_sealed(checkpoint)


if __name__ == "__main__":
    run(main, snakemake)
