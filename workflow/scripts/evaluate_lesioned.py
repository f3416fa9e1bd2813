"""Measure how well a bank tells lesioned copies of held-out normals from these normals."""

from fundus_anomaly.evaluation.evaluate import Settings
from fundus_anomaly.evaluation.lesioned import Lesioned, evaluate_lesioned
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.scoring.by_position import Options
from support.rule import run


def main(input, output, params):
    """Write the long table of figures, and label, patient and every image score of normals and copies."""
    with (
        open_h5(input.normals, "distance", "id") as normals,
        open_h5(input.copies, "distance", "id") as copies,
        open_h5(input.images, "field_of_view", "id", "normal") as images,
        open_h5(input.train_images, "field_of_view", "id") as train_images,
        open_h5(input.masks, "coverage", "id") as masks,
    ):
        patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
        lesioned = Lesioned(normals, copies, images, train_images, masks, patient_of)
        scores = lesioned.scores(Options(**params.options), params.scores)
        settings, only = Settings(**params.settings), params.field_of_view_only
        write_csv(output.metrics, evaluate_lesioned(lesioned, scores, settings, field_of_view_only=only))
        write_csv(output.scores, lesioned.manifest().merge(scores, on="id", validate="one_to_one"))


if __name__ == "__main__":
    run(main, snakemake)
