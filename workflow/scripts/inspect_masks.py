"""Look at every lesion mask of a split."""

import pandas as pd

from fundus_anomaly.audit.fact_tables import MASK_FACTS, fact_table, mask_jobs
from fundus_anomaly.audit.inspect import inspect_many, inspect_mask
from fundus_anomaly.files.checksummed import write_csv
from support.rule import run


def main(output, params, threads):
    """Write one row of facts a mask, with its image's id and its lesion."""
    keys = mask_jobs(pd.DataFrame(dict(params.manifest)), params.lesions)
    jobs = [(path, params.inverted, params.max_pixels) for path in keys["path"]]
    facts = inspect_many(inspect_mask, jobs, threads, "masks")
    table = fact_table(keys[["id", "lesion"]], facts, MASK_FACTS)
    write_csv(output.facts, table)


if __name__ == "__main__":
    run(main, snakemake)
