"""Run the backbone over the photographs of a split."""

from fundus_anomaly.device import device_for
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids, write_ids
from fundus_anomaly.methods.resad.features import write_levels
from fundus_anomaly.networks.interface import load
from support.rule import run


def main(input, output, params, wildcards, resources, threads):
    """Write the levels (eq. 1) and ``id``.

    The file's attributes tell the backbone, its precision, the SHA-256 of its weights, and how many pixels its maps are
    displaced along y and x.
    """
    network = load(
        wildcards.backbone,
        input.weights,
        device=device_for(resources.get("gpu", 0), threads),
        precision=params.precision,
        threads=threads,
        onnx=dict(params.onnx),
    )
    with open_h5(input.images, "image", "id") as photographs, create_h5(output.features) as file:
        file.attrs["backbone"], file.attrs["precision"] = wildcards.backbone, params.precision
        file.attrs["weights_sha256"] = sha256(input.weights)
        what = f"features of {wildcards.split}"
        write_levels(network, photographs["image"], file, batch=params.batch, dtype=params.dtype, what=what)
        write_ids(file, read_ids(photographs))


if __name__ == "__main__":
    run(main, snakemake)
