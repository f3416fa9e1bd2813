"""Run the backbone over the photographs of a split."""

import logging

from fundus_anomaly.device import device_for
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.files.hdf5 import create_dataset, create_h5, open_h5, read_ids, write_ids
from fundus_anomaly.methods.resad.features import extract, level_shapes
from fundus_anomaly.networks.displacement import displacement, whole_pixels
from fundus_anomaly.networks.interface import load
from fundus_anomaly.progress import bar
from support.rule import run


def main(input, output, params, wildcards, resources, threads):
    """Write ``level2`` (n, h2, w2, c2), ``level3`` (n, h3, w3, c3) and ``id`` (eq. 1).

    The file's attributes tell the backbone, its precision, the SHA-256 of its weights, and how many pixels its maps are
    displaced along y and x.
    """
    device = device_for(resources.get("gpu", 0), threads)
    network = load(
        wildcards.backbone,
        input.weights,
        device=device,
        precision=params.precision,
        threads=threads,
        onnx=dict(params.onnx),
    )
    with open_h5(input.images, "image", "id") as photographs, create_h5(output.features) as file:
        file.attrs["backbone"], file.attrs["precision"] = wildcards.backbone, params.precision
        file.attrs["weights_sha256"] = sha256(input.weights)
        images = photographs["image"]
        shapes = level_shapes(network, *images.shape[1:3])
        found = displacement(network, *images.shape[1:3])
        file.attrs["displacement"] = whole_pixels(found)
        told = *found, *whole_pixels(found)
        logging.info("maps are displaced by %+.2f and %+.2f pixels (y, x), of which %d and %d are taken back", *told)
        stored = [
            create_dataset(file, name, (len(images), *shape), params.dtype)
            for name, shape in zip(("level2", "level3"), shapes, strict=True)
        ]
        with bar(len(images), f"features of {wildcards.split}", "image") as shown:
            for first, *levels in extract(network, images, 0, params.batch, params.dtype):
                for dataset, level in zip(stored, levels, strict=True):
                    dataset[first : first + len(level)] = level
                shown.update(len(levels[0]))
        write_ids(file, read_ids(photographs))


if __name__ == "__main__":
    run(main, snakemake)
