"""Score normals against the memory bank without their own patients' entries."""

import numpy as np

from fundus_anomaly.device import device_for
from fundus_anomaly.memory_bank import NearestNeighbours
from fundus_anomaly.scored_images import score_images
from fundus_anomaly.storage import create_h5, open_h5, read_ids, write_text
from fundus_anomaly.training_subset import calibration_images
from rule_log import logged


def main(input, output, params, resources, threads):
    """Write distance maps and image scores of the chosen normals: what normals give that the bank has never seen."""
    device = device_for(resources.get("gpu", 0), threads)
    with open_h5(input.bank, "feature", "image", "id") as file:
        bank, image, names = file["feature"][:].astype(np.float32), file["image"][:], read_ids(file)
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    patients = np.array([patient_of[name] for name in names])
    # The index is exact here whatever the test uses: entries cannot be left out of trained cells.
    neighbours = NearestNeighbours(
        bank, method="flat", device=device, threads=threads, memory=500_000_000, seed=params.seed
    )
    chosen = calibration_images(names, params.images, params.seed)
    excluding = {names[number]: patients[image] == patients[number] for number in chosen}
    with open_h5(input.features, "feature", "id") as source, create_h5(output.maps) as file:
        scores = score_images(
            source["feature"],
            read_ids(source),
            chosen,
            neighbours,
            file,
            image_size=tuple(params.image_size),
            options=params.scores,
            excluding=excluding,
        )
    write_text(output.scores, scores.to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input, snakemake.output, snakemake.params, snakemake.resources, snakemake.threads)
