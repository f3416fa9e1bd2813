"""Draw how many positions the attention of eq. 4 looks at, for each of its readings and scales."""

from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.report.figures.effective_neighbours import draw
from fundus_anomaly.report.pages.figure import save_with_page
from support.rule import run


def main(input, output, params):
    """Draw the figure as PNG and as a page; readings that share their attention share a line."""
    found = {}
    for row, path in zip(params.variants, input.attention, strict=True):
        with open_h5(path, "effective_neighbours") as file:
            found[f"scale {row['scale']}"] = file["effective_neighbours"][:]
            positions = int(file.attrs["positions"])
    save_with_page(draw(found, positions), output.picture, output.page, params.title, params.dpi)


if __name__ == "__main__":
    run(main, snakemake)
