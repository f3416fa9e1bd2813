"""Train the classifier on normal images and their artificial anomalous twins."""

import logging
import math
from pathlib import Path

import pandas as pd
import torch

from fundus_anomaly.datasets.subsets import taught_and_held_out
from fundus_anomaly.device import device_for
from fundus_anomaly.files.hdf5 import open_h5, read_all, read_ids
from fundus_anomaly.files.sealed import move_sealed, remove_sealed, sealed, write_csv
from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank
from fundus_anomaly.methods.lesionpaste.options import options_from
from fundus_anomaly.methods.lesionpaste.twins import Twins, batches, order_of
from fundus_anomaly.networks.classifier import build
from fundus_anomaly.progress import bar
from fundus_anomaly.seeds import digest
from fundus_anomaly.training.checkpoint import key_of, read_checkpoint, write_checkpoint
from fundus_anomaly.training.loop import Schedule, Training
from support.rule import run


def save(path: str | Path, weights: dict[str, torch.Tensor]) -> None:
    """Write weights, whole or not at all."""
    with sealed(path) as temporary, temporary.open("wb") as file:
        torch.save(weights, file)


def main(input, output, params, wildcards, resources, threads):
    """Write the weights of the best epoch by validation, and the history of all epochs."""
    device = device_for(resources.get("gpu", 0), threads)
    settings, seed = dict(params.training), digest(params.seed, "lesionpaste repeat", params.repeat)
    bank, options = read_bank(input.bank), options_from(params.row) if params.row["pasted"] else None
    with open_h5(input.images, "image", "field_of_view", "source", "id") as file:
        ids = read_ids(file)
        # Twins are made in separate processes, whose errors cannot name the file.
        read_all(file)
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    numbers, held_out = taught_and_held_out(ids, patient_of, settings["validation"], params.seed)
    batch = min(settings["batch"], 2 * len(numbers))
    if batch < settings["batch"]:
        logging.info("batches of %d images instead of %d: there are no more", batch, settings["batch"])
    if len(numbers) + len(held_out) < len(patient_of):
        counts = len(numbers) + len(held_out), len(patient_of)
        logging.info("%d of the manifest's %d normal images: the audit excluded the others", *counts)
    logging.info("%d normal images to train on, %d to choose the epoch by", len(numbers), len(held_out))
    classifier = build(
        wildcards.network,
        input.weights,
        head=settings["head"],
        mean=settings["mean"],
        std=settings["std"],
        seed=digest(seed, "head") % 2**63,
    )
    schedule = Schedule(*(settings[name] for name in ("epochs", "learning_rate", "momentum", "weight_decay", "clip")))
    training = Training(classifier, schedule, device=device, precision=settings["precision"], seed=seed)
    checkpoint = Path(output.weights).parent / "training.checkpoint.pt"
    settings_of_weights = (params.row, params.training, params.train, params.repeat, params.seed, params.tested)
    key = key_of((input.images, input.bank, input.weights, *input.code), settings_of_weights)
    # Snakemake deletes the declared outputs of a killed job: until training ends, weights to test are kept elsewhere.
    tested = {epoch: checkpoint.with_name(f"training.{key[:16]}.epoch~{epoch}.pt") for epoch in params.tested}
    known = read_checkpoint(checkpoint, key)
    gone = [] if known is None else [e for e, file in tested.items() if e <= len(known.history) and not file.exists()]
    if gone:
        logging.info("the weights of epoch %s, which are to be tested, are missing: the training starts again", gone[0])
    elif known is not None:
        training.resume(known, checkpoint)
        logging.info("resuming after epoch %d", len(known.history))
    workers, pinned = max(1, threads - 1), device == "cuda"
    steps = math.ceil(len(numbers) / max(1, batch // 2))
    done = len(training.state.history)
    with bar(2 * len(numbers) * schedule.epochs, "training", "image", 2 * len(numbers) * done) as shown:
        for epoch in range(done, schedule.epochs):
            drawn = epoch if settings["fresh_twins"] else 0
            pairs = Twins(input.images, numbers, bank, options, params.seed, drawn)
            judged = Twins(input.images, held_out, bank, options, params.seed)
            state = training.epoch(
                batches(pairs, batch, workers, pinned, order_of(epoch, len(numbers), seed)),
                batches(judged, batch, workers, pinned) if held_out else [],
                steps,
                shown.update,
            )
            row = state.history[-1]
            if row["epoch"] in tested:
                save(tested[row["epoch"]], state.weights)
            write_checkpoint(checkpoint, state, key)
            logging.info("epoch %d: " + ", ".join(f"{name} {row[name]:.4g}" for name in list(row)[1:]), row["epoch"])
    save(output.weights, training.state.best)
    for epoch, file in zip(params.tested, output.tested, strict=True):
        move_sealed(tested[epoch], file)
    history = pd.DataFrame(training.state.history)
    write_csv(output.history, history)
    remove_sealed(checkpoint)


if __name__ == "__main__":
    run(main, snakemake)
