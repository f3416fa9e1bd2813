"""Write a heat map for every test image, pages to look through them, and a table of them."""

from pathlib import Path

import pandas as pd

from fundus_anomaly.audit.excluded import read_excluded
from fundus_anomaly.datasets.named_roots import with_paths_below
from fundus_anomaly.files.filled_folder import filled_folder
from fundus_anomaly.predict.images_table import write_run_table
from fundus_anomaly.quality.tables import read_quality, read_summary, refused_of
from fundus_anomaly.report.figures.heat_map import scale_in_words
from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.shown_images import scales_of, scores_by_id, shown_images
from fundus_anomaly.report.pages.gallery_card import findings_of
from fundus_anomaly.report.pages.gallery_folder import write_gallery
from fundus_anomaly.report.pages.gallery_page import Settings
from fundus_anomaly.report.pages.gallery_shown import pictured
from support.rule import run


def main(input, output, params):
    """Write the pictures of each image, pages, and ``images.csv``."""
    (normals,) = (scores_by_id(file, params.image_score).to_numpy() for file in input.calibration_scores)
    (scores,) = (scores_by_id(file, params.image_score) for file in input.scores)
    (scale,) = scales_of(input.calibration, params.scale_quantile)
    how = {"scale": scale, "unit": scale_in_words(params.calibrated, params.scale_quantile), **params.page}
    how["lesions"] = lesion_colours(params.lesions, params.all_lesions)
    settings = Settings.of_normals(normals, params.normal_quantile, **how)
    said, (_, light) = read_quality(input.quality), read_summary(input.summary)
    manifest = with_paths_below(pd.DataFrame(dict(params.manifest)).set_index("id"), *params.roots)
    files = (input.images, input.masks, input.maps, input.left_out, params.lesions)
    with filled_folder(output.page) as folder, shown_images(*files) as shown:
        judged = manifest.loc[shown.ids].join(said.loc[shown.ids, ["quality", "reason"]])
        found = findings_of(judged.assign(score=scores.loc[shown.ids]))
        missing, pictures = [*read_excluded(input.left_out).items()], pictured(shown, refused_of(said), scale)
        write_gallery(folder, found, pictures, normals, missing, settings, light)
    excluded, heat_maps = read_excluded(input.left_out, "test"), Path(output.page).name
    given = (manifest, judged, excluded, scores, normals, params.normal_quantile, heat_maps)
    write_run_table(output.table, output.workbook, *given)


if __name__ == "__main__":
    run(main, snakemake)
