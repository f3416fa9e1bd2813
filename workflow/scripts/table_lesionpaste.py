"""Write one of LesionPaste's tables: AUC of normal images against each grade, beside the published figures."""

import logging
from collections import Counter

import pandas as pd

from fundus_anomaly.evaluation.comparison import p_values
from fundus_anomaly.files.checksummed import read_csv, write_csv
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank
from fundus_anomaly.report.pages.table import page
from fundus_anomaly.report.tables.footnotes import independence, left_out_note, without_names
from fundus_anomaly.report.tables.lesionpaste import lesionpaste_markdown, lesionpaste_table
from fundus_anomaly.scoring.contract import OWN, read_scores
from support.rule import run


def lesions_of(bank):
    """Return in words what a lesion bank holds."""
    lesions = read_bank(bank)
    images = ", ".join(dict.fromkeys(lesion.source for lesion in lesions))
    counts = Counter(lesion.kind for lesion in lesions)
    return f"{', '.join(f'{count} {kind}' for kind, count in counts.items())} of {images}"


def main(input, output, params, wildcards):
    """Write the table as CSV, as Markdown and as a page."""
    runs = [(row, run) for row in params.rows for run in params.runs]
    metrics, scores = {row: {} for row in params.rows}, {row: {} for row in params.rows}
    for (row, one), measured, scored in zip(runs, input.metrics, input.scores, strict=True):
        metrics[row][one], scores[row][one] = read_csv(measured), read_scores(scored).set_index("id")[OWN]
    left_out = read_results_table(input.left_out, {"id": "str", "reason": "str"})
    test = pd.DataFrame(dict(params.test))
    test = test[~test["id"].isin(left_out["id"])]
    number = wildcards.paper_table
    table = lesionpaste_table(metrics, scores, test, params.dataset, number)
    excluded = dict(zip(left_out["id"], left_out["reason"], strict=True))
    facts = dict(params.facts) | {"lesions": "; ".join(map(lesions_of, input.banks))}
    notes = [
        "Run: " + "; ".join(f"{name}: {value}" for name, value in facts.items()) + ".",
        left_out_note(excluded),
        f"One training: {params.confidence:.0%} interval from DeLong's variance, on the logit scale; several: mean ± "
        f"standard deviation over trainings. {independence(test, [])}",
        "DeLong's test compares the areas that the table shows: each training ranks its own test images alone.",
        "The epoch is chosen on normal images held out by patient and their twins; no true anomaly is seen before the "
        "test.",
    ]
    write_csv(output.csv, table)
    text = lesionpaste_markdown(
        table, p_values(scores, test), number, f"LesionPaste on {params.dataset}, Table {number}", notes
    )
    write_text(output.md, text)
    write_text(output.html, page(without_names(text, excluded)))
    logging.info("%s", text)


if __name__ == "__main__":
    run(main, snakemake)
