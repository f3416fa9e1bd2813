"""Bring the lesion masks of a split to the working size."""

from fundus_anomaly.datasets.columns import mask_column
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_ids, read_texts
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.imaging.coverage_file import write_coverage
from support.rule import run


def main(input, output, params, threads):
    """Write the masks of the images that have one and stay in the benchmark."""
    columns = [params.manifest[mask_column(lesion)] for lesion in params.lesions]
    paths = {name: row for name, *row in zip(params.manifest["id"], *columns, strict=True) if any(row)}
    with open_h5(input.images, "image", "source", "id") as file:
        sources = dict(zip(read_ids(file), read_texts(file, "source"), strict=True))
        size = file["image"].shape[1]
    left_out = set(read_results_table(input.left_out, {"id": "str"})["id"])
    with create_h5(output.masks) as file:
        write_coverage(
            file,
            {name: row for name, row in paths.items() if name in sources and name not in left_out},
            list(params.lesions),
            sources,
            size,
            inverted=params.inverted,
            max_pixels=params.max_pixels,
            threads=threads,
        )


if __name__ == "__main__":
    run(main, snakemake)
