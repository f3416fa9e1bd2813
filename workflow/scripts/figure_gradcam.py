"""Draw Fig. A3: where the trained classifier looks, over photographs and annotated lesions."""

import json
from contextlib import ExitStack

import numpy as np
import pandas as pd

from fundus_anomaly.files.hdf5 import open_h5, read_ids, read_texts
from fundus_anomaly.files.sealed import read_csv
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.imaging.preprocess import preprocess, require_same_content
from fundus_anomaly.networks.class_activation import class_activation
from fundus_anomaly.networks.classifier import Classifier, empty_network
from fundus_anomaly.networks.state import load_state, read_state
from fundus_anomaly.report.figures.gradcam import Row, draw
from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.row_choice import choose_rows, lesion_areas
from fundus_anomaly.report.figures.shown_images import ShownImages
from fundus_anomaly.report.pages.figure import save_with_page
from support.rule import run


def main(input, output, params):
    """Draw the figure as PNG and as a page; the images are chosen by their lesions and names, not by any score."""
    lesions, settings = list(params.lesions), dict(params.training)
    classifier = Classifier(empty_network(params.network, settings["head"]), settings["mean"], settings["std"])
    load_state(classifier, read_state(input.weights), params.network, input.weights)
    manifest = pd.DataFrame(dict(params.manifest)).set_index("id", drop=False)
    logits = read_csv(input.scores, dtype={"id": str}).set_index("id")["logit"]
    with ExitStack() as stack:
        images = stack.enter_context(open_h5(input.images, "image", "field_of_view", "source", "id"))
        masks = stack.enter_context(open_h5(input.masks[0], "coverage", "id")) if input.masks else None
        left_out = read_results_table(input.left_out, {"id": "str"})["id"]
        shown = ShownImages(images, masks, [], lesions, left_out)
        manifest = manifest[manifest["id"].isin(shown.ids) & manifest["id"].isin(logits.index)]
        annotated = [name for name in shown.annotated if name in manifest.index]
        chosen = choose_rows(
            manifest,
            lesion_areas(annotated, lesions, map(shown.coverage, annotated)),
            quantile=params.row_quantile,
            normals=1,
            others=max(1, params.rows - 1),
            seed=params.seed,
        )
        maps = class_activation(classifier, np.stack([shown.photograph(choice.id) for choice in chosen]))
        plain = dict(params.preprocessing) | {"graham": False}
        sources = dict(zip(read_ids(images), read_texts(images, "source"), strict=True))

        def photograph(name):
            path, anew = manifest.loc[name, "path"], f"delete {input.images} and run the same command again"
            found = preprocess(path, **plain, max_pixels=params.max_pixels)
            require_same_content(path, found.source, json.loads(sources[name])["sha256"], anew)
            return found.image

        rows = [
            Row(
                choice.id,
                choice.reason,
                int(manifest.loc[choice.id, "grade"]),
                photograph(choice.id),
                shown.field_of_view(choice.id),
                shown.coverage(choice.id),
                {name: found[number] for name, found in maps.items()},
                float(logits[choice.id]),
            )
            for number, choice in enumerate(chosen)
        ]
    save_with_page(
        draw(rows, lesions, params.opacity, lesion_colours(lesions, params.all_lesions)),
        output.picture,
        output.page,
        params.title,
        params.dpi,
    )


if __name__ == "__main__":
    run(main, snakemake)
