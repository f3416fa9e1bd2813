"""Write Tables 1 and 2 with the methods that ours are compared with."""

from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.report.pages.main_tables import write_main_tables
from fundus_anomaly.report.tables.compared import compared_rows, notes_of_methods
from fundus_anomaly.report.tables.made import made_notes, made_of, made_part
from fundus_anomaly.report.tables.main_tables import main_tables
from fundus_anomaly.report.tables.notes_below import Settings
from fundus_anomaly.report.tables.order import in_order_of_print
from fundus_anomaly.report.tables.published import methods_in_print
from fundus_anomaly.report.tables.read_beside import read_beside
from support.rule import run


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page, and its headline to the log."""
    made = made_of(params.compared)
    others = [*params.patchcores, *({**row, "made": how} for row, how in zip(params.compared, made, strict=True))]
    compared = compared_rows(params.names, others, [read_csv(file) for file in input.metrics])
    names = [variant.label for variant in compared]
    ours = names[: len(names) - len(made)]
    order = in_order_of_print(names, params.method_of, ours, methods_in_print("resad", ["1", "2"]))
    beside = read_beside(input.left_out, input.quality, input.pixels, input.scores)
    said = (params.side, params.held_out, params.apart, params.facts["dataset"])
    tables = main_tables(
        compared,
        beside.scores,
        beside.pixels,
        params.test,
        beside.excluded,
        Settings.of(params.settings, params.resampling),
        title=f"ReSAD and other methods on {params.facts['dataset']}",
        facts=params.facts,
        notes=[
            *notes_of_methods(compared, params.patchcores, params.compared, *said),
            *beside.notes,
            *made_notes(made),
        ],
        order=order,
        parts=made_part(sorted(made, key=lambda row: order.index(row["method"]))),
    )
    write_main_tables(tables, output, beside.excluded)


if __name__ == "__main__":
    run(main, snakemake)
