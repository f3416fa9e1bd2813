"""Look at every photograph of a split."""

import pandas as pd

from fundus_anomaly.audit.fact_tables import PHOTOGRAPH_FACTS, fact_table
from fundus_anomaly.audit.inspect import inspect_many, inspect_photograph
from fundus_anomaly.files.checksummed import write_csv
from support.rule import run


def main(input, output, params, threads):
    """Write one row of facts a photograph, with its id."""
    jobs = [(path, params.max_pixels, params.bits_used) for path in input.photographs]
    facts = inspect_many(inspect_photograph, jobs, threads, "photographs")
    table = fact_table(pd.DataFrame({"id": list(params.ids)}), facts, PHOTOGRAPH_FACTS)
    write_csv(output.facts, table)


if __name__ == "__main__":
    run(main, snakemake)
