"""Write Tables 1 and 2: ReSAD and PatchCore, beside the published figures."""

import logging
from collections.abc import Collection

import pandas as pd

from fundus_anomaly.evaluation.delong import compare
from fundus_anomaly.evaluation.image_metrics import FALSE_ALARMS
from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.evaluation.pixel_sample import read_pixel_sample
from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.files.sealed import read_csv
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.report.pages.table import page
from fundus_anomaly.report.tables.called import called_counts
from fundus_anomaly.report.tables.footnotes import (
    UNSMOOTHED,
    calibration_notes,
    comparison_note,
    footnotes,
    independence,
    index_fact,
    notes_of,
    tested,
    without_names,
)
from fundus_anomaly.report.tables.layout import PUBLISHED
from fundus_anomaly.report.tables.pixel_differences import difference_part, difference_table
from fundus_anomaly.report.tables.resad import FIGURES, headline, lesion_table, resad_markdown, resad_table
from fundus_anomaly.report.tables.variant import Variant
from support.rule import run


def comparison(variants: list[dict], files: list[str], test: dict, score: str, left_out: Collection[str]) -> list[str]:
    """Return DeLong's test of the two methods as a footnote; none if the test has not both classes."""
    by_id = pd.DataFrame({"label": test["label"], "patient": test["patient"]}, index=test["id"])
    labels = by_id["label"]
    tables = [read_csv(file, dtype={"id": str}).set_index("id")[score] for file in files]
    labels = labels[labels.index.isin(tables[0].index) & ~labels.index.isin(left_out) & (labels >= 0)]
    if set(labels) != {0, 1}:
        return []
    patients = by_id.loc[labels.index, "patient"].to_numpy(str)
    found = compare(labels.to_numpy() == 1, *(table[labels.index].to_numpy() for table in tables), patients)
    names = [variant["variant"] for variant in variants]
    return [comparison_note(*names, found.auc_a, found.auc_b, found.p_value, found.note)]


def called(variant: Variant, file: str, params, left_out: Collection[str]) -> dict[str, float]:
    """Return how many images are called abnormal, if the test has not both classes: no other figure of it exists."""
    labels = pd.Series(params.test["label"], index=params.test["id"])
    scores = read_csv(file, dtype={"id": str}).set_index("id")[params.image_score]
    labels = labels[labels.index.isin(scores.index) & ~labels.index.isin(left_out)]
    if {0, 1} <= set(labels):
        return {}
    threshold = float(variant.figure("image", "threshold_at_normal_quantile", params.image_score)["value"])
    counts = called_counts(scores[labels.index].to_numpy(), labels.to_numpy(), threshold)
    expected = float(variant.figure("image", FALSE_ALARMS, params.image_score)["value"])
    return {"threshold": threshold, "false_alarms": expected} | counts


def recall_of(maps: str) -> float:
    """Return the recall of the index that made these distance maps."""
    with open_h5(maps, "distance") as file:
        return float(file.attrs["recall"])


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page, and its headline to the log."""
    rows = [dict(variant) for variant in params.variants]
    left_out = read_results_table(input.left_out, {"id": "str", "reason": "str"})
    excluded = dict(zip(left_out["id"], left_out["reason"], strict=True))
    variants = [
        Variant(row["variant"], {"coreset_fraction": row["coreset"]}, read_csv(file, keep_default_na=True))
        for row, file in zip(rows, input.metrics, strict=True)
    ]
    variants = [
        variant._replace(params=variant.params | called(variant, file, params, excluded))
        for variant, file in zip(variants, input.scores, strict=True)
    ]
    table = resad_table(variants, params.dataset, params.image_score)
    pixels = [read_pixel_sample(file) for file in input.pixels]
    differences = difference_table(variants, pixels, params.against, params.test, Resampling(**params.resampling))
    notes = footnotes(
        {
            "dataset": params.dataset,
            "backbone": rows[0]["backbone"],
            "image size": f"{params.size}×{params.size}",
            "coreset fraction": rows[0]["coreset"],
            "region filter r": rows[0]["region"],
            "reading of eq. 4": f"{rows[0]['spatial']}, scale {rows[0]['scale']}",
            "index": index_fact(params.search, [recall_of(file) for file in input.searched]),
            "test images": tested(params.test, left_out["id"]),
        },
        excluded,
        params.normal_quantile,
        params.confidence,
        params.image_score,
        bool((table["source"] == PUBLISHED).any()),
        [
            UNSMOOTHED,
            *comparison(rows, list(input.scores), dict(params.test), params.image_score, set(left_out["id"])),
            *calibration_notes(variants, params.image_score, params.normal_quantile),
            *notes_of(variants, FIGURES, params.image_score),
        ],
        independence(params.test, left_out["id"]),
    )
    write_text(output.csv, table.to_csv(index=False, lineterminator="\n"))
    write_text(output.lesions, lesion_table(variants, params.image_score).to_csv(index=False, lineterminator="\n"))
    write_text(output.differences, differences.to_csv(index=False, lineterminator="\n"))
    title = f"ReSAD on {params.dataset}"
    part = difference_part(differences, params.confidence)
    text = resad_markdown(variants, params.dataset, params.image_score, title, notes, part)
    write_text(output.md, text)
    write_text(output.html, page(without_names(text, excluded)))
    logging.info("%s\n%s", title, headline(table))


if __name__ == "__main__":
    run(main, snakemake)
