"""Measure the image scores of maps that have no pixel figures."""

import pandas as pd

from fundus_anomaly.evaluation.images import ImageSettings
from fundus_anomaly.evaluation.stored_images import evaluate_stored_images
from fundus_anomaly.files.sealed import write_csv
from fundus_anomaly.files.tables import read_results_table
from support.rule import run


def main(input, output, params):
    """Write the long table of image figures."""
    rows = evaluate_stored_images(
        scores=input.scores,
        calibration_scores=input.calibration_scores,
        images=input.images,
        masks=input.masks[0] if input.masks else None,
        excluded=set(read_results_table(input.left_out, {"id": "str"})["id"]),
        manifest=pd.DataFrame(dict(params.manifest)),
        lesions=list(params.lesions),
        field_of_view_only=params.field_of_view_only,
        settings=ImageSettings(**params.settings),
    )
    write_csv(output.metrics, rows)


if __name__ == "__main__":
    run(main, snakemake)
