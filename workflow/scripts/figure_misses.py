"""Draw the contact sheet of the worst misses."""

import pandas as pd

from fundus_anomaly.quality.tables import read_quality
from fundus_anomaly.quality.verdict import NOT_JUDGED
from fundus_anomaly.report.figures.missed_images import missed_images
from fundus_anomaly.report.figures.misses import draw
from fundus_anomaly.report.figures.shown_images import scales_of, scores_by_id, shown_images
from fundus_anomaly.report.pages.figure import save_with_page
from fundus_anomaly.scoring.thresholds import image_threshold
from support.rule import run


def main(input, output, params):
    """Draw the sheet as PNG and as a page."""
    manifest = pd.DataFrame(dict(params.manifest)).set_index("id")
    scores = scores_by_id(input.scores[0], params.image_score)
    normal_scores = scores_by_id(input.calibration_scores[0], params.image_score).to_numpy()
    said = read_quality(input.quality)
    with shown_images(input.images, input.masks, input.maps, input.left_out, params.lesions) as shown:
        unjudged = set(said.index[said["quality"] == NOT_JUDGED])
        tiles = missed_images(shown, manifest, scores, normal_scores, params.tiles, unjudged)
    (scale,) = scales_of(input.calibration, params.scale_quantile)
    threshold = image_threshold(normal_scores, params.normal_quantile)
    figure = draw(*tiles, scale, threshold, params.tiles_a_row, params.opacity)
    save_with_page(figure, output.picture, output.page, params.title, params.dpi)


if __name__ == "__main__":
    run(main, snakemake)
