"""Score normals against the memory bank without their own patients' entries."""

import numpy as np

from fundus_anomaly.datasets.subsets import calibration_images, entries_of_own_patients
from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids
from fundus_anomaly.methods.resad.scored_maps import score_file
from fundus_anomaly.neighbours.search import neighbours_for
from support.rule import run


def main(input, output, params, resources, threads):
    """Write distance maps and image scores of the chosen normals: what normals give that the bank has never seen."""
    device = device_for(resources.get("gpu", 0), threads)
    with open_h5(input.bank, "feature", "image", "id") as file:
        bank, image, names = file["feature"][:].astype(np.float32), file["image"][:], read_ids(file)
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    patients = [patient_of[name] for name in names]
    chosen = calibration_images(patients, params.images, params.seed)
    excluding = entries_of_own_patients(names, patients, image, chosen)
    # The same index as for the test images, so that an approximate one biases both sets of distances alike.
    neighbours = neighbours_for(bank, params.search, device=device, threads=threads, seed=params.seed)
    with (
        open_h5(input.features, "feature", "id") as source,
        open_h5(input.images, "field_of_view", "id") as images,
        create_h5(output.maps) as file,
    ):
        scores = score_file(
            source,
            images,
            neighbours,
            file,
            image_size=params.image_size,
            options=params.scores,
            chosen=chosen,
            excluding=excluding,
            switches=params.switches,
        )
    write_csv(output.scores, scores)


if __name__ == "__main__":
    run(main, snakemake)
