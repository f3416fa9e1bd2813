"""Images and masks that a dataset names by a number, in any format that is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from fundus_anomaly.datasets.folders import listing, named_files
from fundus_anomaly.errors import Problem
from fundus_anomaly.imaging.image_names import READ_ENDINGS


def numbered_images(
    folder: Path, stem: str, problems: list[Problem], notes: list[str], unread: list[str], apart: Iterable[Path] = ()
) -> dict[str, Path]:
    """Return the images or masks of a folder by the part of their names in parentheses, whatever their format.

    Copies of a dataset in circulation are converted to other formats. A mask that is passed over would make its lesions
    count as normal, so that a file of an image's name in a format that is not read is an error and no note.

    Args:
        folder: The folder.
        stem: A regular expression with one group, matched against whole names without their ending and without
            regard to case.
        problems: Receives a problem for two files of one name, and for each file that has the name of an image and
            another ending, if no image has that name.
        notes: Receives a note that names all files of other names.
        unread: Receives a sentence on those of them that look like images.
        apart: Folders of other parts of the dataset, which may be inside this one.
    """
    found = named_files(folder, stem, problems, notes, unread, apart)
    problems += [
        Problem(
            str(path), f"an ending {path.suffix!r}", f"one of {' '.join(READ_ENDINGS)}", "convert or remove the file"
        )
        for path in _other_endings(folder, stem, found)
    ]
    return found


def _other_endings(folder: Path, stem: str, found: Collection[str]) -> list[Path]:
    """Return the files whose names but for the ending are an image's, where no image was found."""
    names = re.compile(stem + r"(?:\..*)?", re.IGNORECASE | re.ASCII)
    matches = [(path, names.fullmatch(path.name)) for path in listing(folder)]
    return [path for path, match in matches if match and match[1].upper() not in found]
