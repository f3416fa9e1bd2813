"""The user's own photographs: a folder of normals and a folder of unknowns, or a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath

from fundus_anomaly.datasets.columns import NORMAL, UNKNOWN
from fundus_anomaly.datasets.folders import require_folders
from fundus_anomaly.datasets.image_folder import images_below
from fundus_anomaly.datasets.image_ids import ids
from fundus_anomaly.datasets.image_table import read_image_table
from fundus_anomaly.datasets.inside import Inside
from fundus_anomaly.datasets.manifest import Dataset, frame
from fundus_anomaly.datasets.place import Place
from fundus_anomaly.errors import Problem, raise_if_any

NAME = "images"
_OWN_PATIENTS = (
    "No patients are known: each image counts as its own. If several show one patient, give a table with a column "
    "'patient'; otherwise one patient's eyes and visits may be on both sides of the split."
)


def load(settings: Mapping[str, object], place: Place) -> Dataset:
    """Return the user's own images.

    In the two folders everything counts as an image that is named as one or begins as one; what of it cannot be read
    is for the audit to say. Hidden files are left alone.

    Args:
        settings: ``table``, a CSV below the root (see :func:`.image_table.read_image_table`), or ``""`` to take two
            folders; ``normals`` and ``unknowns``, those folders below the root, with all folders in them;
            ``masks_inverted``, whether 0 is lesion in the masks that the table names.
        place: Its root holds everything. A path that leads out of it, also through a link, is an error.

    Raises:
        InputError: With every folder, file or row that is missing or wrong.
    """
    notes: list[str] = []
    unread: list[str] = []
    lesions: tuple[str, ...] = ()
    if settings["table"]:
        rows, lesions, notes, unread = read_image_table(place.root, str(settings["table"]))
        names = [PurePath(str(row["path"])).relative_to(place.root) for row in rows]
        rows = [row | {"id": f"{NAME}/{name}"} for row, name in zip(rows, ids(names), strict=True)]
    else:
        folders = {"normal": place.root / str(settings["normals"]), "unknown": place.root / str(settings["unknowns"])}
        rows = _from_folders(place.root, folders, notes, unread)
    if not any(row.get("patient") for row in rows):
        notes.append(_OWN_PATIENTS)
    return Dataset(
        NAME, frame(rows, lesions), lesions, bool(settings["masks_inverted"]), tuple(notes), unread=tuple(unread)
    )


def _from_folders(
    root: Path, folders: Mapping[str, Path], notes: list[str], unread: list[str]
) -> list[dict[str, object]]:
    """Return the rows of a folder of normals (training) and a folder of unknowns (test)."""
    remedy = "correct the root, data.images.normals or data.images.unknowns in the config"
    require_folders(root, folders.values(), "images", remedy)
    inside = Inside(root)
    problems = [
        Problem(f"folder {str(folder)!r}", "a folder outside of the root", f"one below {str(root)!r}", remedy)
        for folder in folders.values()
        if folder not in inside
    ]
    normal, unknown = (folder.resolve() for folder in folders.values())
    if normal.is_relative_to(unknown) or unknown.is_relative_to(normal):
        found = f"one inside the other: {str(normal)!r}, {str(unknown)!r}"
        problems.append(Problem("folders of normals and unknowns", found, "two separate folders", remedy))
    raise_if_any(problems)
    rows: list[dict[str, object]] = []
    for kind, folder in folders.items():
        found = images_below(folder, inside)
        notes += found.notes
        unread += found.unread
        problems += found.problems
        split, label = ("train", NORMAL) if kind == "normal" else ("test", UNKNOWN)
        rows += [
            {"id": f"{NAME}/{kind}/{name}", "path": str(path), "split": split, "label": label}
            for name, path in zip(found.ids, found.paths, strict=True)
        ]
    raise_if_any(problems)
    return rows
