"""List the volumes that images are cut from, with a digest of each: what changes in them is cut again."""

import csv
import io
from pathlib import Path

from fundus_anomaly.files.digest import sha256
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.progress import track
from support.rule import run


def main(input, output, params, threads):
    """Write ``volume``, ``sha256``, ``lesions`` (1 if it marks them, else 0) and ``images`` (how many are cut)."""
    volumes = [Path(volume) for volume in input.volumes]
    digests = track(ordered_map(sha256, volumes, threads), len(volumes), "volumes", "volume")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["volume", "sha256", "lesions", "images"])
    for volume, digest, lesions, images in zip(volumes, digests, params.lesions, params.images, strict=True):
        writer.writerow([volume, digest, int(lesions), images])
    write_text(output.table, text.getvalue())


if __name__ == "__main__":
    run(main, snakemake)
