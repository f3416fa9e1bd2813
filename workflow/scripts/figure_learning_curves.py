"""Draw loss and validation AUC of every training."""

from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.report.figures.learning_curves import draw
from fundus_anomaly.report.pages.figure import save_with_page
from support.rule import run


def main(input, output, params):
    """Draw the figure as PNG and as a page."""
    files = iter(input.histories)
    histories = {row: [read_csv(next(files)) for _ in params.runs] for row in params.rows}
    save_with_page(draw(histories), output.picture, output.page, params.title, params.dpi)


if __name__ == "__main__":
    run(main, snakemake)
