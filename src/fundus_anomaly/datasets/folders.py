"""Folders of images: what is in them, in an order that does not depend on the file system."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from fundus_anomaly.datasets.refused import shown_path
from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.imaging.image_names import ARCHIVE_ENDINGS, READ_ENDINGS, looks_like_image

# What operating systems leave in folders beside hidden files: never worth a warning.
_JUNK = frozenset(("thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"))


def require_folders(root: Path, folders: Iterable[Path], what: str, remedy: str) -> None:
    """Raise for every folder that is missing.

    Args:
        root: The dataset's folder.
        folders: The folders below the root that are needed.
        what: The dataset, for the error.
        remedy: What the user can do.

    Raises:
        InputError: With all the folders that are not there; if the root is not there, one problem that names them all.
    """
    folders = list(folders)
    if not root.is_dir():
        parts = ", ".join(repr(folder.relative_to(root).as_posix()) for folder in folders)
        raise InputError(Problem(f"{what}, root {str(root)!r}", _state(root), f"a folder with {parts}", remedy))
    raise_if_any(
        Problem(f"{what}, folder {str(folder)!r}", _state(folder), "a folder", remedy)
        for folder in folders
        if not folder.is_dir()
    )


def _state(path: Path) -> str:
    """Say what is there instead of a folder, down to the first part of the path that is missing."""
    if path.exists():
        return "a file"
    there = next(parent for parent in path.parents if parent.exists() or parent == parent.parent)
    return f"nothing ({str(there)!r} holds no {path.relative_to(there).parts[0]!r})"


def listing(folder: Path, *, deep: bool = False, skipped: Collection[str] = ()) -> list[Path]:
    """Return the files of a folder, hidden ones and linked folders too, sorted by their relative paths.

    Args:
        folder: The folder.
        deep: Whether files of folders inside it belong to it too.
        skipped: Folders inside it that do not, below the same root and without ``..``.

    Raises:
        InputError: With every folder that cannot be listed: its files would be missed silently.
    """
    found: list[str] = []
    failures: list[OSError] = []
    for here, folders, files in os.walk(folder, onerror=failures.append):
        if skipped:
            folders[:] = [name for name in folders if os.path.normpath(Path(here) / name) not in skipped]
        inner = here.removeprefix(str(folder)).strip(os.sep)
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        found += [f"{inner}/{name}" if inner else name for name in files + links]
        if not deep:
            break
    raise_if_any(
        Problem(
            shown_path(str(error.filename)),
            f"a folder that cannot be listed ({error.strerror})",
            "one that can be read",
            "give yourself permission to read it, or move it elsewhere",
        )
        for error in failures
    )
    return [folder / name for name in sorted(found)]


def is_hidden(name: Path) -> bool:
    """Return whether a path below the folder that was searched is hidden, or junk of the operating system."""
    return any(part.startswith(".") for part in name.parts) or name.name.casefold() in _JUNK


def named_files(
    folder: Path, stem: str, problems: list[Problem], notes: list[str], unread: list[str], apart: Iterable[Path] = ()
) -> dict[str, Path]:
    """Return the images of a folder that are named as a dataset names them, by the part of the name in parentheses.

    What else looks like an image is named in ``unread``: other names in the folder, and names like the dataset's in
    folders inside it, which are not searched.

    Args:
        folder: The folder.
        stem: A regular expression with one group, matched without regard to case against whole names without their
            ending, which may be any that is read.
        problems: Receives a problem for two files of one name.
        notes: Receives a note that names all other files.
        unread: Receives a sentence on those of them that look like images.
        apart: Folders of other parts of the dataset, which may be inside this one.
    """
    endings = "|".join(re.escape(ending) for ending in READ_ENDINGS)
    names = re.compile(f"(?:{stem})(?:{endings})", re.IGNORECASE | re.ASCII)
    found: dict[str, Path] = {}
    strange, others, inner = [], [], []
    for path in listing(folder, deep=True, skipped=[os.path.normpath(path) for path in apart]):
        match = names.fullmatch(path.name)
        if path.parent != folder:
            inner += [(match[1].upper(), path)] if match else []
        elif not match:
            (strange if not is_hidden(Path(path.name)) and looks_like_image(path) else others).append(path)
        elif match[1].upper() in found:
            allowed, remedy = f"one file of {match[1]}", "remove one of the two"
            problems.append(
                Problem(str(path), f"a second file beside {found[match[1].upper()].name!r}", allowed, remedy)
            )
        else:
            found[match[1].upper()] = path
    notes += left_alone(folder, others, "not named as the dataset names its files")
    unread += left_alone(folder, strange, "not named as the dataset names its files, though like images")
    deeper = [path for name, path in inner if name not in found]
    unread += left_alone(folder, deeper, "in folders inside it, which are not searched, though named like its images")
    return found


def left_alone(folder: Path, files: Iterable[Path], why: str) -> tuple[str, ...]:
    """Return a note that names the files which no adapter takes, or nothing if there are none.

    Args:
        folder: The folder that was searched.
        files: The files that were not taken.
        why: Why not, e.g. ``"not images"``.
    """
    names = [repr(path.relative_to(folder).as_posix()) for path in files]
    if not names:
        return ()
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return (f"{shown_path(str(folder))}: {len(names)} {why}, left alone: {', '.join(names[:20])}{more}.",)


def archives(folder: Path, files: Iterable[Path]) -> tuple[str, ...]:
    """Return a sentence that names the archives among files, which may hold photographs, or nothing."""
    found = [path for path in files if path.name.casefold().endswith(ARCHIVE_ENDINGS)]
    return left_alone(folder, found, "not unpacked, though archives may hold images")
