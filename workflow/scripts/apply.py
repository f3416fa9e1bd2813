"""Score test images and held-out normals with a fitted method."""

from fundus_anomaly.datasets.subsets import taught_and_held_out
from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids
from fundus_anomaly.imaging.prepared_images import PreparedPhotographs
from fundus_anomaly.methods.applied import apply_detector
from fundus_anomaly.methods.detector_file import read_detector
from fundus_anomaly.methods.interface import Work
from fundus_anomaly.scoring.contract import FieldsOfView
from support.rule import run


def main(input, output, params, resources, threads):
    """Write maps and image scores of the test, and of the normals that the method has not learned from."""
    detector, side = read_detector(input.detector, Work(device_for(resources.get("gpu", 0), threads)))
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    for images, views, maps, scores, normals in (
        (input.images, input.views, output.maps, output.scores, False),
        (input.train_images, input.train_views, output.calibration_maps, output.calibration_scores, True),
    ):
        with (
            open_h5(images, "image", "field_of_view", "id") as prepared,
            open_h5(views, "field_of_view", "id") as evaluated,
            create_h5(maps) as file,
        ):
            chosen = None
            if normals:
                chosen = taught_and_held_out(read_ids(prepared), patient_of, params.held_out, params.seed)[1]
            table = apply_detector(
                detector,
                PreparedPhotographs(prepared, chosen),
                FieldsOfView(evaluated),
                file,
                side=side,
                image_size=tuple(params.image_size),
                options=params.scores,
                what="held-out normals" if normals else "test",
            )
        write_csv(scores, table)


if __name__ == "__main__":
    run(main, snakemake)
