"""Cut images and lesion masks from the volumes of a dataset."""

import csv
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from fundus_anomaly.datasets.cuts import slice_number
from fundus_anomaly.datasets.lesion_slices import is_lesion
from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.whole import whole
from fundus_anomaly.imaging.ct_volume import CtVolume, require_hounsfield_units, windowed
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.progress import track
from support.rule import run


def cut(volume: str, images: list[str], lesions: bool, window: dict[str, float]) -> list[Problem]:
    """Write slices of one volume as grey PNG files, of a mask with 255 where the lesion is; return what is wrong."""
    try:
        slices = CtVolume(volume)
        if not lesions:
            require_hounsfield_units(slices, volume)
        for image in images:
            values = slices[slice_number(image)]
            grey = is_lesion(values).astype(np.uint8) * 255 if lesions else windowed(values, **window)
            _, data = cv2.imencode(".png", grey)
            with whole(image) as temporary:
                temporary.write_bytes(data.tobytes())
    except InputError as error:
        return list(error.problems)
    return []


def main(input, output, params, threads):
    """Cut every image, volume by volume in the table's order; each thread holds one volume at a time."""
    with Path(input.volumes).open(encoding="utf-8", newline="") as file:
        volumes = list(csv.DictReader(file))
    images, window = iter(output.images), dict(params.window)
    jobs = [
        (volume["volume"], list(islice(images, int(volume["images"]))), volume["lesions"] == "1", window)
        for volume in volumes
    ]
    problems: list[Problem] = []
    work = ordered_map(lambda job: cut(*job), jobs, threads)
    for found in track(work, len(jobs), "slices", "volume"):
        problems += found
    raise_if_any(problems)


if __name__ == "__main__":
    run(main, snakemake)
