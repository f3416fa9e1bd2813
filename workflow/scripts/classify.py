"""Score the test images with a trained classifier."""

import pandas as pd
import torch

from fundus_anomaly.backbones.state import load_state, read_state
from fundus_anomaly.device import device_for
from fundus_anomaly.lesionpaste.classifier import Classifier, empty_network
from fundus_anomaly.lesionpaste.training import logits_of
from fundus_anomaly.progress import bar
from fundus_anomaly.storage import open_h5, read_ids, write_text
from rule_log import logged


def main(input, output, params, wildcards, resources, threads):
    """Write ``id`` and ``logit``, the abnormal logit less the normal one, of every test image."""
    device = device_for(resources.get("gpu", 0), threads)
    settings = dict(params.training)
    classifier = Classifier(empty_network(wildcards.network, settings["head"]), settings["mean"], settings["std"])
    load_state(classifier, read_state(input.weights), wildcards.network, input.weights)
    classifier = classifier.to(device, memory_format=torch.channels_last).eval()
    scores = []
    with open_h5(input.images, "image", "id") as file, bar(len(file["image"]), "classification", "image") as shown:
        ids, images = read_ids(file), file["image"]
        for first in range(0, len(ids), settings["batch"]):
            photographs = torch.from_numpy(images[first : first + settings["batch"]])
            scores += logits_of(classifier, photographs, device, settings["precision"]).tolist()
            shown.update(len(photographs))
    table = pd.DataFrame({"id": ids, "logit": scores})
    write_text(output.scores, table.to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input,
            snakemake.output,
            snakemake.params,
            snakemake.wildcards,
            snakemake.resources,
            snakemake.threads,
        )
