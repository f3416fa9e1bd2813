"""Draw Fig. 2: photographs, ground truth, and scores without and with ReSC."""

from contextlib import ExitStack

import pandas as pd

from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.qualitative import Row, draw
from fundus_anomaly.report.figures.row_choice import choose_rows, lesion_areas
from fundus_anomaly.report.figures.shown_images import ShownImages, scale_of, scores_by_id
from fundus_anomaly.report.pages.figure import save_with_page
from support.rule import run


def main(input, output, params):
    """Draw the figure as PNG and as a page."""
    lesions = list(params.lesions)
    left_out = read_results_table(input.left_out, {"id": "str"})["id"]
    with ExitStack() as stack:

        def opened(path, *names):
            return stack.enter_context(open_h5(path, *names))

        masks = opened(input.masks[0], "coverage", "id") if input.masks else None
        maps = [opened(path, "distance", "id") for path in input.maps]
        calibration = [opened(path, "distance") for path in input.calibration]
        shown = ShownImages(opened(input.images, "image", "field_of_view", "id"), masks, maps, lesions, left_out)
        manifest = pd.DataFrame(dict(params.manifest))
        manifest = manifest[manifest["id"].isin(shown.ids)]
        areas = lesion_areas(shown.annotated, lesions, map(shown.coverage, shown.annotated))
        chosen = choose_rows(
            manifest,
            areas,
            quantile=params.row_quantile,
            normals=max(1, params.rows - len(lesions)),
            others=max(1, params.rows - 1),
            seed=params.seed,
        )
        scores = [scores_by_id(path, params.image_score) for path in input.scores]
        grades = manifest.set_index("id")["grade"]
        rows = [
            Row(
                choice.id,
                choice.reason,
                int(grades[choice.id]),
                shown.photograph(choice.id),
                shown.field_of_view(choice.id),
                shown.coverage(choice.id),
                shown.maps(choice.id),
                [table[choice.id] for table in scores],
            )
            for choice in chosen
        ]
        scales = [scale_of(file, params.scale_quantile) for file in calibration]
    save_with_page(
        draw(rows, list(params.methods), scales, lesions, params.opacity, lesion_colours(lesions, params.all_lesions)),
        output.picture,
        output.page,
        params.title,
        params.dpi,
    )


if __name__ == "__main__":
    run(main, snakemake)
