"""Score lesioned copies of normals against the memory bank without entries of their patients."""

import numpy as np

from fundus_anomaly.datasets.subsets import entries_of_own_patients
from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids, read_texts
from fundus_anomaly.methods.resad.scored_maps import score_file
from fundus_anomaly.neighbours.search import neighbours_for
from support.rule import run


def main(input, output, params, resources, threads):
    """Write distance maps and image scores of the copies, as `calibrate` does of the normals themselves."""
    device = device_for(resources.get("gpu", 0), threads)
    with open_h5(input.bank, "feature", "image", "id") as file:
        bank, image, names = file["feature"][:].astype(np.float32), file["image"][:], read_ids(file)
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    number = {name: place for place, name in enumerate(names)}
    neighbours = neighbours_for(bank, params.search, device=device, threads=threads, seed=params.seed)
    with (
        open_h5(input.features, "feature", "id") as source,
        open_h5(input.images, "field_of_view", "id", "normal") as images,
        create_h5(output.maps) as file,
    ):
        normals = read_texts(images, "normal")
        patients = [patient_of[name] for name in names]
        own = entries_of_own_patients(names, patients, image, [number[name] for name in dict.fromkeys(normals)])
        scores = score_file(
            source,
            images,
            neighbours,
            file,
            image_size=params.image_size,
            options=params.scores,
            excluding={copy: own[name] for copy, name in zip(read_ids(images), normals, strict=True)},
        )
    write_csv(output.scores, scores)


if __name__ == "__main__":
    run(main, snakemake)
