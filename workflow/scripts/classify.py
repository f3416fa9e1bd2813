"""Score the test images with a trained classifier."""

import logging

import numpy as np
import pandas as pd
import torch

from fundus_anomaly.device import device_for
from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.files.sealed import write_csv
from fundus_anomaly.networks.classifier import Classifier, empty_network
from fundus_anomaly.networks.state import load_state, read_state
from fundus_anomaly.progress import bar
from fundus_anomaly.training.loop import logits_of
from support.rule import run


def logits(input, ids, classifier, device, settings, what):
    """Return the abnormal logit less the normal one of the wanted images, by id, in the files' order."""
    found: dict[str, float] = {}
    for file_name in input.images:
        with open_h5(file_name, "image", "id") as file:
            names = read_ids(file)
            wanted = [number for number, name in enumerate(names) if name in ids]
            with bar(len(wanted), what, "image") as shown:
                for first in range(0, len(wanted), settings["batch"]):
                    numbers = wanted[first : first + settings["batch"]]
                    photographs = torch.from_numpy(file["image"][numbers])
                    scores = logits_of(classifier, photographs, device, settings["precision"]).tolist()
                    found |= dict(zip((names[number] for number in numbers), scores, strict=True))
                    shown.update(len(numbers))
    return found


def require_finite(table, weights):
    """Raise if an image has a logit that is no number: no figure of merit could be computed of it."""
    raise_if_any(
        Problem(
            f"{file}, logits of the test images",
            f"NaN or infinite values, e.g. of {strange['id'].iloc[0]}",
            "finite logits",
            "set lesionpaste.training.precision to float32, or lower lesionpaste.training.learning_rate",
        )
        for column, file in weights.items()
        if len(strange := table[~np.isfinite(table[column])])
    )


def main(input, output, params, wildcards, resources, threads):
    """Write ``id``, ``logit``, and ``epoch_<n>`` for each epoch that is tested for a choice by the test."""
    device = device_for(resources.get("gpu", 0), threads)
    settings, ids = dict(params.training), set(params.ids)
    classifier = Classifier(empty_network(wildcards.network, settings["head"]), settings["mean"], settings["std"])
    weights = {"logit": input.weights} | {
        f"epoch_{epoch}": file for epoch, file in zip(params.tested, input.tested, strict=True)
    }
    columns = {}
    for column, file in weights.items():
        load_state(classifier, read_state(file), wildcards.network, file)
        ready = classifier.on(device).eval()
        columns[column] = pd.Series(
            logits(input, ids, ready, device, settings, f"classification, {column}"), dtype=float
        )
    table = pd.DataFrame(columns).rename_axis("id").reset_index()
    require_finite(table, weights)
    if len(table) < len(ids):
        logging.info("%d of the manifest's %d test images: the audit excluded the others", len(table), len(ids))
    write_csv(output.scores, table)


if __name__ == "__main__":
    run(main, snakemake)
