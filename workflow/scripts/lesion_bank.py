"""Cut the lesions out of the annotated images."""

import logging
from collections import Counter

from fundus_anomaly.datasets.columns import mask_column
from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.methods.lesionpaste.annotated_image import read_lesions
from fundus_anomaly.methods.lesionpaste.lesion_bank import require_fit, require_kinds, write_bank
from support.rule import run


def main(output, params):
    """Write the lesion bank of all named images."""
    lesions, problems, files = [], list[Problem](), dict[str, list[str]]()
    for row in params.sources:
        masks = {kind: row[mask_column(kind)] for kind in params.lesions if row[mask_column(kind)]}
        for kind, file in masks.items():
            files.setdefault(kind, []).append(file)
        if row["id"] in params.excluded:
            logging.info("%s is left out of the benchmark by data.exclude and gives its lesions", row["id"])
        try:
            found = read_lesions(
                row["id"],
                row["path"],
                masks,
                aspect=params.preprocessing["aspect"],
                graham=params.preprocessing["graham"],
                bits_used=params.preprocessing.get("bits_used", 16),
                inverted=params.inverted,
                max_pixels=params.max_pixels,
            )
        except InputError as error:
            problems += error.problems
            continue
        for kind in masks.keys() - {lesion.kind for lesion in found}:
            logging.info("%s marks no lesion", masks[kind])
        lesions += found
    if problems:
        raise InputError(problems, "Or name other annotated images in lesionpaste.source.images.")
    require_kinds(lesions, params.kinds, [row["id"] for row in params.sources], files)
    never = Counter(lesion.kind for lesion in lesions if lesion.kind not in params.kinds)
    if never:
        logging.info("of types that lesionpaste.mix never names, not in the bank: %s", _told(never))
    lesions = [lesion for lesion in lesions if lesion.kind in params.kinds]
    require_fit(lesions)
    write_bank(output.bank, lesions)
    logging.info("lesions: %s", _told(Counter(lesion.kind for lesion in lesions)))


def _told(counts):
    """Return how many lesions there are of each type, in words."""
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


if __name__ == "__main__":
    run(main, snakemake)
