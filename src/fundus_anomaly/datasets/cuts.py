"""Images that are not files of a dataset: slices that the workflow cuts from its volumes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

_LESION = "_lesion"
_DIGITS = 4


@dataclass(frozen=True)
class Cut:
    """One volume and the images that are cut from it.

    Attributes:
        volume: The NIfTI file.
        images: PNG files that the workflow writes, each named by :func:`image_path`.
        lesions: Whether the volume marks lesions; its images are masks then.
    """

    volume: str
    images: tuple[str, ...]
    lesions: bool = False


def only(cuts: Iterable[Cut], images: Collection[str]) -> list[Cut]:
    """Return what of the cuts is needed for some images."""
    needed = [replace(cut, images=tuple(image for image in cut.images if image in images)) for cut in cuts]
    return [cut for cut in needed if cut.images]


def slice_name(number: int) -> str:
    """Return the name of a slice, counted from foot to head, from 0."""
    return f"{number:0{_DIGITS}}"


def image_path(folder: Path, number: int, *, lesions: bool = False) -> str:
    """Return the PNG file of a slice.

    Args:
        folder: The folder of the volume's images.
        number: The slice, counted from foot to head, from 0.
        lesions: Whether the image is the mask of the slice's lesions.
    """
    return str(folder / f"{slice_name(number)}{_LESION if lesions else ''}.png")


def slice_number(path: str) -> int:
    """Return the slice that a PNG file shows, from its name."""
    return int(Path(path).stem.removesuffix(_LESION))
