"""Calibrate distance maps by position: those of the test by all normals, each normal's by the other patients'."""

from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids
from fundus_anomaly.scoring.by_position import Options
from fundus_anomaly.scoring.calibrated_maps import normal_maps, write_calibrated, write_positions
from fundus_anomaly.scoring.contract import FieldsOfView
from support.rule import run


def main(input, output, params):
    """Write z of test images and normals with their image scores, and μ and σ that new photographs are judged by."""
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    with (
        open_h5(input.maps, "distance", "id") as tested,
        open_h5(input.calibration_maps, "distance", "id") as held_out,
        open_h5(input.images, "field_of_view", "id") as images,
        open_h5(input.train_images, "field_of_view", "id") as train_images,
    ):
        normals = normal_maps(held_out, patient_of, Options(**params.options))
        positions = normals.all()
        with create_h5(output.positions) as file:
            write_positions(file, positions)
        of_test = (positions.calibrate(one) for one in tested["distance"])
        of_normals = (normals.calibrated(number) for number in range(len(held_out["distance"])))
        for source, maps, views, file, table in (
            (tested, of_test, images, output.maps, output.scores),
            (held_out, of_normals, train_images, output.calibration_maps, output.calibration_scores),
        ):
            with create_h5(file) as target:
                scores = write_calibrated(source, read_ids(source), maps, FieldsOfView(views), target, params.scores)
            write_csv(table, scores)


if __name__ == "__main__":
    run(main, snakemake)
