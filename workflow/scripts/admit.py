"""Stop the run with every error of the audit at once, or say which images are excluded."""

import logging

import pandas as pd

from fundus_anomaly.audit.admission import admit
from fundus_anomaly.audit.findings import read_findings
from fundus_anomaly.files.checksummed import write_csv
from support.rule import run


def main(input, output, params):
    """Write the images that are excluded, each with the reason."""
    findings = read_findings(input.findings)
    manifest = pd.DataFrame(dict(params.manifest))
    left_out = admit(manifest, findings, params.on_bad_image, list(params.excluded))
    for row in left_out.itertuples(index=False):
        logging.warning("excluded: %s (%s)", row.id, row.reason)
    write_csv(output.left_out, left_out)


if __name__ == "__main__":
    run(main, snakemake)
