"""Draw what is inside a lesion bank."""

from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank
from fundus_anomaly.report.figures.lesion_bank import draw
from fundus_anomaly.report.pages.figure import save_with_page
from support.rule import run


def main(input, output, params):
    """Draw the contact sheet as PNG and as a page."""
    save_with_page(
        draw(read_bank(input.bank), params.columns, params.rows_a_type),
        output.picture,
        output.page,
        params.title,
        params.dpi,
    )


if __name__ == "__main__":
    run(main, snakemake)
