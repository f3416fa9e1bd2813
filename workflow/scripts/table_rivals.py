"""Write LesionPaste's Table 3 whole: its rows and its controls, and the methods that it is compared with."""

import logging

import pandas as pd

from fundus_anomaly.evaluation.comparison import p_values
from fundus_anomaly.files.checksummed import read_csv, write_csv
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.report.pages.table import page
from fundus_anomaly.report.tables.compared import compared_notes
from fundus_anomaly.report.tables.footnotes import independence, left_out_note, without_names
from fundus_anomaly.report.tables.lesionpaste import PAPER, headline, lesionpaste_markdown, lesionpaste_table
from fundus_anomaly.report.tables.made import NOTE, made_of, made_part, with_made
from fundus_anomaly.report.tables.order import in_order_of_print
from fundus_anomaly.report.tables.published import doubts, methods_in_print
from fundus_anomaly.scoring.contract import OWN, read_scores
from support.rule import run


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page, and its headline to the log."""
    metrics, scores = {}, {}
    for (row, one), measured, scored in zip(params.runs, input.metrics, input.scores, strict=True):
        metrics.setdefault(row, {})[one] = read_csv(measured)
        scores.setdefault(row, {})[one] = read_scores(scored).set_index("id")[OWN]
    order = in_order_of_print(list(metrics), params.method_of, params.ours, methods_in_print(PAPER, ["3"]))
    metrics, scores = ({row: found[row] for row in order} for found in (metrics, scores))
    left_out = read_results_table(input.left_out, {"id": "str", "reason": "str"})
    excluded = dict(zip(left_out["id"], left_out["reason"], strict=True))
    test = pd.DataFrame(dict(params.test))
    test = test[~test["id"].isin(left_out["id"])]
    made = made_of(params.compared)
    notes = [
        "Run: " + "; ".join(f"{name}: {value}" for name, value in params.facts.items()) + ".",
        left_out_note(excluded),
        f"One training: {params.confidence:.0%} interval from DeLong's variance, on the logit scale; several: mean ± "
        f"standard deviation over trainings. {independence(test, [])}",
        f"DeLong's test is that against {params.ours[0]}.",
        *params.notes,
        *(compared_notes(params.compared, params.side, params.held_out, params.apart) if made else []),
        *doubts(PAPER, params.dataset),
        *([NOTE] if made else []),
    ]
    table = lesionpaste_table(metrics, scores, test, params.dataset, "3")
    compared = p_values(scores, test).reindex(columns=params.ours[:1])
    title = f"LesionPaste and other methods on {params.dataset}, Table 3"
    text = lesionpaste_markdown(
        table, compared, "3", title, notes, made_part(sorted(made, key=lambda row: order.index(row["row"])))
    )
    write_csv(output.csv, with_made(table, made))
    write_text(output.md, text)
    write_text(output.html, page(without_names(text, excluded)))
    logging.info("%s\n%s", title, headline(table))


if __name__ == "__main__":
    run(main, snakemake)
