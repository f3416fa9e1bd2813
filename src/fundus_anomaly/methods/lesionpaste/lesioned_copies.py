"""Lesioned copies of normal images with exact masks, which settings are chosen by: no label of a test is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import h5py
import numpy as np

from fundus_anomaly.files.hdf5 import create_dataset, write_ids, write_texts
from fundus_anomaly.imaging.prepared_images import Normal, NormalImages
from fundus_anomaly.methods.lesionpaste.drawn_lesions import KINDS, drawn_lesions
from fundus_anomaly.methods.lesionpaste.lesion import Lesion
from fundus_anomaly.methods.lesionpaste.options import options_from
from fundus_anomaly.methods.lesionpaste.synthesis import Synthesis, plan, synthesise
from fundus_anomaly.progress import track

Maker = Callable[[Normal, str], Synthesis]
"""Makes a lesioned copy of a normal image; the copy's id decides what is drawn."""


def copy_id(name: str, copy: int) -> str:
    """Return the id of a lesioned copy of a normal image."""
    return f"{name}, lesioned copy {copy}"


def drawn(most: int, seed: int) -> tuple[Maker, tuple[str, ...]]:
    """Return what draws lesions that were never seen in any image, and their kinds.

    Args:
        most: The most lesions of a copy.
        seed: The configured seed.
    """
    return lambda normal, name: drawn_lesions(normal, most, seed, name), tuple(KINDS)


def pasted(bank: Sequence[Lesion], settings: Mapping, most: int, seed: int) -> tuple[Maker, tuple[str, ...]]:
    """Return what pastes lesions of annotated images as LesionPaste does (eq. 1), and their types.

    N ~ U{1, …, most} lesions are drawn with repetition from all of the bank: more would be seen by any setting. Masks
    are binary, so that each pixel that was changed is lesion and no other.

    Args:
        bank: The lesions, of photographs prepared as the normal images are.
        settings: The keys of :data:`.keys.SYNTHESIS_KEYS`: MixUp and augmentation are taken from them.
        most: The most lesions of a copy.
        seed: The configured seed.

    Raises:
        InputError: As :func:`.options.options_from`.
    """
    kinds = tuple(sorted({lesion.kind for lesion in bank}))
    options = replace(
        options_from(settings),
        mix=((kinds, 1.0),),
        most=most / len(bank),
        count_by="image",
        mask="binary",
        patch="lesion",
    )

    def make(normal: Normal, name: str) -> Synthesis:
        return synthesise(*normal[1:], bank, plan(bank, options, seed, name), options.mask)

    return make, kinds


def write_lesioned(
    normals: NormalImages,
    numbers: Sequence[int],
    copies: int,
    made: tuple[Maker, tuple[str, ...]],
    images: h5py.File,
    masks: h5py.File,
) -> None:
    """Write lesioned copies as the rules ``images`` and ``masks`` write photographs and their lesions.

    Args:
        normals: The normal images, S pixels a side.
        numbers: Which of them are copied.
        copies: Copies of each, one beside the other.
        made: From :func:`drawn` or :func:`pasted`.
        images: Open for writing; gets ``image`` (n, S, S, 3) uint8, ``field_of_view`` (n, S, S) uint8, ``id``, and
            ``normal`` (n,), the id of the normal image that each is a copy of.
        masks: Open for writing; gets ``coverage`` (n, L, S, S) uint8, 255 where a lesion is and 0 elsewhere, ``id``,
            and the attribute ``lesions``, the L kinds.

    Raises:
        InputError: If a lesion fits nowhere.
    """
    make, kinds = made
    pairs = [(number, copy) for number in numbers for copy in range(copies)]
    names = [copy_id(normals.ids[number], copy) for number, copy in pairs]
    side = normals[int(numbers[0])].image.shape[0]
    image = create_dataset(images, "image", (len(pairs), side, side, 3), np.uint8, compress=True)
    view = create_dataset(images, "field_of_view", (len(pairs), side, side), np.uint8, compress=True)
    coverage = create_dataset(masks, "coverage", (len(pairs), len(kinds), side, side), np.uint8, compress=True)
    for place, (number, _) in enumerate(track(pairs, len(pairs), "lesioned copies")):
        normal = normals[int(number)]
        found = make(normal, names[place])
        image[place], view[place] = found.image, normal.field_of_view
        coverage[place] = np.stack([255 * (found.masks >> bit & 1) for bit in range(len(kinds))]).astype(np.uint8)
    write_ids(images, names)
    write_texts(images, "normal", [normals.ids[number] for number, _ in pairs])
    write_ids(masks, names)
    masks.attrs["lesions"] = list(kinds)
