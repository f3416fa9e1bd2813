"""Choose the coreset of the normal images' features."""

import logging
from pathlib import Path

import numpy as np

from fundus_anomaly.datasets.subsets import share_of_patients
from fundus_anomaly.device import device_for
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids, write_array
from fundus_anomaly.neighbours.coreset import select
from fundus_anomaly.neighbours.projection import Projection, projected_points
from support.rule import run


def main(input, output, params, resources, threads):
    """Write ``index`` (k,) int64 into the positions of the images ``image`` (m,) int32, ``radius`` (k,) float32."""
    device = device_for(resources.get("gpu", 0), threads)
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    folder = Path(output.coreset).parent
    with open_h5(input.features, "feature", "id") as file:
        features = file["feature"]
        patients = [patient_of[name] for name in read_ids(file)]
        images = np.flatnonzero(share_of_patients(patients, float(params.fractions["normals"]), params.seed))
        total = len(images) * int(np.prod(features.shape[1:3]))
        projection = Projection(total, features.shape[3], params.epsilon, params.seed)
        points = projected_points(features, images, projection, folder)
    count = max(1, round(float(params.fractions["coreset"]) * total))
    logging.info("%d of %d positions of %d normal images", count, total, len(images))
    placed = {"scratch": folder, "checkpoint": folder / "coreset.checkpoint.h5"}
    memory = int(resources.get("mem_mb", 4000)) * 500_000
    chosen = select(points, count, device=device, threads=threads, memory=memory, **placed)
    with create_h5(output.coreset) as file:
        for name, values in {"index": chosen.index, "radius": chosen.radius, "image": images.astype(np.int32)}.items():
            write_array(file, name, values)
        file.attrs["covering_radius"] = chosen.covering_radius
    logging.info("covering radius %.4g", chosen.covering_radius)
    placed["checkpoint"].unlink(missing_ok=True)


if __name__ == "__main__":
    run(main, snakemake)
