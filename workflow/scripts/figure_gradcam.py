"""Draw Fig. A3: where the trained classifier looks, over photographs and annotated lesions."""

import pandas as pd

from fundus_anomaly.files.hdf5 import open_h5, read_ids, read_texts
from fundus_anomaly.networks.classifier import Classifier, empty_network
from fundus_anomaly.networks.state import load_state, read_state
from fundus_anomaly.report.figures.gradcam import draw
from fundus_anomaly.report.figures.gradcam_rows import Photographs, gradcam_rows
from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.shown_images import scores_by_id, shown_images
from fundus_anomaly.report.pages.figure import save_with_page
from fundus_anomaly.scoring.contract import OWN
from support.rule import run


def main(input, output, params):
    """Draw the figure as PNG and as a page."""
    lesions, settings = list(params.lesions), dict(params.training)
    classifier = Classifier(empty_network(params.network, settings["head"]), settings["mean"], settings["std"])
    load_state(classifier, read_state(input.weights), params.network, input.weights)
    with open_h5(input.images, "source", "id") as file:
        sources = dict(zip(read_ids(file), read_texts(file, "source"), strict=True))
    with shown_images(input.images, input.masks, [], input.left_out, lesions) as shown:
        rows = gradcam_rows(
            shown,
            classifier,
            pd.DataFrame(dict(params.manifest)),
            scores_by_id(input.scores, OWN),
            lesions,
            Photographs(sources, params.preprocessing, params.max_pixels, input.images),
            rows=params.rows,
            quantile=params.row_quantile,
            seed=params.seed,
        )
    drawn = draw(rows, lesions, params.opacity, lesion_colours(lesions, params.all_lesions))
    save_with_page(drawn, output.picture, output.page, params.title, params.dpi)


if __name__ == "__main__":
    run(main, snakemake)
