"""How fast are artificial anomalous images made, and how much memory do they take, however many normals there are?

Writes phantoms, repeated to the number asked for, as the rule `images` does, and goes through their twins once as
training does. Prints the CPU time of a twin and the largest memory of the process:

    PYTHONPATH=src python benchmarks/synthesis.py --images 10000
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from fundus_anomaly.files.hdf5 import create_dataset, create_h5, write_ids, write_texts
from fundus_anomaly.imaging.field_of_view import field_of_view, retina_diameter
from fundus_anomaly.imaging.geometry import stretch
from fundus_anomaly.methods.lesionpaste.augmentation import Augmentation
from fundus_anomaly.methods.lesionpaste.lesion import Lesion, extract
from fundus_anomaly.methods.lesionpaste.synthesis import Options
from fundus_anomaly.methods.lesionpaste.twins import Twins
from fundus_anomaly.phantom import cohort
from fundus_anomaly.phantom.render import render

MIX = ((("MA",), 0.8), (("MA", "HE"), 0.1), (("MA", "HE", "SE"), 0.05), (("MA", "HE", "SE", "EX"), 0.05))
PAPER = Options(MIX, 1.5, "type", "binary", (0.5, 0.8), Augmentation(0.5, 45, (0.5, 1.0), (0.9, 1.1), (0.9, 1.1), 0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--size", type=int, default=256, help="side of the images in pixels")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.h5"
        write_normals(path, arguments.images, arguments.size)
        before = peak_megabytes()
        twins = Twins(path, range(arguments.images), annotated_lesions(), PAPER, 0)
        start = time.process_time()
        for number in range(len(twins)):
            twins[number]
        seconds = time.process_time() - start
    each = 1000 * seconds / arguments.images
    print(f"{arguments.images} normals of {arguments.size}²: {each:.0f} ms of CPU time a twin")
    print(f"largest memory: {peak_megabytes():.0f} MB, {before:.0f} MB before the first twin")


def write_normals(path: Path, count: int, size: int) -> None:
    """Write normal images as the rule ``images`` does; a few phantoms stand for all, under names of their own."""
    eyes = cohort.plan(0, 4, 0, 0)
    geometry = stretch(size)
    photographs = [render(eye, 0, 560, 480).photograph for eye in eyes]
    images = [geometry.apply(photograph) for photograph in photographs]
    views = [geometry.apply(field_of_view(photograph).astype(np.uint8)) for photograph in photographs]
    source = json.dumps({"geometry": geometry.as_dict(), "height": 480, "width": 560})
    with create_h5(path) as file:
        image = create_dataset(file, "image", (count, size, size, 3), np.uint8, compress=True)
        view = create_dataset(file, "field_of_view", (count, size, size), np.uint8, compress=True)
        for number in range(count):
            image[number], view[number] = images[number % len(images)], views[number % len(views)]
        write_texts(file, "source", [source] * count)
        write_ids(file, [f"normal/{number}" for number in range(count)])


def annotated_lesions() -> list[Lesion]:
    """Return the lesions of a phantom of grade 4."""
    eye = next(eye for eye in cohort.plan(0, 0, 0, 0, 1) if eye.eye == "right")
    rendering = render(eye, 0, 560, 480)
    masks = {kind: rendering.masks[kind] > 0 for kind in eye.lesions}
    return extract(rendering.photograph, masks, eye.id, retina_diameter(field_of_view(rendering.photograph)))


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
