"""A lesion bank out of all annotated images that the configuration names."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

from fundus_anomaly.datasets.columns import mask_column
from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.methods.lesionpaste.annotated_image import read_lesions
from fundus_anomaly.methods.lesionpaste.lesion import Lesion, in_words
from fundus_anomaly.methods.lesionpaste.lesion_bank import require_fit, require_kinds

logger = logging.getLogger(__name__)


def lesions_of(
    sources: Sequence[Mapping[str, str]],
    lesions: Sequence[str],
    kinds: Collection[str],
    preprocessing: Mapping,
    *,
    inverted: bool,
    max_pixels: int,
) -> list[Lesion]:
    """Return the lesions of the types that are pasted.

    Args:
        sources: The manifest's rows of the annotated images: ``id``, ``path`` and a path for each lesion type.
        lesions: The lesion types that the dataset's masks mark.
        kinds: Those that are pasted.
        preprocessing: ``aspect``, ``graham`` and ``bits_used``; see :mod:`fundus_anomaly.imaging.preprocess`.
        inverted: Whether 0 marks the lesion in the masks.
        max_pixels: The largest width × height that is accepted.

    Raises:
        InputError: With every image and mask that cannot be used, and every type without a lesion.
    """
    found, problems, files = list[Lesion](), list[Problem](), dict[str, list[str]]()
    for row in sources:
        masks = {kind: row[mask_column(kind)] for kind in lesions if row[mask_column(kind)]}
        for kind, file in masks.items():
            files.setdefault(kind, []).append(file)
        try:
            own = read_lesions(
                row["id"],
                row["path"],
                masks,
                aspect=preprocessing["aspect"],
                graham=preprocessing["graham"],
                bits_used=preprocessing.get("bits_used", 16),
                inverted=inverted,
                max_pixels=max_pixels,
            )
        except InputError as error:
            problems += error.problems
            continue
        for kind in masks.keys() - {lesion.kind for lesion in own}:
            logger.info("%s marks no lesion", masks[kind])
        found += own
    if problems:
        raise InputError(problems, "Or name other annotated images in lesionpaste.source.images.")
    require_kinds(found, kinds, [row["id"] for row in sources], files)
    if never := [lesion for lesion in found if lesion.kind not in kinds]:
        logger.info("of types that lesionpaste.mix never names, not in the bank: %s", in_words(never))
    chosen = [lesion for lesion in found if lesion.kind in kinds]
    require_fit(chosen)
    return chosen
