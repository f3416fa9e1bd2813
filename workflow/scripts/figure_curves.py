"""Draw ROC and precision–recall curves of the methods, by image and by pixel."""

from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.report.figures.curves import draw
from fundus_anomaly.report.figures.evaluated_curves import curves_of, prevalence
from fundus_anomaly.report.pages.figure import save_with_page
from support.rule import run


def main(input, output, params):
    """Draw the figure as PNG and as a page."""
    tables = [(read_csv(m), read_csv(c)) for m, c in zip(input.metrics, input.curves, strict=True)]
    levels = (("image", params.image_score), ("pixel", ""))
    curves = [curves_of(params.methods, tables, *level) for level in levels]
    shares = [prevalence(tables[0][0], level) for level, _ in levels]
    save_with_page(draw(*curves, *shares), output.picture, output.page, params.title, params.dpi)


if __name__ == "__main__":
    run(main, snakemake)
