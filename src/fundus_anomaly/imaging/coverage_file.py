"""The lesion masks of a split at the working size, decoded side by side into one HDF5 file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import h5py
import numpy as np

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.hdf5 import create_dataset, write_ids
from fundus_anomaly.imaging.geometry import source_geometry
from fundus_anomaly.imaging.lesion_masks import lesion_coverage
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.progress import track


def write_coverage(
    file: h5py.File,
    masks: Mapping[str, Sequence[str]],
    lesions: Sequence[str],
    sources: Mapping[str, str],
    size: int,
    *,
    inverted: bool,
    max_pixels: int,
    threads: int,
) -> None:
    """Write ``coverage`` (m, L, S, S) uint8 of m images, ``id``, and the attribute ``lesions``.

    Args:
        file: Open for writing.
        masks: By id, the mask file of each lesion type, ``""`` where there is none.
        lesions: The L lesion types.
        sources: By id, what the prepared image says of its photograph, JSON.
        size: S, pixels of a side.
        inverted: Whether 0 marks the lesion in the files.
        max_pixels: The largest width × height that is accepted.
        threads: Images whose masks are decoded at a time.

    Raises:
        InputError: With every mask that cannot be used.
    """

    def one(name: str) -> np.ndarray | InputError:
        geometry, full_size = source_geometry(sources[name])
        coverage = np.zeros((len(lesions), size, size), np.uint8)
        problems: list[Problem] = []
        for number, path in enumerate(masks[name]):
            if not path:
                continue
            try:
                coverage[number] = lesion_coverage(
                    path, inverted=inverted, geometry=geometry, full_size=full_size, max_pixels=max_pixels
                )
            except InputError as error:
                problems += error.problems
        return InputError(problems) if problems else coverage

    # The threads are ours: OpenCV's own would run beside them.
    cv2.setNumThreads(1)
    problems: list[Problem] = []
    stored = create_dataset(file, "coverage", (len(masks), len(lesions), size, size), np.uint8, compress=True)
    for number, result in enumerate(track(ordered_map(one, masks, threads), len(masks), "masks")):
        if isinstance(result, InputError):
            problems += result.problems
        else:
            stored[number] = result
    raise_if_any(problems)
    write_ids(file, list(masks))
    file.attrs["lesions"] = list(lesions)
