"""Write Tables 1 and 2: ReSAD and PatchCore, beside the published figures."""

from fundus_anomaly.audit.excluded import read_excluded
from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.evaluation.pixel_sample import read_pixel_sample
from fundus_anomaly.files.checksummed import read_csv
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
    excluded = read_excluded(input.left_out)
    rows = [
        Variant(row["variant"], {"coreset_fraction": row["coreset"]}, read_csv(file, keep_default_na=True))
        for row, file in zip(params.variants, input.metrics, strict=True)
    ]
    calibrated = [
        calibrated_row(row, read_csv(file, keep_default_na=True), params.calibrated_score)
        for row, file in zip(rows, input.calibrated_metrics, strict=True)
    ]
    tables = main_tables(
        [*rows, *calibrated],
        [read_scores(file) for file in [*input.scores, *input.calibrated_scores]],
        [*map(read_pixel_sample, input.pixels), *(None for _ in calibrated)],
        params.test,
        excluded,
        Settings(**params.settings, resampling=Resampling(**params.resampling)),
        title=f"ReSAD on {params.facts['dataset']}",
        facts=params.facts | {"index": index_fact(params.search, list(map(recall_of, input.searched)))},
        notes=[
            *(UNSMOOTHED, calibrated_note(params.calibrated_score)),
            *still_counted_note(read_quality(input.quality)["quality"]),
        ],
    )
    write_main_tables(tables, output, excluded)


if __name__ == "__main__":
    run(main, snakemake)
