"""Score test images and held-out normals with a fitted method."""

from fundus_anomaly.datasets.subsets import taught_and_held_out
from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.methods.applied import apply_to_file
from fundus_anomaly.methods.detector_file import read_detector
from fundus_anomaly.methods.interface import Work
from support.rule import run


def main(input, output, params, resources, threads):
    """Write maps and image scores of the test, and of the normals that the method has not learned from."""
    detector, side = read_detector(input.detector, Work(device_for(resources.get("gpu", 0), threads)))
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    how = {"side": side, "image_size": params.image_size, "options": params.scores}

    def held_out(ids):
        return taught_and_held_out(ids, patient_of, params.held_out, params.seed)[1]

    files = (input.images, input.views, output.maps)
    write_csv(output.scores, apply_to_file(detector, *files, what="test", **how))
    files = (input.train_images, input.train_views, output.calibration_maps)
    normals = apply_to_file(detector, *files, chosen=held_out, what="held-out normals", **how)
    write_csv(output.calibration_scores, normals)


if __name__ == "__main__":
    run(main, snakemake)
