"""Write Table 3: shares of the training images, parts of ReSC, and the readings of eq. 4."""

from fundus_anomaly.files.checksummed import read_csv, write_csv
from fundus_anomaly.report.pages.table import write_document
from fundus_anomaly.report.tables.ablations import ablation_tables, read_as_it_came_out
from fundus_anomaly.report.tables.calibrated import calibrated_note, calibrated_row
from fundus_anomaly.report.tables.notes_below import Settings
from fundus_anomaly.report.tables.read_beside import read_beside, read_index_fact
from fundus_anomaly.report.tables.variant import Variant
from support.rule import run


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page."""
    files = zip(params.variants, input.metrics, input.coresets, input.attention, strict=True)
    rows = [Variant(one["variant"], read_as_it_came_out(one, *made), read_csv(table)) for one, table, *made in files]
    by_name = {row.label: row for row in rows}
    pairs = zip(params.calibrated, input.calibrated_metrics, strict=True)
    calibrated = [calibrated_row(by_name[name], read_csv(file), params.calibrated_score) for name, file in pairs]
    beside = read_beside(input.left_out, input.quality, input.pixels)
    tables = ablation_tables(
        [*rows, *calibrated],
        [*beside.pixels, *(None for _ in calibrated)],
        params.test,
        beside.excluded,
        Settings.of(params.settings, params.resampling),
        title=f"ReSAD's ablations on {params.facts['dataset']}",
        facts=params.facts | {"index": read_index_fact(params.search, input.searched)},
        notes=[*(calibrated_note(params.calibrated_score) for _ in calibrated), *beside.notes],
    )
    write_csv(output.csv, tables.table)
    write_csv(output.differences, tables.differences)
    write_document(tables.markdown, output.md, output.html, beside.excluded)


if __name__ == "__main__":
    run(main, snakemake)
