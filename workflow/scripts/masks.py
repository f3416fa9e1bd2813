"""Bring the lesion masks of a split to the working size, along with their photographs."""

import cv2
import numpy as np

from fundus_anomaly.datasets.columns import mask_column
from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.hdf5 import create_dataset, create_h5, open_h5, read_ids, read_texts, write_ids
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.imaging.geometry import source_geometry
from fundus_anomaly.imaging.lesion_masks import lesion_coverage
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.progress import track
from support.rule import run


def main(input, output, params, threads):
    """Write ``coverage`` (m, L, S, S) uint8 of the m images with a mask, ``id``, and the attribute ``lesions``."""
    lesions = list(params.lesions)
    columns = [params.manifest[mask_column(lesion)] for lesion in lesions]
    paths = {name: row for name, *row in zip(params.manifest["id"], *columns, strict=True) if any(row)}
    with open_h5(input.images, "image", "source", "id") as file:
        sources = dict(zip(read_ids(file), read_texts(file, "source"), strict=True))
        size = file["image"].shape[1]
    left_out = set(read_results_table(input.left_out, {"id": "str"})["id"])
    taken = [name for name in paths if name in sources and name not in left_out]

    def one(name: str) -> np.ndarray | InputError:
        geometry, full_size = source_geometry(sources[name])
        coverage = np.zeros((len(lesions), size, size), np.uint8)
        problems: list[Problem] = []
        for number, path in enumerate(paths[name]):
            if not path:
                continue
            try:
                coverage[number] = lesion_coverage(
                    path,
                    inverted=params.inverted,
                    geometry=geometry,
                    full_size=full_size,
                    max_pixels=params.max_pixels,
                )
            except InputError as error:
                problems += error.problems
        return InputError(problems) if problems else coverage

    cv2.setNumThreads(1)
    problems: list[Problem] = []
    with create_h5(output.masks) as file:
        stored = create_dataset(file, "coverage", (len(taken), len(lesions), size, size), np.uint8, compress=True)
        for number, result in enumerate(track(ordered_map(one, taken, threads), len(taken), "masks")):
            if isinstance(result, InputError):
                problems += result.problems
            else:
                stored[number] = result
        raise_if_any(problems)
        write_ids(file, taken)
        file.attrs["lesions"] = lesions


if __name__ == "__main__":
    run(main, snakemake)
