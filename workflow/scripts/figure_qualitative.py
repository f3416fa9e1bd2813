"""Draw Fig. 2: photographs, ground truth, and scores without and with ReSC."""

import pandas as pd

from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.qualitative import draw
from fundus_anomaly.report.figures.qualitative_rows import qualitative_rows
from fundus_anomaly.report.figures.shown_images import scales_of, scores_by_id, shown_images
from fundus_anomaly.report.pages.figure import save_with_page
from support.rule import run


def main(input, output, params):
    """Draw the figure as PNG and as a page."""
    lesions = list(params.lesions)
    with shown_images(input.images, input.masks, input.maps, input.left_out, lesions) as shown:
        rows = qualitative_rows(
            shown,
            pd.DataFrame(dict(params.manifest)),
            lesions,
            [scores_by_id(path, params.image_score) for path in input.scores],
            rows=params.rows,
            quantile=params.row_quantile,
            seed=params.seed,
        )
    scales = scales_of(input.calibration, params.scale_quantile)
    colours = lesion_colours(lesions, params.all_lesions)
    figure = draw(rows, list(params.methods), scales, lesions, params.opacity, colours)
    save_with_page(figure, output.picture, output.page, params.title, params.dpi)


if __name__ == "__main__":
    run(main, snakemake)
