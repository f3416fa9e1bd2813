"""Write Tables 1 and 2: ReSAD and PatchCore, beside the published figures."""

from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.report.pages.main_tables import write_main_tables
from fundus_anomaly.report.tables.calibrated import calibrated_note, calibrated_row
from fundus_anomaly.report.tables.footnotes import UNSMOOTHED
from fundus_anomaly.report.tables.main_tables import main_tables
from fundus_anomaly.report.tables.notes_below import Settings
from fundus_anomaly.report.tables.read_beside import read_beside, read_index_fact
from fundus_anomaly.report.tables.variant import Variant
from support.rule import run


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page, and its headline to the log."""
    measured, calibrated = (
        [read_csv(file, keep_default_na=True) for file in files] for files in (input.metrics, input.calibrated_metrics)
    )
    rows = [
        Variant(row["variant"], {"coreset_fraction": row["coreset"]}, found)
        for row, found in zip(params.variants, measured, strict=True)
    ]
    rows += [calibrated_row(*pair, params.calibrated_score) for pair in zip(list(rows), calibrated, strict=True)]
    scores = [*input.scores, *input.calibrated_scores]
    beside = read_beside(input.left_out, input.quality, input.pixels, scores)
    tables = main_tables(
        rows,
        beside.scores,
        [*beside.pixels, *(None for _ in calibrated)],
        params.test,
        beside.excluded,
        Settings.of(params.settings, params.resampling),
        title=f"ReSAD on {params.facts['dataset']}",
        facts=params.facts | {"index": read_index_fact(params.search, input.searched)},
        notes=[UNSMOOTHED, calibrated_note(params.calibrated_score), *beside.notes],
    )
    write_main_tables(tables, output, beside.excluded)


if __name__ == "__main__":
    run(main, snakemake)
