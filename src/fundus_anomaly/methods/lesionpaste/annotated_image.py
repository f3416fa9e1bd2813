"""From an annotated photograph and its masks to its lesions, at full resolution (LesionPaste, Sec. 2.1)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.imaging.decode import decode, decode_mask
from fundus_anomaly.imaging.field_of_view import bounding_box, field_of_view, retina_diameter
from fundus_anomaly.imaging.graham import subtract_local_average
from fundus_anomaly.methods.lesionpaste.lesion import Lesion, extract


def read_lesions(
    image: str,
    path: str,
    masks: Mapping[str, str],
    *,
    aspect: str,
    graham: bool,
    inverted: bool,
    max_pixels: int,
    bits_used: int = 16,
) -> list[Lesion]:
    """Return the isolated lesions of an annotated photograph, in colours as its preprocessing makes them.

    Args:
        image: Id of the photograph.
        path: Its file.
        masks: File of the mask of each type of lesion.
        aspect: ``"keep"`` or ``"stretch"``, as the normal images are preprocessed: what Graham's σ is a share of.
        graham: Whether the normal images have their local average subtracted; the lesions then have too.
        inverted: Whether 0 marks the lesion in the masks.
        max_pixels: The largest width × height that is accepted.
        bits_used: Bits that hold the levels of a photograph of 16 or more that does not state it, 8 to 16.

    Raises:
        InputError: With every file that cannot be decoded and every mask of another size than the photograph.
    """
    decoded, problems, size = {}, list[Problem](), None
    try:
        photograph, size = decode(path, (2**31, 2**31), max_pixels, bits_used)
    except InputError as error:
        problems += error.problems
    for kind, file in masks.items():
        try:
            decoded[kind] = decode_mask(file, inverted, max_pixels)
        except InputError as error:
            problems += error.problems
            continue
        if size is not None and decoded[kind].shape != size:
            found, allowed = ("{1}×{0} pixels".format(*shape) for shape in (decoded[kind].shape, size))
            remedy = "replace the mask, or name another image in lesionpaste.source.images"
            problems.append(Problem(file, f"a mask of {found}", f"the photograph's size, {allowed}", remedy))
    raise_if_any(problems)
    view = field_of_view(photograph)
    if graham:
        photograph = _without_average(photograph, view, aspect)
    return extract(photograph, decoded, image, retina_diameter(view))


def _without_average(photograph: np.ndarray, view: np.ndarray, aspect: str) -> np.ndarray:
    """Return the photograph with Graham's step taken on the part that the preprocessing of normal images takes."""
    if aspect == "stretch":
        return subtract_local_average(photograph, view)
    top, left, height, width = bounding_box(view)
    part = slice(top, top + height), slice(left, left + width)
    result = np.full_like(photograph, 128)
    result[part] = subtract_local_average(photograph[part], view[part])
    return result
