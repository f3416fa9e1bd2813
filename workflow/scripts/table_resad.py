"""Write Tables 1 and 2: ReSAD and PatchCore, beside the published figures."""

from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.evaluation.pixel_sample import read_pixel_sample
from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.quality.tables import read_quality
from fundus_anomaly.report.pages.main_tables import write_main_tables
from fundus_anomaly.report.tables.calibrated import calibrated_note, calibrated_row
from fundus_anomaly.report.tables.footnotes import UNSMOOTHED, index_fact
from fundus_anomaly.report.tables.main_tables import main_tables
from fundus_anomaly.report.tables.notes_below import Settings
from fundus_anomaly.report.tables.unjudged import still_counted_note
from fundus_anomaly.report.tables.variant import Variant
from fundus_anomaly.scoring.contract import read_scores
from fundus_anomaly.scoring.map_files import recall_of
from support.rule import run


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page, and its headline to the log."""
    rows = [dict(variant) for variant in params.variants]
    left_out = read_results_table(input.left_out, {"id": "str", "reason": "str"})
    excluded = dict(zip(left_out["id"], left_out["reason"], strict=True))
    title = f"ReSAD on {params.dataset}"
    tables = main_tables(
        [
            *(
                Variant(row["variant"], {"coreset_fraction": row["coreset"]}, read_csv(file, keep_default_na=True))
                for row, file in zip(rows, input.metrics, strict=True)
            ),
            *(
                calibrated_row(
                    row["variant"],
                    {"coreset_fraction": row["coreset"]},
                    read_csv(file, keep_default_na=True),
                    params.calibrated_score,
                )
                for row, file in zip(rows, input.calibrated_metrics, strict=True)
            ),
        ],
        [read_scores(file) for file in [*input.scores, *input.calibrated_scores]],
        [*(read_pixel_sample(file) for file in input.pixels), *(None for _ in input.calibrated_metrics)],
        params.test,
        excluded,
        Settings(**params.settings | {"resampling": Resampling(**params.resampling)}),
        title=title,
        facts={
            "dataset": params.dataset,
            "backbone": rows[0]["backbone"],
            "image size": f"{params.size}×{params.size}",
            "coreset fraction": rows[0]["coreset"],
            "region filter r": rows[0]["region"],
            "reading of eq. 4": f"{rows[0]['spatial']}, scale {rows[0]['scale']}",
            "index": index_fact(params.search, [recall_of(file) for file in input.searched]),
        },
        notes=[
            UNSMOOTHED,
            calibrated_note(params.calibrated_score),
            *still_counted_note(read_quality(input.quality)["quality"]),
        ],
    )
    write_main_tables(tables, output, excluded)


if __name__ == "__main__":
    run(main, snakemake)
