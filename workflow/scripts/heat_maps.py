"""Write a heat map for every test image, pages to look through them, and a table of them."""

from pathlib import Path

import pandas as pd

from fundus_anomaly.audit.excluded import read_excluded
from fundus_anomaly.datasets.named_roots import below_root
from fundus_anomaly.files.filled_folder import filled_folder
from fundus_anomaly.predict.images_table import table_of_run, with_excluded, write_images
from fundus_anomaly.quality.tables import read_quality, read_summary, refused_of
from fundus_anomaly.report.figures.heat_map import scale_in_words
from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.shown_images import scales_of, scores_by_id, shown_images
from fundus_anomaly.report.pages.gallery_card import findings_of
from fundus_anomaly.report.pages.gallery_folder import write_gallery
from fundus_anomaly.report.pages.gallery_page import Settings
from fundus_anomaly.report.pages.gallery_shown import pictured
from fundus_anomaly.scoring.thresholds import calibrate, calibration_in_words
from support.rule import run


def main(input, output, params):
    """Write the pictures of each image, pages, and ``images.csv``."""
    normal_scores = scores_by_id(input.calibration_scores[0], params.image_score).to_numpy()
    scores = scores_by_id(input.scores[0], params.image_score)
    (scale,) = scales_of(input.calibration, params.scale_quantile)
    calibration = calibrate(normal_scores, params.normal_quantile)
    settings = Settings(
        title=params.title,
        method=f"{params.method}, image score {params.image_score}",
        threshold=calibration.threshold,
        threshold_meaning=calibration_in_words(len(normal_scores), params.normal_quantile),
        scale=scale,
        unit=scale_in_words(params.calibrated, params.scale_quantile),
        opacity=params.opacity,
        lesions=lesion_colours(params.lesions, params.all_lesions),
    )
    manifest = pd.DataFrame(dict(params.manifest)).set_index("id")
    said, (_, light) = read_quality(input.quality), read_summary(input.summary)
    files = (input.images, input.masks, input.maps, input.left_out, params.lesions)
    with filled_folder(output.page) as folder, shown_images(*files) as shown:
        judged = said.loc[shown.ids, ["quality", "reason"]]
        found = findings_of(manifest.loc[shown.ids].join(judged).assign(score=scores))
        missing = list(read_excluded(input.left_out).items())
        write_gallery(folder, found, pictured(shown, refused_of(said), scale), normal_scores, missing, settings, light)
    below = manifest.assign(path=[below_root(path, *params.roots) for path in manifest["path"]])
    photographs = with_excluded(below, judged, read_excluded(input.left_out, "test"))
    table = table_of_run(photographs, scores, normal_scores, calibration, Path(output.page).name)
    write_images(output.table, output.workbook, table)


if __name__ == "__main__":
    run(main, snakemake)
