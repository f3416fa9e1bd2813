"""What a method learns from: normals of some patients, and abnormal photographs of the same side of the split."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import h5py

from fundus_anomaly.datasets.subsets import abnormal_taught_and_held_out, taught_and_held_out
from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.imaging.prepared_images import PreparedPhotographs
from fundus_anomaly.methods.interface import Abnormal

logger = logging.getLogger(__name__)


class Normals(NamedTuple):
    """Normal photographs, no patient on both sides.

    Attributes:
        taught: To learn from.
        held_out: Nothing may be learned from them.
    """

    taught: PreparedPhotographs
    held_out: PreparedPhotographs


class Beside(NamedTuple):
    """Photographs beside the test that are labelled abnormal.

    Attributes:
        images: Their file, as the rule ``images`` wrote it.
        patient_of: The patient of each by id.
        refused: Ids that may not be learned from: copies of the test's photographs.
    """

    images: str | os.PathLike[str]
    patient_of: Mapping[str, str]
    refused: Collection[str]


class Taught(NamedTuple):
    """What a method is given.

    Attributes:
        normals: Normal photographs.
        side: Of all photographs, in pixels.
        abnormal: Those labelled abnormal, for a method that takes them.
    """

    normals: Normals
    side: int
    abnormal: Abnormal | None


@contextmanager
def open_taught(
    images: str | os.PathLike[str], patient_of: Mapping[str, str], beside: Beside | None, share: float, seed: int
) -> Iterator[Taught]:
    """Open what a method learns from while a block lasts.

    Args:
        images: File of the normal photographs, as the rule ``images`` wrote it.
        patient_of: As in :func:`normals_of`.
        beside: Photographs labelled abnormal; None for a method that takes none.
        share: As in :func:`normals_of`.
        seed: Likewise.

    Raises:
        InputError: If a file is damaged, or too few photographs are left to learn from.
    """
    with ExitStack() as opened:
        file = opened.enter_context(open_h5(images, "image", "field_of_view", "id"))
        normals, abnormal = normals_of(file, patient_of, share, seed), None
        if beside is not None:
            other = opened.enter_context(open_h5(beside.images, "image", "field_of_view", "id"))
            abnormal = abnormal_of(other, beside.patient_of, normals, patient_of, beside.refused, share, seed)
        yield Taught(normals, file["image"].shape[1], abnormal)


def normals_of(file: h5py.File, patient_of: Mapping[str, str], share: float, seed: int) -> Normals:
    """Return the normal photographs of a file, divided by patient.

    Args:
        file: As the rule ``images`` wrote it.
        patient_of: The patient by id; photographs of no patient that is named here are on neither side.
        share: Share of the patients that is held out.
        seed: The configured seed.

    Raises:
        InputError: If the photographs are of fewer than two patients.
    """
    taught, held_out = taught_and_held_out(read_ids(file), patient_of, share, seed)
    logger.info("%d normal images to learn from, %d held out", len(taught), len(held_out))
    return Normals(PreparedPhotographs(file, taught), PreparedPhotographs(file, held_out))


def abnormal_of(
    file: h5py.File,
    patient_of: Mapping[str, str],
    normals: Normals,
    patient_of_normal: Mapping[str, str],
    refused: Collection[str],
    share: float,
    seed: int,
) -> Abnormal:
    """Return the photographs of a file that are labelled abnormal, divided by patient as the normals are.

    Args:
        file: As the rule ``images`` wrote it.
        patient_of: The patient by id.
        normals: From :func:`normals_of`.
        patient_of_normal: The patient of each normal by id.
        refused: Ids that may not be learned from: copies of the test's photographs.
        share: As in :func:`normals_of`.
        seed: Likewise.

    Raises:
        InputError: If no photograph is left to learn from.
    """
    ids = read_ids(file)
    numbers = [number for number, name in enumerate(ids) if name in patient_of and name not in refused]
    sides = [{patient_of_normal[name] for name in side.ids} for side in normals]
    taught, held_out = abnormal_taught_and_held_out([patient_of[ids[n]] for n in numbers], *sides, share, seed)
    logger.info("%d abnormal images to learn from, %d held out", len(taught), len(held_out))
    if not taught:
        remedy = "leave this method out of compared.methods: the dataset has no abnormal photographs beside its test"
        found = f"{len(ids)}, of which none may be learned from"
        raise InputError(Problem("photographs labelled abnormal, beside the test", found, "at least one", remedy))
    return Abnormal(*(PreparedPhotographs(file, [numbers[place] for place in side]) for side in (taught, held_out)))
