"""Measure one variant: every figure of its score maps and image scores."""

from collections.abc import Iterator
from itertools import chain

import h5py
import numpy as np
import pandas as pd

from fundus_anomaly.evaluation.evaluate import HeldOutNormal, ScoredImage, Settings, evaluate
from fundus_anomaly.evaluation.pixel_sample import write_pixel_sample
from fundus_anomaly.evaluation.score_bins import edges_of
from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.files.sealed import read_csv, write_csv
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.imaging.lesion_truth import lesion_truth
from fundus_anomaly.progress import track
from fundus_anomaly.scoring.map_files import map_of
from support.rule import run


def views(file: h5py.File, wanted: bool) -> dict[str, int]:
    """Return the place of each image's field of view; none if pixel figures take the whole square."""
    return {name: number for number, name in enumerate(read_ids(file))} if wanted else {}


def view_of(file: h5py.File, places: dict[str, int], name: str) -> np.ndarray | None:
    """Return the field of view of one image, ``(S, S)`` bool, or None for the whole square."""
    return file["field_of_view"][places[name]].astype(bool) if name in places else None


def scored(maps: h5py.File, kept: list[str], truths: dict, images: h5py.File, places: dict) -> Iterator[ScoredImage]:
    """Yield the test images with their score maps at image size and their lesions."""
    wanted = set(kept)
    for number, name in enumerate(track(read_ids(maps), len(maps["distance"]), "evaluation")):
        if name not in wanted:
            continue
        yield ScoredImage(name, map_of(maps, number), truths.get(name, lambda: None)(), view_of(images, places, name))


def truths_of(masks: h5py.File, lesions: list[str]) -> dict:
    """Return for each annotated image a function that reads its lesions, ``(S, S)`` bool each."""

    def reader(number: int):
        def read() -> dict[str, np.ndarray]:
            coverage = masks["coverage"][number]
            return {lesion: lesion_truth(one) for lesion, one in zip(lesions, coverage, strict=True) if one.any()}

        return read

    return {name: reader(number) for number, name in enumerate(read_ids(masks))}


def held_out(maps: h5py.File, images: h5py.File, places: dict) -> Iterator[HeldOutNormal]:
    """Yield the held-out normals with their score maps at image size."""
    for number, name in enumerate(read_ids(maps)):
        yield HeldOutNormal(name, map_of(maps, number), view_of(images, places, name))


def main(input, output, params):
    """Write the long table of figures, the curves, and the pixels that two variants are compared by."""
    lesions = list(params.lesions)
    manifest = pd.DataFrame(dict(params.manifest))
    only_retina = params.field_of_view_only
    with (
        open_h5(input.maps, "distance", "id") as maps,
        open_h5(input.calibration_maps, "distance", "id") as calibration,
        open_h5(input.images, "field_of_view", "id") as images,
        open_h5(input.train_images, "field_of_view", "id") as train_images,
    ):
        ids = read_ids(maps)
        left_out = set(read_results_table(input.left_out, {"id": "str"})["id"])
        kept = [name for name in ids if name not in left_out]
        manifest = manifest[manifest["id"].isin(kept)].reset_index(drop=True)
        scores = read_csv(input.scores, dtype={"id": str})
        distances = [file["distance"] for file in (maps, calibration)]
        common = {
            "image_scores": scores[scores["id"].isin(kept)].reset_index(drop=True),
            "manifest": manifest,
            "lesions": lesions,
            "edges": edges_of(chain.from_iterable(distances), sum(one.size for one in distances)),
            "held_out_scores": read_csv(input.calibration_scores, dtype={"id": str}),
            "held_out": held_out(calibration, train_images, views(train_images, only_retina)),
            "settings": Settings(**params.settings),
        }
        places = views(images, only_retina)
        if input.masks:
            with open_h5(input.masks[0], "coverage", "id") as masks:
                result = evaluate(scored(maps, kept, truths_of(masks, lesions), images, places), **common)
        else:
            result = evaluate(scored(maps, kept, {}, images, places), **common)
    write_csv(output.metrics, result.rows)
    write_csv(output.curves, result.curves)
    write_pixel_sample(output.pixels, result.pixels)


if __name__ == "__main__":
    run(main, snakemake)
