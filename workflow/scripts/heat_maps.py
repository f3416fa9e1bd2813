"""Write a heat map for every test image, pages to look through them, and a table of them."""

from pathlib import Path

import pandas as pd

from fundus_anomaly.datasets.named_roots import below_root
from fundus_anomaly.files.filled_folder import filled_folder
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.predict.images_table import heat_maps_in, images_table, judged_together, with_excluded, write_images
from fundus_anomaly.quality.tables import read_quality, read_summary
from fundus_anomaly.quality.verdict import NOT_JUDGED
from fundus_anomaly.report.figures.heat_map import levels, scale_in_words
from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.shown_images import scales_of, scores_by_id, shown_images
from fundus_anomaly.report.pages.gallery_card import Finding
from fundus_anomaly.report.pages.gallery_folder import Pictured, write_gallery
from fundus_anomaly.report.pages.gallery_page import Settings
from fundus_anomaly.scoring.thresholds import calibrate, calibration_in_words
from support.rule import run


def main(input, output, params):
    """Write the pictures of each image, pages, and ``images.csv``."""
    normal_scores = scores_by_id(input.calibration_scores[0], params.image_score).to_numpy()
    (scale,) = scales_of(input.calibration, params.scale_quantile)
    calibration = calibrate(normal_scores, params.normal_quantile)
    lesions = list(params.lesions)
    settings = Settings(
        title=params.title,
        method=f"{params.method}, image score {params.image_score}",
        threshold=calibration.threshold,
        threshold_meaning=calibration_in_words(len(normal_scores), params.normal_quantile),
        scale=scale,
        unit=scale_in_words(params.calibrated, params.scale_quantile),
        opacity=params.opacity,
        lesions=lesion_colours(lesions, params.all_lesions),
    )
    manifest = pd.DataFrame(dict(params.manifest)).set_index("id")
    scores = scores_by_id(input.scores[0], params.image_score)
    left_out = read_results_table(input.left_out, {"id": "str", "split": "str", "reason": "str"})
    missing = list(zip(left_out["id"], left_out["reason"], strict=True))
    said, (_, light) = read_quality(input.quality), read_summary(input.summary)
    with (
        filled_folder(output.page) as folder,
        shown_images(input.images, input.masks, input.maps, input.left_out, lesions) as shown,
    ):
        annotated = set(shown.annotated)

        def pictured(name):
            photograph = shown.photograph(name)
            if said["quality"][name] == NOT_JUDGED:
                return Pictured(photograph, None)
            painted = levels(shown.maps(name)[0], shown.field_of_view(name), scale)
            return Pictured(photograph, painted, shown.coverage(name) if name in annotated else None)

        judged = said.loc[shown.ids]
        photographs = manifest.loc[shown.ids].join(judged[["quality", "reason"]])
        found = [
            Finding(
                row.Index,
                float(scores[row.Index]),
                int(row.label),
                int(row.grade),
                row.quality,
                row.reason,
                patient=row.patient,
                eye=row.eye,
            )
            for row in photographs.itertuples()
        ]
        write_gallery(folder, found, pictured, normal_scores, missing, settings, light)
    excluded = left_out[left_out["split"] == "test"].set_index("id")["reason"].to_dict()
    below = manifest.assign(path=[below_root(path, *params.roots) for path in manifest["path"]])
    table = judged_together(with_excluded(below, judged, excluded), scores, normal_scores, calibration.threshold)
    maps = heat_maps_in(Path(output.page).name, table["id"], table["quality"])
    rows = images_table(table, [], calibration.threshold, calibration.expected, maps)
    write_images(output.table, output.workbook, rows)


if __name__ == "__main__":
    run(main, snakemake)
