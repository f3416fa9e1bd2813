"""Cut images and lesion masks from the volumes of a dataset."""

import csv
from itertools import islice
from pathlib import Path

from fundus_anomaly.datasets.cuts import Cut
from fundus_anomaly.datasets.slice_files import write_slices
from support.rule import run


def main(input, output, params, threads):
    """Cut every image, volume by volume in the table's order."""
    with Path(input.volumes).open(encoding="utf-8", newline="") as file:
        volumes = list(csv.DictReader(file))
    images = iter(output.images)
    cuts = [Cut(row["volume"], tuple(islice(images, int(row["images"]))), row["lesions"] == "1") for row in volumes]
    write_slices(cuts, dict(params.window), threads)


if __name__ == "__main__":
    run(main, snakemake)
