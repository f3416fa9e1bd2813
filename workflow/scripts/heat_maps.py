"""Write a heat map for every test image, and a page to look through them."""

import pandas as pd

from fundus_anomaly.files.filled_folder import filled_folder
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.quality.tables import read_quality, read_summary
from fundus_anomaly.report.figures.heat_map import scale_in_words
from fundus_anomaly.report.figures.shown_images import scales_of, scores_by_id, shown_images
from fundus_anomaly.report.pages.heat_map_folder import LARGER, write_heat_maps
from fundus_anomaly.report.pages.scores import Settings
from fundus_anomaly.scoring.thresholds import calibration_in_words, image_threshold
from support.rule import run


def main(input, output, params):
    """Write the pictures of each image, and pages."""
    normal_scores = scores_by_id(input.calibration_scores[0], params.image_score).to_numpy()
    (scale,) = scales_of(input.calibration, params.scale_quantile)
    settings = Settings(
        title=params.title,
        method=f"{params.method}, image score {params.image_score}",
        threshold=image_threshold(normal_scores, params.normal_quantile),
        threshold_meaning=calibration_in_words(len(normal_scores), params.normal_quantile),
        rows_per_page=200,
        thumbnail=200,
        jpeg_quality=85,
        scale=scale,
        unit=scale_in_words(params.calibrated, params.scale_quantile),
        larger=LARGER,
    )
    manifest = pd.DataFrame(dict(params.manifest)).set_index("id")
    scores = scores_by_id(input.scores[0], params.image_score)
    left_out = read_results_table(input.left_out, {"id": "str", "reason": "str"})
    missing = list(zip(left_out["id"], left_out["reason"], strict=True))
    said, (_, light) = read_quality(input.quality), read_summary(input.summary)
    with filled_folder(output.page) as folder, shown_images(input.images, [], input.maps, input.left_out) as shown:
        write_heat_maps(folder, shown, manifest, scores, normal_scores, missing, settings, params.opacity, said, light)


if __name__ == "__main__":
    run(main, snakemake)
