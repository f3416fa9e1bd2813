"""Write Table 3: shares of the training images, parts of ReSC, and the readings of eq. 4."""

import numpy as np

from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.evaluation.pixel_sample import read_pixel_sample
from fundus_anomaly.files.checksummed import read_csv, write_csv
from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.quality.tables import read_quality
from fundus_anomaly.report.pages.table import page
from fundus_anomaly.report.tables.ablations import ablation_markdown, ablation_table
from fundus_anomaly.report.tables.calibrated import calibrated_note, calibrated_row
from fundus_anomaly.report.tables.footnotes import (
    calibration_notes,
    footnotes,
    independence,
    index_fact,
    notes_of,
    tested,
    without_names,
)
from fundus_anomaly.report.tables.layout import PUBLISHED
from fundus_anomaly.report.tables.pixel_differences import difference_part, difference_table
from fundus_anomaly.report.tables.resad import FIGURES
from fundus_anomaly.report.tables.unjudged import still_counted_note
from fundus_anomaly.report.tables.variant import Variant
from fundus_anomaly.scoring.map_files import recall_of
from support.rule import run


def variant_of(row: dict, metrics: str, attention: str, coreset: str) -> Variant:
    """Return one row of the table with its parameters as they came out."""
    with open_h5(attention, "effective_neighbours") as file:
        neighbours = file["effective_neighbours"][:]
    with open_h5(coreset, "image") as file:
        images = len(file["image"])
    attends = np.isfinite(neighbours).any()
    parameters = {
        "training_images": images,
        "coreset_fraction": row["coreset"],
        "region": row["region"],
        "reading": row["spatial"] if row["spatial"] in ("off", "identity") else f"{row['spatial']}, {row['scale']}",
        "effective_neighbours": float(np.nanmedian(neighbours)) if attends else float("nan"),
    }
    return Variant(row["variant"], parameters, read_csv(metrics))


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page."""
    rows = [dict(variant) for variant in params.variants]
    files = zip(rows, input.metrics, input.attention, input.coresets, strict=True)
    variants = [variant_of(*row) for row in files]
    pixels = [read_pixel_sample(file) for file in input.pixels]
    for label, file in zip(params.calibrated, input.calibrated_metrics, strict=True):
        own = next(variant for variant in variants if variant.label == label)
        variants.append(calibrated_row(label, own.params, read_csv(file), params.calibrated_score))
        pixels.append(None)
    left_out = read_results_table(input.left_out, {"id": "str", "reason": "str"})
    excluded = dict(zip(left_out["id"], left_out["reason"], strict=True))
    table = ablation_table(variants, params.dataset, params.image_score)
    differences = difference_table(variants, pixels, params.against, params.test, Resampling(**params.resampling))
    notes = footnotes(
        {
            "dataset": params.dataset,
            "backbone": rows[0]["backbone"],
            "image size": f"{params.size}×{params.size}",
            "coreset fraction": ", ".join(sorted({f"{row['coreset']:g}" for row in rows})),
            "index": index_fact(params.search, [recall_of(file) for file in input.searched]),
            "test images": tested(params.test, left_out["id"]),
        },
        excluded,
        params.normal_quantile,
        params.confidence,
        params.image_score,
        bool((table["source"] == PUBLISHED).any()),
        [
            *calibration_notes(variants, params.image_score, params.normal_quantile),
            *notes_of(variants, FIGURES, params.image_score),
            *(calibrated_note(params.calibrated_score) for _ in params.calibrated),
            *still_counted_note(read_quality(input.quality)["quality"]),
        ],
        independence(params.test, left_out["id"]),
    )
    write_csv(output.csv, table)
    write_csv(output.differences, differences)
    title = f"ReSAD's ablations on {params.dataset}"
    part = difference_part(differences, params.confidence)
    text = ablation_markdown(variants, params.dataset, params.image_score, title, notes, part)
    write_text(output.md, text)
    write_text(output.html, page(without_names(text, excluded)))


if __name__ == "__main__":
    run(main, snakemake)
