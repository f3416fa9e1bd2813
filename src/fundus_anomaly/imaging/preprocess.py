"""One photograph, from its file to the working size, with all that its masks need to follow it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.imaging.decode import decode
from fundus_anomaly.imaging.field_of_view import bounding_box, field_of_view
from fundus_anomaly.imaging.geometry import keep_aspect, stretch
from fundus_anomaly.imaging.graham import subtract_local_average


@dataclass(frozen=True)
class Preprocessed:
    """A photograph at the working size.

    Attributes:
        image: ``(S, S, 3)`` uint8 RGB.
        field_of_view: ``(S, S)`` bool.
        source: JSON text: the file's path, SHA-256 and full size, and the geometry that was applied.
    """

    image: np.ndarray
    field_of_view: np.ndarray
    source: str


def require_same_content(path: str | Path, source: str, wanted: str, remedy: str) -> None:
    """Raise if a photograph is not the file that an earlier rule read.

    Args:
        path: The photograph.
        source: :attr:`Preprocessed.source` of what is there now.
        wanted: SHA-256 of the file that was read.
        remedy: What to do if the present file is the right one.

    Raises:
        InputError: If the content is another.
    """
    found = json.loads(source)["sha256"]
    if found != wanted:
        other = f"another content (SHA-256 {found}) than was read before"
        remedy = f"put the file back that was read; if this one is right, {remedy}"
        raise InputError(Problem(str(path), other, f"the content as it was ({wanted})", remedy))


def preprocess(
    path: str | Path, *, size: int, aspect: str, graham: bool, max_pixels: int, bits_used: int = 16
) -> Preprocessed:
    """Decode, find the field of view, bring to ``size`` × ``size`` and, if asked for, take Graham's step.

    Args:
        path: The photograph.
        size: Side of the working square in pixels (the paper: 784).
        aspect: ``"stretch"`` (the paper) takes the whole image straight to the square; ``"keep"`` crops to the field
            of view and keeps its aspect ratio on black.
        graham: Whether to subtract the local average.
        max_pixels: The largest width × height that is accepted.
        bits_used: Bits that hold the levels of a file of 16 or more that does not state it, 8 to 16.

    Raises:
        InputError: If the file cannot be decoded or is too large.
    """
    # A crop to the field of view uses fewer of the decoded pixels: decode enough for a view of half the width.
    wanted = size if aspect == "stretch" else 2 * size
    photograph, full_size = decode(path, (wanted, wanted), max_pixels, bits_used)
    view = field_of_view(photograph)
    keep = aspect == "keep"
    geometry = keep_aspect(size, photograph.shape[:2], bounding_box(view)) if keep else stretch(size)
    image, small_view = geometry.apply(photograph), geometry.apply(view.astype(np.uint8) * 255) > 127
    if graham:
        image = subtract_local_average(image, small_view)
    source = {
        "path": str(path),
        "sha256": sha256(path),
        "height": full_size[0],
        "width": full_size[1],
        "geometry": geometry.as_dict(),
    }
    return Preprocessed(image, small_view, json.dumps(source, ensure_ascii=False, sort_keys=True))
