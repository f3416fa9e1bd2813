"""List the images of a split whose lesion masks cannot be used."""

import pandas as pd

from fundus_anomaly.audit.fact_tables import MASK_FACTS, PHOTOGRAPH_FACTS, read_facts
from fundus_anomaly.audit.mask_findings import mask_findings
from fundus_anomaly.files.checksummed import write_csv
from support.rule import run


def main(input, output, params):
    """Write column ``id``, in the manifest's order."""
    manifest = pd.DataFrame(dict(params.manifest))
    photographs, masks = read_facts(input.photographs, PHOTOGRAPH_FACTS), read_facts(input.masks, MASK_FACTS)
    findings = mask_findings(manifest, photographs, masks)
    broken = {name for found in findings if found.severity == "error" and found.scope == "file" for name in found.ids}
    write_csv(output.images, manifest.loc[manifest["id"].isin(broken), ["id"]])


if __name__ == "__main__":
    run(main, snakemake)
