"""Which normal images are used: a share of the patients for the bank, a number of images for the threshold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.seeds import digest


def share_of_patients(patients: Sequence[str], share: float, seed: int) -> np.ndarray:
    """Return which images belong to a share of the patients (ReSAD, Table 3: 10, 40 and 70 %).

    Patients are ordered by a hash of seed and name, so that a smaller share is part of every larger one and nothing
    depends on the order of the images.

    Args:
        patients: The patient of each of n images.
        share: Above 0, at most 1; at least one patient is taken.
        seed: The configured seed.

    Returns:
        ``(n,)`` bool.
    """
    ordered = sorted(set(patients), key=lambda patient: digest(seed, "share of patients", patient))
    taken = set(ordered[: max(1, round(share * len(ordered)))])
    return np.array([patient in taken for patient in patients])


def require_two_patients(patients: Collection[str], where: str) -> None:
    """Raise if normal images to train on are of fewer than two patients: some patients are held out.

    Args:
        patients: The patient of each image.
        where: What the images are for, for the error.

    Raises:
        InputError: If so.
    """
    if len(set(patients)) < 2:
        found = f"{len(patients)} of {len(set(patients))} patients; the patients who are held out train nothing"
        remedy = "give normal images of more patients, or remove some from data.exclude; each page names those excluded"
        raise InputError(Problem(where, found, "images of two patients or more", remedy))


def taught_and_held_out(
    ids: Sequence[str], patient_of: Mapping[str, str], share: float, seed: int
) -> tuple[list[int], list[int]]:
    """Return the numbers of the images to train on and of those held out, no patient in both.

    Images of no patient that is named here, those of a held-out fold, are in neither.

    Args:
        ids: Ids of the images.
        patient_of: The patient by id.
        share: Share of the patients that is held out.
        seed: The configured seed.

    Raises:
        InputError: If the images are of fewer than two patients.
    """
    taken = np.array([number for number, name in enumerate(ids) if name in patient_of], np.int64)
    patients = [patient_of[ids[number]] for number in taken]
    require_two_patients(patients, "normal images to train on")
    held_out = share_of_patients(patients, share, seed)
    return taken[~held_out].tolist(), taken[held_out].tolist()


def abnormal_taught_and_held_out(
    patients: Sequence[str], taught: Collection[str], held_out: Collection[str], share: float, seed: int
) -> tuple[list[int], list[int]]:
    """Return the numbers of the abnormal images to learn from and of those held out, no patient in both.

    A patient with normal images too stands on the side of those.

    Args:
        patients: The patient of each abnormal image.
        taught: Patients of the normal images to learn from.
        held_out: Patients of the normal images that are held out.
        share: Share of the other patients that is held out; at least one, if there are two or more.
        seed: The configured seed.
    """
    others = sorted(set(patients) - set(taught) - set(held_out))
    chosen = share_of_patients(others, share, seed) if len(others) > 1 else np.zeros(len(others), bool)
    aside = {*held_out, *(patient for patient, out in zip(others, chosen, strict=True) if out)}
    numbers = range(len(patients))
    return (
        [number for number in numbers if patients[number] not in aside],
        [number for number in numbers if patients[number] in aside],
    )


def calibration_images(patients: Sequence[str], count: int, seed: int) -> np.ndarray:
    """Return the indices of the images that calibrated thresholds are taken from, in the order of the images.

    Patients are drawn with all of their images: by patient, the higher score of both eyes is held against the test's.

    Args:
        patients: The patient of each of n images.
        count: How many images at least; all if there are fewer.
        seed: The configured seed.

    Returns:
        ``(m,)`` int64, increasing.
    """
    taken: list[int] = []
    images: dict[str, list[int]] = {}
    for number, patient in enumerate(patients):
        images.setdefault(patient, []).append(number)
    for patient in sorted(images, key=lambda patient: digest(seed, "calibration", patient)):
        if len(taken) >= count:
            break
        taken += images[patient]
    return np.array(sorted(taken), np.int64)


def entries_of_own_patients(
    ids: Sequence[str], patients: Sequence[str], entry_image: np.ndarray, chosen: Sequence[int]
) -> dict[str, np.ndarray]:
    """Return which entries of a memory bank each of some normal images may not be compared with: its own patient's.

    Args:
        ids: Ids of the n normal images.
        patients: The patient of each.
        entry_image: ``(k,)`` int, the image that each entry of the bank comes from.
        chosen: The images that are asked for.

    Returns:
        For the id of each chosen image ``(k,)`` bool.

    Raises:
        InputError: If every entry of the bank is of one patient, whose images no entry would be left for.
    """
    number = np.unique(list(patients), return_inverse=True)[1]
    own = {ids[image]: number[entry_image] == number[image] for image in chosen}
    alone = sorted({patients[image] for image in chosen if own[ids[image]].all()})
    remedy = "raise the variant's share `normals` (ablations.variants), or give normal images of more patients"
    raise_if_any(
        Problem("memory bank", f"entries of patient {patient!r} alone", "those of two patients or more", remedy)
        for patient in alone
    )
    return own
