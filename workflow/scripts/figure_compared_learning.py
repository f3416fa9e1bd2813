"""Draw the learning curves of the methods that ours are compared with."""

from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.report.figures.learning_curves import draw_stages
from fundus_anomaly.report.pages.figure import save_with_page
from support.rule import run


def main(input, output, params):
    """Draw the figure as PNG and as a page."""
    histories = {name: read_csv(file) for name, file in zip(params.names, input.histories, strict=True)}
    save_with_page(draw_stages(histories), output.picture, output.page, params.title, params.dpi)


if __name__ == "__main__":
    run(main, snakemake)
