"""Draw the contact sheet of the worst misses."""

from contextlib import ExitStack

import numpy as np
import pandas as pd

from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.report.figures.misses import Tile, draw, worst_misses
from fundus_anomaly.report.figures.shown_images import ShownImages, scale_of, scores_by_id
from fundus_anomaly.report.pages.figure import save_with_page
from fundus_anomaly.scoring.thresholds import image_threshold
from support.rule import run


def main(input, output, params):
    """Draw the sheet as PNG and as a page."""
    left_out = read_results_table(input.left_out, {"id": "str"})["id"]
    with ExitStack() as stack:

        def opened(path, *names):
            return stack.enter_context(open_h5(path, *names))

        masks = opened(input.masks[0], "coverage", "id") if input.masks else None
        maps = [opened(path, "distance", "id") for path in input.maps]
        images = opened(input.images, "image", "field_of_view", "id")
        shown = ShownImages(images, masks, maps, list(params.lesions), left_out)
        manifest = pd.DataFrame(dict(params.manifest)).set_index("id").loc[shown.ids]
        scores = scores_by_id(input.scores[0], params.image_score)[shown.ids]
        normal_scores = np.sort(scores_by_id(input.calibration_scores[0], params.image_score).to_numpy())
        found = worst_misses(shown.ids, scores.to_numpy(), manifest["label"].to_numpy(), params.tiles)

        def tile(place: int) -> Tile:
            name = shown.ids[place]
            coverage = shown.coverage(name)
            return Tile(
                name,
                int(manifest["grade"].iloc[place]),
                float(scores.iloc[place]),
                100 * float(np.searchsorted(normal_scores, scores.iloc[place])) / len(normal_scores),
                shown.photograph(name),
                shown.maps(name)[0],
                shown.field_of_view(name),
                coverage.max(axis=0) if coverage.any() else None,
            )

        tiles = [[tile(place) for place in places] for places in found]
        scale = scale_of(opened(input.calibration[0], "distance"), params.scale_quantile)
    threshold = image_threshold(normal_scores, params.normal_quantile)
    save_with_page(
        draw(*tiles, scale, threshold, params.tiles_a_row, params.opacity),
        output.picture,
        output.page,
        params.title,
        params.dpi,
    )


if __name__ == "__main__":
    run(main, snakemake)
