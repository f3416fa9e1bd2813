"""Train the classifier on normal images and their artificial anomalous twins."""

from pathlib import Path

import pandas as pd

from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import move_checksummed, remove_checksummed, write_csv
from fundus_anomaly.methods.interface import Network, Work
from fundus_anomaly.methods.lesionpaste.fitting import Pasting, fit_to_twins, save
from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank
from fundus_anomaly.methods.lesionpaste.options import options_from
from fundus_anomaly.seeds import digest
from fundus_anomaly.training.checkpoint import key_of
from support.rule import run


def main(input, output, params, wildcards, resources, threads):
    """Write the weights of the best epoch by validation, and the history of all epochs."""
    checkpoint = Path(output.weights).with_name("training.checkpoint.pt")
    settings_of_weights = (params.row, params.training, params.train, params.repeat, params.seed, params.tested)
    key = key_of((input.images, input.bank, input.weights), (params.code, *settings_of_weights))
    # Snakemake deletes the declared outputs of a killed job: until training ends, weights to test are kept elsewhere.
    tested = {epoch: checkpoint.with_name(f"training.{key[:16]}.epoch~{epoch}.pt") for epoch in params.tested}
    options = options_from(params.row) if params.row["pasted"] else None
    seed = digest(params.seed, "lesionpaste repeat", params.repeat)
    weights, history = fit_to_twins(
        input.images,
        dict(zip(params.train["id"], params.train["patient"], strict=True)),
        Pasting(read_bank(input.bank), options, params.training["fresh_twins"], params.seed),
        Network(wildcards.network, input.weights),
        params.training,
        Work(device_for(resources.get("gpu", 0), threads), seed, checkpoint, key),
        workers=max(1, threads - 1),
        tested=tested,
    )
    save(output.weights, weights)
    for epoch, file in zip(params.tested, output.tested, strict=True):
        move_checksummed(tested[epoch], file)
    write_csv(output.history, pd.DataFrame(history))
    remove_checksummed(checkpoint)


if __name__ == "__main__":
    run(main, snakemake)
