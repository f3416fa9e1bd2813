"""Images and lesion masks cut from CT volumes and written as PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from fundus_anomaly.datasets.cuts import Cut, slice_number
from fundus_anomaly.datasets.lesion_slices import is_lesion
from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.whole import whole
from fundus_anomaly.imaging.ct_volume import CtVolume, require_hounsfield_units, windowed
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.progress import track


def write_slices(cuts: Sequence[Cut], window: Mapping[str, float], threads: int) -> None:
    """Write every image of some volumes: grey PNG files, of a mask with 255 where the lesion is.

    Args:
        cuts: The volumes and what is cut from each.
        window: ``level`` and ``width`` in Hounsfield units; see :func:`.ct_volume.windowed`.
        threads: Volumes that are held at a time.

    Raises:
        InputError: With every volume that cannot be used.
    """
    problems: list[Problem] = []
    for found in track(ordered_map(lambda cut: _cut(cut, window), cuts, threads), len(cuts), "slices", "volume"):
        problems += found
    raise_if_any(problems)


def _cut(cut: Cut, window: Mapping[str, float]) -> list[Problem]:
    """Write the slices of one volume; return what is wrong."""
    try:
        slices = CtVolume(cut.volume)
        if not cut.lesions:
            require_hounsfield_units(slices, cut.volume)
        for image in cut.images:
            values = slices[slice_number(image)]
            grey = is_lesion(values).astype(np.uint8) * 255 if cut.lesions else windowed(values, **window)
            _, data = cv2.imencode(".png", grey)
            with whole(image) as temporary:
                temporary.write_bytes(data.tobytes())
    except InputError as error:
        return list(error.problems)
    return []
