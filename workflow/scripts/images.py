"""Bring the photographs of a split to the working size."""

import logging

import cv2
import numpy as np
import pandas as pd
import PIL

from fundus_anomaly.audit.fact_tables import PHOTOGRAPH_FACTS, read_facts
from fundus_anomaly.audit.usable import usable
from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.hdf5 import create_dataset, create_h5, write_ids, write_texts
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.imaging.preprocess import Preprocessed, preprocess, require_same_content
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.progress import track
from support.rule import run


def readable(ids: list[str], paths: list[str], facts: pd.DataFrame, on_bad_image: str) -> list[tuple[str, str]]:
    """Return id and path of the images to take; with ``exclude`` those that cannot be used are left out."""
    broken = set(facts.loc[~usable(facts), "id"]) if on_bad_image == "exclude" else set()
    for name in sorted(broken.intersection(ids)):
        logging.warning("%s is left out: the audit found it unusable", name)
    return [(name, path) for name, path in zip(ids, paths, strict=True) if name not in broken]


def main(input, output, params, threads):
    """Write ``image`` (n, S, S, 3) uint8, ``field_of_view`` (n, S, S) uint8, ``source`` (n,) JSON and ``id``.

    What was done to all of them stands in the file's attributes: the preprocessing's keys, and who decoded and resized.
    """
    facts = read_facts(input.facts, PHOTOGRAPH_FACTS)
    taken = readable(params.ids, list(input.photographs), facts, params.on_bad_image)
    if input.unusable_masks and params.on_bad_image == "exclude":
        left_out = set(read_results_table(input.unusable_masks[0], {"id": "str"})["id"])
        for name in sorted(left_out.intersection(name for name, _ in taken)):
            logging.warning("%s is left out: the audit found that its mask cannot be used", name)
        taken = [(name, path) for name, path in taken if name not in left_out]
    anew = f"delete {input.facts} and run the same command again"
    audited = dict(zip(facts["id"], facts["sha256"], strict=True))
    preprocessing = dict(params.preprocessing)
    size = preprocessing["size"]

    def one(image: tuple[str, str]) -> Preprocessed | InputError:
        try:
            result = preprocess(image[1], **preprocessing, max_pixels=params.max_pixels)
            require_same_content(image[1], result.source, audited[image[0]], anew)
            return result
        except InputError as error:
            return error

    cv2.setNumThreads(1)
    problems: list[Problem] = []
    with create_h5(output.images) as file:
        file.attrs.update(preprocessing)
        file.attrs["made_by"] = f"Pillow {PIL.__version__}, OpenCV {cv2.__version__}"
        image = create_dataset(file, "image", (len(taken), size, size, 3), np.uint8, compress=True)
        view = create_dataset(file, "field_of_view", (len(taken), size, size), np.uint8, compress=True)
        sources = []
        for number, result in enumerate(track(ordered_map(one, taken, threads), len(taken), "images")):
            if isinstance(result, InputError):
                problems += result.problems
                continue
            image[number], view[number] = result.image, result.field_of_view
            sources.append(result.source)
        raise_if_any(problems)
        write_texts(file, "source", sources)
        write_ids(file, [name for name, _ in taken])


if __name__ == "__main__":
    run(main, snakemake)
