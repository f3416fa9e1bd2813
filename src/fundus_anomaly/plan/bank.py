"""Refuses data and settings that cannot work together, as far as the manifest shows it before the first job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np
import pandas as pd

from fundus_anomaly.datasets.subsets import calibration_images, entries_of_own_patients, share_of_patients
from fundus_anomaly.errors import Problem, raise_if_any

# Stride of level 2: a feature map has no more positions a side than this, rounded up.
_STRIDE = 8


def require_scorable(
    ids: Sequence[str],
    patients: Sequence[str],
    fractions: Mapping[str, float],
    *,
    size: int,
    search: Mapping[str, object],
    calibration: int,
    seed: int,
) -> None:
    """Raise if a memory bank cannot be searched, or gives no threshold, whatever its features.

    Args:
        ids: Ids of the training images.
        patients: The patient of each.
        fractions: ``normals`` and ``coreset`` of the variant.
        size: Side of the images in pixels.
        search: ``index`` and ``nlist`` of the configuration's section ``bank``.
        calibration: Number of normals that the threshold is taken from.
        seed: The configured seed.

    Raises:
        InputError: If the bank or the normals that calibrate are of one patient, whose images have no other to be
            compared with, or if there are more cells than entries.
    """
    images = np.flatnonzero(share_of_patients(patients, fractions["normals"], seed))
    chosen = list(calibration_images(patients, calibration, seed))
    entries_of_own_patients(ids, patients, images, chosen)
    if len({patients[image] for image in chosen}) < 2:
        found, remedy = f"{len(chosen)}, all of one patient", "raise it: maps are calibrated by other patients' normals"
        allowed = "normals of two patients or more"
        raise_if_any([Problem("config, evaluation.calibration_images", found, allowed, remedy)])
    most = max(1, round(fractions["coreset"] * len(images) * ceil(size / _STRIDE) ** 2))
    lists = int(str(search["nlist"]))
    if search["index"] == "ivf" and lists > most:
        allowed = f"at most {most}, the entries of a bank of {len(images)} images at coreset {fractions['coreset']:g}"
        remedy = "lower bank.nlist (and bank.nprobe), or set bank.index to flat, which suits a bank of this size"
        raise_if_any([Problem("config, bank.nlist", str(lists), allowed, remedy)])


def require_mask_files(table: pd.DataFrame, columns: Mapping[str, str], kinds: Sequence[str]) -> None:
    """Raise if annotated images have no mask file of a type of lesion that is to be pasted.

    Args:
        table: The manifest's rows of the annotated images.
        columns: The manifest's column of each type of lesion that the dataset has.
        kinds: Types that the mixes of the configuration name.

    Raises:
        InputError: With every type that is missing.
    """
    there = [kind for kind, column in columns.items() if (table[column] != "").any()]
    raise_if_any(
        Problem(
            f"config, lesionpaste.mix, type {kind!r}",
            f"no mask file of this type beside {', '.join(table['id'])}",
            f"types with one: {', '.join(there) or 'none'}",
            "remove the type from lesionpaste.mix, or name another image in lesionpaste.source.images",
        )
        for kind in dict.fromkeys(kinds)
        if kind not in there
    )
