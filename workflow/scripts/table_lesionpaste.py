"""Write one of LesionPaste's tables: AUC of normal images against each grade, beside the published figures."""

import logging
from itertools import product

import pandas as pd

from fundus_anomaly.audit.excluded import read_excluded
from fundus_anomaly.evaluation.comparison import p_values
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.report.pages.table import write_document
from fundus_anomaly.report.tables.lesionpaste import lesionpaste_markdown, lesionpaste_table
from fundus_anomaly.report.tables.lesionpaste_rows import lesions_in_words, read_rows, run_notes
from support.rule import run


def main(input, output, params, wildcards):
    """Write the table as CSV, as Markdown and as a page."""
    rows = read_rows(product(params.rows, params.runs), input.metrics, input.scores)
    excluded, test = read_excluded(input.left_out), pd.DataFrame(dict(params.test))
    test = test[~test["id"].isin(excluded)]
    number = wildcards.paper_table
    table = lesionpaste_table(*rows, test, params.dataset, number)
    facts = dict(params.facts) | {"lesions": "; ".join(map(lesions_in_words, input.banks))}
    notes = [
        *run_notes(facts, excluded, params.confidence, test),
        "DeLong's test compares the areas that the table shows: each training ranks its own test images alone.",
        "The epoch is chosen on normal images held out by patient and their twins; no true anomaly is seen before the "
        "test.",
    ]
    title = f"LesionPaste on {params.dataset}, Table {number}"
    text = lesionpaste_markdown(table, p_values(rows.scores, test), number, title, notes)
    write_csv(output.csv, table)
    write_document(text, output.md, output.html, excluded)
    logging.info("%s", text)


if __name__ == "__main__":
    run(main, snakemake)
