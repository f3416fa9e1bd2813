"""Write LesionPaste's Table 3 whole: its rows and its controls, and the methods that it is compared with."""

import logging

import pandas as pd

from fundus_anomaly.audit.excluded import read_excluded
from fundus_anomaly.evaluation.comparison import p_values
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.report.pages.table import write_document
from fundus_anomaly.report.tables.compared import compared_notes
from fundus_anomaly.report.tables.lesionpaste import PAPER, headline, lesionpaste_markdown, lesionpaste_table
from fundus_anomaly.report.tables.lesionpaste_rows import read_rows, run_notes
from fundus_anomaly.report.tables.made import made_notes, made_of, made_part, with_made
from fundus_anomaly.report.tables.order import in_order_of_print
from fundus_anomaly.report.tables.published import doubts, methods_in_print
from support.rule import run


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page, and its headline to the log."""
    rows = read_rows(params.runs, input.metrics, input.scores)
    order = in_order_of_print(list(rows.metrics), params.method_of, params.ours, methods_in_print(PAPER, ["3"]))
    rows = rows.in_order(order)
    excluded, test = read_excluded(input.left_out), pd.DataFrame(dict(params.test))
    test = test[~test["id"].isin(excluded)]
    made = sorted(made_of(params.compared), key=lambda row: order.index(row["row"]))
    notes = [
        *run_notes(params.facts, excluded, params.confidence, test),
        f"DeLong's test is that against {params.ours[0]}.",
        *params.notes,
        *(compared_notes(params.compared, params.side, params.held_out, params.apart) if made else []),
        *doubts(PAPER, params.dataset),
        *made_notes(made),
    ]
    table = lesionpaste_table(*rows, test, params.dataset, "3")
    compared = p_values(rows.scores, test).reindex(columns=params.ours[:1])
    title = f"LesionPaste and other methods on {params.dataset}, Table 3"
    write_csv(output.csv, with_made(table, made))
    text = lesionpaste_markdown(table, compared, "3", title, notes, made_part(made))
    write_document(text, output.md, output.html, excluded)
    logging.info("%s\n%s", title, headline(table))


if __name__ == "__main__":
    run(main, snakemake)
