"""Bring the photographs of a split to the working size."""

import logging

from fundus_anomaly.audit.fact_tables import PHOTOGRAPH_FACTS, read_facts
from fundus_anomaly.audit.usable import usable
from fundus_anomaly.files.hdf5 import create_h5
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.imaging.photograph_file import write_photographs
from support.rule import run


def main(input, output, params, threads):
    """Write the photographs; with ``exclude`` those that the audit found unusable are excluded."""
    facts = read_facts(input.facts, PHOTOGRAPH_FACTS)
    left_out = {}
    if params.on_bad_image == "exclude":
        left_out = dict.fromkeys(facts.loc[~usable(facts), "id"], "the audit found it unusable")
        for file in input.unusable_masks:
            masks = read_results_table(file, {"id": "str"})["id"]
            left_out = dict.fromkeys(masks, "the audit found that its mask cannot be used") | left_out
    for name in sorted(left_out.keys() & set(params.ids)):
        logging.warning("%s is excluded: %s", name, left_out[name])
    pairs = zip(params.ids, input.photographs, strict=True)
    with create_h5(output.images) as file:
        write_photographs(
            file,
            [(name, path) for name, path in pairs if name not in left_out],
            dict(zip(facts["id"], facts["sha256"], strict=True)),
            dict(params.preprocessing),
            max_pixels=params.max_pixels,
            remedy=f"delete {input.facts} and run the same command again",
            threads=threads,
        )


if __name__ == "__main__":
    run(main, snakemake)
