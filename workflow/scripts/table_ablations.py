"""Write Table 3: shares of the training images, parts of ReSC, and the readings of eq. 4."""

from fundus_anomaly.audit.excluded import read_excluded
from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.evaluation.pixel_sample import read_pixel_sample
from fundus_anomaly.files.checksummed import read_csv, write_csv
from fundus_anomaly.quality.tables import read_quality
from fundus_anomaly.report.pages.table import write_document
from fundus_anomaly.report.tables.ablations import ablation_tables, read_as_it_came_out
from fundus_anomaly.report.tables.calibrated import calibrated_note, calibrated_row
from fundus_anomaly.report.tables.footnotes import index_fact
from fundus_anomaly.report.tables.notes_below import Settings
from fundus_anomaly.report.tables.unjudged import still_counted_note
from fundus_anomaly.report.tables.variant import Variant
from fundus_anomaly.scoring.map_files import recall_of
from support.rule import run


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page."""
    excluded = read_excluded(input.left_out)
    rows = [
        Variant(row["variant"], read_as_it_came_out(row, coreset, attention), read_csv(metrics))
        for row, metrics, attention, coreset in zip(
            params.variants, input.metrics, input.attention, input.coresets, strict=True
        )
    ]
    by_name = {row.label: row for row in rows}
    pairs = zip(params.calibrated, input.calibrated_metrics, strict=True)
    calibrated = [calibrated_row(by_name[name], read_csv(file), params.calibrated_score) for name, file in pairs]
    tables = ablation_tables(
        [*rows, *calibrated],
        [*map(read_pixel_sample, input.pixels), *(None for _ in calibrated)],
        params.test,
        excluded,
        Settings(**params.settings, resampling=Resampling(**params.resampling)),
        title=f"ReSAD's ablations on {params.facts['dataset']}",
        facts=params.facts | {"index": index_fact(params.search, list(map(recall_of, input.searched)))},
        notes=[
            *(calibrated_note(params.calibrated_score) for _ in calibrated),
            *still_counted_note(read_quality(input.quality)["quality"]),
        ],
    )
    write_csv(output.csv, tables.table)
    write_csv(output.differences, tables.differences)
    write_document(tables.markdown, output.md, output.html, excluded)


if __name__ == "__main__":
    run(main, snakemake)
