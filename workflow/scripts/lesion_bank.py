"""Cut the lesions out of the annotated images."""

import logging
from collections import Counter

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.lesionpaste.annotated_image import read_lesions
from fundus_anomaly.lesionpaste.bank import require_fit, require_kinds, write_bank
from rule_log import logged


def main(output, params):
    """Write the lesion bank of all named images."""
    lesions, problems = [], list[Problem]()
    for row in params.sources:
        masks = {kind: row[f"mask_{kind}"] for kind in params.lesions if row[f"mask_{kind}"]}
        try:
            lesions += read_lesions(
                row["id"],
                row["path"],
                masks,
                aspect=params.preprocessing["aspect"],
                graham=params.preprocessing["graham"],
                inverted=params.inverted,
                max_pixels=params.max_pixels,
            )
        except InputError as error:
            problems += error.problems
    raise_if_any(problems)
    require_kinds(lesions, params.kinds, [row["id"] for row in params.sources])
    require_fit(lesions)
    write_bank(output.bank, lesions)
    counts = Counter(lesion.kind for lesion in lesions)
    logging.info("lesions: %s", ", ".join(f"{count} {kind}" for kind, count in counts.items()))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.output, snakemake.params)
