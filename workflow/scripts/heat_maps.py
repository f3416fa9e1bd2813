"""Write a heat map for every test image, and a page to look through them."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.files.output_names import output_file
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.files.whole import whole, write_text
from fundus_anomaly.progress import track
from fundus_anomaly.report.figures.heat_map import overlay
from fundus_anomaly.report.figures.shown_images import ShownImages, scale_of, scores_by_id
from fundus_anomaly.report.pages.scores import Finding, Settings, pages
from fundus_anomaly.scoring.thresholds import calibration_in_words, image_threshold
from support.rule import run


def main(input, output, params):
    """Write each image's heat map ``png/<id>.png`` and ``photograph/<id>.jpg``, and pages, ``index.html`` first."""
    folder = Path(output.page)
    # A folder cannot be renamed over another: it is filled beside its place and moved there last.
    filling = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(filling, ignore_errors=True)
    manifest = pd.DataFrame(dict(params.manifest)).set_index("id")
    left_out = read_results_table(input.left_out, {"id": "str", "reason": "str"})
    with ExitStack() as stack:

        def opened(path, *names):
            return stack.enter_context(open_h5(path, *names))

        maps = [opened(path, "distance", "id") for path in input.maps]
        images = opened(input.images, "image", "field_of_view", "id")
        shown = ShownImages(images, None, maps, [], left_out["id"])
        scale = scale_of(opened(input.calibration[0], "distance"), params.scale_quantile)
        scores = scores_by_id(input.scores[0], params.image_score)
        normal_scores = scores_by_id(input.calibration_scores[0], params.image_score).to_numpy()

        def pictures(name: str) -> tuple[np.ndarray, np.ndarray]:
            photograph = shown.photograph(name)
            heat = overlay(photograph, shown.maps(name)[0], shown.field_of_view(name), scale, params.opacity)
            return photograph, heat

        larger = ("photograph/{id}.jpg", "png/{id}.png")
        for name in track(shown.ids, len(shown.ids), "heat maps"):
            for pattern, picture in zip(larger, pictures(name), strict=True):
                file = filling / output_file(pattern, name)
                with whole(file) as temporary:
                    temporary.write_bytes(cv2.imencode(file.suffix, picture[..., ::-1])[1].tobytes())
        settings = Settings(
            title=params.title,
            method=f"{params.method}, image score {params.image_score}",
            threshold=image_threshold(normal_scores, params.normal_quantile),
            threshold_meaning=calibration_in_words(len(normal_scores), params.normal_quantile),
            rows_per_page=200,
            thumbnail=200,
            jpeg_quality=85,
            scale=scale,
            larger=larger,
        )
        found = [
            Finding(row.Index, row.path, float(scores[row.Index]), int(row.label), int(row.grade))
            for row in manifest.loc[shown.ids].itertuples()
        ]
        missing = list(zip(left_out["id"], left_out["reason"], strict=True))
        for page, html in pages(found, normal_scores, missing, pictures, settings):
            write_text(filling / page, html)
    shutil.rmtree(folder, ignore_errors=True)
    filling.rename(folder)


if __name__ == "__main__":
    run(main, snakemake)
