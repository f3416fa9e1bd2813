"""Cut the lesions out of the annotated images."""

import logging

from fundus_anomaly.methods.lesionpaste.bank_sources import lesions_of
from fundus_anomaly.methods.lesionpaste.lesion import in_words
from fundus_anomaly.methods.lesionpaste.lesion_bank import write_bank
from support.rule import run


def main(output, params):
    """Write the lesion bank of all named images."""
    for row in params.sources:
        if row["id"] in params.excluded:
            logging.info("%s is excluded from the benchmark by data.exclude and gives its lesions", row["id"])
    lesions = lesions_of(
        params.sources,
        params.lesions,
        params.kinds,
        params.preprocessing,
        inverted=params.inverted,
        max_pixels=params.max_pixels,
    )
    write_bank(output.bank, lesions)
    logging.info("lesions: %s", in_words(lesions))


if __name__ == "__main__":
    run(main, snakemake)
