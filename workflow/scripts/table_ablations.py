"""Write Table 3: shares of the training images, parts of ReSC, and the readings of eq. 4."""

from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.evaluation.pixel_sample import read_pixel_sample
from fundus_anomaly.files.checksummed import read_csv, write_csv
from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.quality.tables import read_quality
from fundus_anomaly.report.pages.table import page
from fundus_anomaly.report.tables.ablations import ablation_tables, as_it_came_out
from fundus_anomaly.report.tables.calibrated import calibrated_note, calibrated_row
from fundus_anomaly.report.tables.footnotes import index_fact, without_names
from fundus_anomaly.report.tables.notes_below import Settings
from fundus_anomaly.report.tables.unjudged import still_counted_note
from fundus_anomaly.report.tables.variant import Variant
from fundus_anomaly.scoring.map_files import recall_of
from support.rule import run


def variant_of(row: dict, metrics: str, attention: str, coreset: str) -> Variant:
    """Return one row of the table with its parameters as they came out."""
    with open_h5(attention, "effective_neighbours") as found, open_h5(coreset, "image") as bank:
        parameters = as_it_came_out(row, len(bank["image"]), found["effective_neighbours"][:])
    return Variant(row["variant"], parameters, read_csv(metrics))


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page."""
    rows = [dict(variant) for variant in params.variants]
    files = zip(rows, input.metrics, input.attention, input.coresets, strict=True)
    variants = {row["variant"]: variant_of(row, *rest) for row, *rest in files}
    calibrated = [
        calibrated_row(label, variants[label].params, read_csv(file), params.calibrated_score)
        for label, file in zip(params.calibrated, input.calibrated_metrics, strict=True)
    ]
    left_out = read_results_table(input.left_out, {"id": "str", "reason": "str"})
    excluded = dict(zip(left_out["id"], left_out["reason"], strict=True))
    tables = ablation_tables(
        [*variants.values(), *calibrated],
        [*(read_pixel_sample(file) for file in input.pixels), *(None for _ in calibrated)],
        params.test,
        excluded,
        Settings(
            *(params.dataset, params.image_score, params.normal_quantile, params.confidence, params.against),
            Resampling(**params.resampling),
        ),
        title=f"ReSAD's ablations on {params.dataset}",
        facts={
            "dataset": params.dataset,
            "backbone": rows[0]["backbone"],
            "image size": f"{params.size}×{params.size}",
            "coreset fraction": ", ".join(sorted({f"{row['coreset']:g}" for row in rows})),
            "index": index_fact(params.search, [recall_of(file) for file in input.searched]),
        },
        notes=[
            *(calibrated_note(params.calibrated_score) for _ in calibrated),
            *still_counted_note(read_quality(input.quality)["quality"]),
        ],
    )
    write_csv(output.csv, tables.table)
    write_csv(output.differences, tables.differences)
    write_text(output.md, tables.markdown)
    write_text(output.html, page(without_names(tables.markdown, excluded)))


if __name__ == "__main__":
    run(main, snakemake)
