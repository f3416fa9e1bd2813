"""Measure one method: every figure of its score maps and image scores."""

import pandas as pd

from fundus_anomaly.evaluation.evaluate import Settings
from fundus_anomaly.evaluation.pixel_sample import write_pixel_sample
from fundus_anomaly.evaluation.stored import evaluate_stored
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.tables import read_results_table
from support.rule import run


def main(input, output, params):
    """Write the long table of figures, the curves, and the pixels that two methods are compared by."""
    result = evaluate_stored(
        **{name: input[name] for name in ("maps", "scores", "calibration_maps", "calibration_scores")},
        images=list(input.images),
        train_images=input.train_images,
        masks=input.masks[0] if input.masks else None,
        excluded=set(read_results_table(input.left_out, {"id": "str"})["id"]),
        manifest=pd.DataFrame(dict(params.manifest)),
        lesions=list(params.lesions),
        field_of_view_only=params.field_of_view_only,
        pixels=params.pixels,
        settings=Settings(**params.settings),
    )
    write_csv(output.metrics, result.rows)
    write_csv(output.curves, result.curves)
    write_pixel_sample(output.pixels, result.pixels)


if __name__ == "__main__":
    run(main, snakemake)
