"""Show all that the reading of the files found, with names for the user and without for whoever gets the report."""

import pandas as pd

from fundus_anomaly.audit.fact_tables import MASK_FACTS, PHOTOGRAPH_FACTS, read_fact_files
from fundus_anomaly.audit.findings import read_findings
from fundus_anomaly.datasets.manifest import write_manifest
from fundus_anomaly.datasets.named_roots import without_roots
from fundus_anomaly.datasets.official_counts import Count
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.report.pages.audit import page
from support.rule import run


def main(input, output, params):
    """Write a page that opens in a browser, its summary, and the manifest: every image as its adapter read it."""
    manifest = pd.DataFrame(dict(params.manifest))
    write_manifest(manifest, output.manifest)
    photographs = read_fact_files(input.photographs, PHOTOGRAPH_FACTS)
    masks, found = read_fact_files(input.masks, MASK_FACTS), params.found
    notes = [without_roots(note, found["roots"]) for note in found["notes"]]
    for file, named in ((output.page, True), (output.summary, False)):
        html = page(
            params.dataset,
            manifest,
            photographs,
            read_findings(input.findings),
            notes,
            found["excluded"],
            mask_facts=masks,
            counts=[Count(**count) for count in found["counts"]],
            on_bad_image=params.on_bad_image,
            named=named,
        )
        write_text(file, html)


if __name__ == "__main__":
    run(main, snakemake)
