"""The photographs of a split at the working size, decoded side by side into one HDF5 file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import h5py
import numpy as np
import PIL

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.hdf5 import create_dataset, write_ids, write_texts
from fundus_anomaly.imaging.preprocess import Preprocessed, preprocess, require_same_content
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.progress import track


def write_photographs(
    file: h5py.File,
    photographs: Sequence[tuple[str, str]],
    digests: Mapping[str, str],
    preprocessing: Mapping,
    *,
    max_pixels: int,
    remedy: str,
    threads: int,
) -> None:
    """Write ``image`` (n, S, S, 3) uint8, ``field_of_view`` (n, S, S) uint8, ``source`` (n,) JSON and ``id``.

    What was done to all of them stands in the file's attributes: the preprocessing's keys, and who decoded and resized.

    Args:
        file: Open for writing.
        photographs: Id and path of each.
        digests: By id, the SHA-256 of the file that the audit looked at.
        preprocessing: See :func:`.preprocess.preprocess`; ``size`` is S.
        max_pixels: The largest width × height that is accepted.
        remedy: What to do about a file that has changed since the audit.
        threads: Photographs that are decoded at a time.

    Raises:
        InputError: With every photograph that cannot be used.
    """

    def one(photograph: tuple[str, str]) -> Preprocessed | InputError:
        name, path = photograph
        try:
            result = preprocess(path, **preprocessing, max_pixels=max_pixels)
            require_same_content(path, result.source, digests[name], remedy)
            return result
        except InputError as error:
            return error

    # The threads are ours: OpenCV's own would run beside them.
    cv2.setNumThreads(1)
    count, size = len(photographs), preprocessing["size"]
    file.attrs.update(preprocessing)
    file.attrs["made_by"] = f"Pillow {PIL.__version__}, OpenCV {cv2.__version__}"
    image = create_dataset(file, "image", (count, size, size, 3), np.uint8, compress=True)
    view = create_dataset(file, "field_of_view", (count, size, size), np.uint8, compress=True)
    sources, problems = [], list[Problem]()
    for number, result in enumerate(track(ordered_map(one, photographs, threads), count, "images")):
        if isinstance(result, InputError):
            problems += result.problems
            continue
        image[number], view[number] = result.image, result.field_of_view
        sources.append(result.source)
    raise_if_any(problems)
    write_texts(file, "source", sources)
    write_ids(file, [name for name, _ in photographs])
