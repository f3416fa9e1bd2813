"""Judge all that the reading of the files found."""

import logging

import pandas as pd

from fundus_anomaly.audit.fact_tables import MASK_FACTS, PHOTOGRAPH_FACTS, read_facts
from fundus_anomaly.audit.findings import findings_table
from fundus_anomaly.audit.mask_findings import mask_findings
from fundus_anomaly.audit.named_findings import named_findings
from fundus_anomaly.audit.photograph_findings import photograph_findings
from fundus_anomaly.datasets.named_roots import without_roots
from fundus_anomaly.files.checksummed import write_csv
from support.rule import run


def main(input, output, params):
    """Write the findings as CSV."""
    manifest = pd.DataFrame(dict(params.manifest))
    excluded = list(params.excluded)
    photographs = pd.concat([read_facts(file, PHOTOGRAPH_FACTS) for file in input.photographs], ignore_index=True)
    findings = photograph_findings(manifest, photographs, params.near_duplicate_share, excluded, list(params.sources))
    if input.masks:
        masks = pd.concat([read_facts(file, MASK_FACTS) for file in input.masks], ignore_index=True)
        findings += mask_findings(manifest, photographs, masks, excluded)
    findings += named_findings(params.refused, params.unread, excluded)
    # Pages and other tables show what is said there.
    table = findings_table(findings)
    table["detail"] = [without_roots(detail, params.roots) for detail in table["detail"]]
    write_csv(output.findings, table)
    for text in params.unread:
        logging.warning("not read: %s", text)
    for severity, group in table.groupby("severity", sort=False):
        logging.info("%d findings of severity %s: see %s", len(group), severity, params.page)


if __name__ == "__main__":
    run(main, snakemake)
