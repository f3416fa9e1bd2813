"""Write Tables 1 and 2 with the methods that ours are compared with."""

from fundus_anomaly.audit.excluded import read_excluded
from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.evaluation.pixel_sample import read_pixel_sample
from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.quality.tables import read_quality
from fundus_anomaly.report.pages.main_tables import write_main_tables
from fundus_anomaly.report.tables.compared import compared_notes, compared_rows, patchcore_notes
from fundus_anomaly.report.tables.footnotes import without_maps_note
from fundus_anomaly.report.tables.made import NOTE, made_of, made_part
from fundus_anomaly.report.tables.main_tables import main_tables
from fundus_anomaly.report.tables.notes_below import Settings
from fundus_anomaly.report.tables.order import in_order_of_print
from fundus_anomaly.report.tables.published import doubts, methods_in_print
from fundus_anomaly.report.tables.unjudged import still_counted_note
from fundus_anomaly.scoring.contract import read_scores
from support.rule import run


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page, and its headline to the log."""
    excluded = read_excluded(input.left_out)
    made = made_of(params.compared)
    others = [*params.patchcores, *({**row, "made": how} for row, how in zip(params.compared, made, strict=True))]
    compared = compared_rows(params.names, others, [read_csv(file) for file in input.metrics])
    names = [variant.label for variant in compared]
    ours = names[: len(names) - len(made)]
    order = in_order_of_print(names, params.method_of, ours, methods_in_print("resad", ["1", "2"]))
    tables = main_tables(
        compared,
        list(map(read_scores, input.scores)),
        list(map(read_pixel_sample, input.pixels)),
        params.test,
        excluded,
        Settings(**params.settings, resampling=Resampling(**params.resampling)),
        title=f"ReSAD and other methods on {params.facts['dataset']}",
        facts=params.facts,
        notes=[
            *patchcore_notes(params.patchcores),
            *compared_notes(params.compared, params.side, params.held_out, params.apart),
            *without_maps_note(compared),
            *doubts("resad", params.facts["dataset"]),
            *still_counted_note(read_quality(input.quality)["quality"]),
            *([NOTE] if made else []),
        ],
        order=order,
        parts=made_part(sorted(made, key=lambda row: order.index(row["method"]))),
    )
    write_main_tables(tables, output, excluded)


if __name__ == "__main__":
    run(main, snakemake)
