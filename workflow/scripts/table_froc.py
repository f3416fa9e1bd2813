"""Write the share of lesions that are marked, by type and size, against false marks per normal image."""

import pandas as pd

from fundus_anomaly.audit.excluded import read_excluded
from fundus_anomaly.evaluation.stored_froc import froc_stored
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.report.pages.table import write_document
from fundus_anomaly.report.tables.froc import froc_markdown
from support.rule import run


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page."""
    excluded = set(read_excluded(input.left_out))
    labels = dict(zip(params.test["id"], params.test["label"], strict=True))
    parts = [
        froc_stored(maps, input.images, input.masks[0], labels, excluded, params.lesions).assign(method=method)
        for method, maps in zip(params.methods, input.maps, strict=True)
    ]
    table = pd.concat(parts, ignore_index=True)
    table = table[["method", *(column for column in table if column != "method")]]
    text = froc_markdown(table, f"Lesions found on {params.dataset}")
    write_csv(output.csv, table)
    write_document(text, output.md, output.html)


if __name__ == "__main__":
    run(main, snakemake)
