"""Draw the maps of every method that gives maps side by side, ground truth beside them."""

import pandas as pd

from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.qualitative import draw
from fundus_anomaly.report.figures.qualitative_rows import qualitative_rows
from fundus_anomaly.report.figures.shown_images import own_scores_by_id, scales_of, shown_images
from fundus_anomaly.report.pages.figure import save_with_page
from fundus_anomaly.scoring.contract import gives_maps
from support.rule import run


def main(input, output, params):
    """Draw the figure as PNG and as a page."""
    lesions = list(params.lesions)
    files = zip(params.methods, input.maps, input.calibration, input.scores, strict=True)
    names, maps, calibration, scores = zip(*(each for each in files if gives_maps(each[1])), strict=True)
    with shown_images(input.images, input.masks, maps, input.left_out, lesions) as shown:
        rows = qualitative_rows(
            shown,
            pd.DataFrame(dict(params.manifest)),
            lesions,
            [own_scores_by_id(path, params.image_score) for path in scores],
            rows=params.rows,
            quantile=params.row_quantile,
            seed=params.seed,
        )
    scales = scales_of(calibration, params.scale_quantile)
    figure = draw(rows, names, scales, lesions, None, lesion_colours(lesions, params.all_lesions))
    save_with_page(figure, output.picture, output.page, params.title, params.dpi)


if __name__ == "__main__":
    run(main, snakemake)
