"""Which slices of lesion masks hold lesions: that takes reading all voxels, so the answers are kept in a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.imaging.ct_volume import CtVolume

# One line a mask: of a file that was cut short no mask is taken that has lost some of its slices.
_COLUMNS = ("mask", "bytes", "mtime_ns", "lesion_pixels_by_slice")
_Key = tuple[str, int, int]


def lesion_slices(root: Path, masks: Iterable[Path], memo: Path) -> dict[Path, dict[int, int]]:
    """Return the slices that hold lesions, with their number of lesion pixels, of each mask.

    Args:
        root: The folder of the dataset; the memo names masks relative to it.
        masks: NIfTI files below the root; what :func:`is_lesion` says is lesion.
        memo: A file that keeps the answers (CSV). A mask whose size or time of change is another than noted there is
            read again. Where the file cannot be written, every mask is read each time.

    Returns:
        For each mask the number of lesion pixels by slice, slices counted from foot to head, from 0.

    Raises:
        InputError: With every mask that cannot be read.
    """
    known = _read(memo)
    found: dict[_Key, dict[int, int]] = {}
    by_mask: dict[Path, dict[int, int]] = {}
    problems: list[Problem] = []
    for mask in masks:
        state = mask.stat()
        key = (mask.relative_to(root).as_posix(), state.st_size, state.st_mtime_ns)
        try:
            by_mask[mask] = found[key] = known[key] if key in known else lesion_pixels(CtVolume(mask))
        except InputError as error:
            problems += error.problems
    raise_if_any(problems)
    if found != known:
        with suppress(OSError):
            write_text(memo, _text(found))
    return by_mask


def lesion_pixels(mask: CtVolume) -> dict[int, int]:
    """Return the number of lesion pixels of each slice of a mask that has any."""
    pixels = {number: int(np.count_nonzero(is_lesion(mask[number]))) for number in range(len(mask))}
    return {number: count for number, count in pixels.items() if count}


def is_lesion(values: np.ndarray) -> np.ndarray:
    """Return which voxels of a mask are lesion, bool of the same shape; soft edges count from a half on."""
    return values >= 0.5


def _text(found: Mapping[_Key, Mapping[int, int]]) -> str:
    """Return the memo's text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for key, pixels in found.items():
        writer.writerow([*key, " ".join(f"{number}:{count}" for number, count in pixels.items())])
    return text.getvalue()


def _read(memo: Path) -> dict[_Key, dict[int, int]]:
    """Return what a memo holds; nothing of what is not as :func:`_text` writes it."""
    try:
        text = memo.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    try:
        header, *lines = csv.reader(text[: text.rfind("\n") + 1].splitlines()) if "\n" in text else [()]
    except csv.Error:
        return {}
    if tuple(header) != _COLUMNS:
        return {}
    known = {}
    for line in lines:
        with suppress(ValueError):
            name, size, time, slices = line
            pairs = (pair.split(":") for pair in slices.split())
            known[name, int(size), int(time)] = {int(number): int(count) for number, count in pairs}
    return known
