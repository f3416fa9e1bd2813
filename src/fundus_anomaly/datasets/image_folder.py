"""The images of a folder of the user's own, folders in it included: what is named as one or begins as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fundus_anomaly.datasets.folders import archives, is_hidden, left_alone, listing
from fundus_anomaly.datasets.image_ids import ids
from fundus_anomaly.datasets.inside import Inside
from fundus_anomaly.datasets.refused import shown_path
from fundus_anomaly.errors import Problem
from fundus_anomaly.imaging.image_names import looks_like_image


@dataclass(frozen=True)
class ImageFolder:
    """What a folder holds; no image has been opened.

    Attributes:
        ids: Of the images, made from their paths below the folder.
        paths: Of the same images.
        notes: On files that are no images, and on hidden ones.
        unread: On archives, which may hold images.
        problems: Links that lead elsewhere.
    """

    ids: list[str]
    paths: list[Path]
    notes: tuple[str, ...]
    unread: tuple[str, ...]
    problems: tuple[Problem, ...]


def images_below(folder: Path, inside: Inside) -> ImageFolder:
    """Return the images of a folder, in an order that does not depend on the file system.

    Args:
        folder: The folder.
        inside: The root that no link may lead out of.

    Raises:
        InputError: With every folder that cannot be listed.
    """
    files = {path: path.relative_to(folder) for path in listing(folder, deep=True)}
    hidden = {path for path, name in files.items() if is_hidden(name)}
    images = [path for path in files if path not in hidden and looks_like_image(path)]
    taken = set(images)
    others = [path for path in files if path not in hidden and path not in taken]
    return ImageFolder(
        ids([files[path] for path in images]),
        images,
        left_alone(folder, hidden, "hidden files") + left_alone(folder, others, "not images"),
        archives(folder, others),
        tuple(_links(folder, images, others, inside)),
    )


def _links(folder: Path, images: Sequence[Path], others: Sequence[Path], inside: Inside) -> list[Problem]:
    """Return a problem for each image that a link takes out of the root, and for each folder that is a link."""
    copy = "put the files themselves there, or make the root a folder that holds both"
    found = [
        Problem(
            shown_path(str(path)),
            "a link that leads out of the dataset's root, or nowhere",
            "a file below the root",
            copy,
        )
        for path in images
        if path not in inside or not path.is_file()
    ]
    return found + [
        Problem(shown_path(str(path)), "a link to a folder", f"a folder inside {str(folder)!r} itself", copy)
        for path in others
        if path.is_dir()
    ]
