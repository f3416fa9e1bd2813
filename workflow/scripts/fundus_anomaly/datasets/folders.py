"""Folders of images: what is in them, in an order that does not depend on the file system."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import InputError, Problem, raise_if_any

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")


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


def listing(folder: Path, *, deep: bool = False) -> list[Path]:
    """Return the files of a folder, hidden ones and linked folders too, sorted by their relative paths.

    Args:
        folder: The folder.
        deep: Whether files of folders inside it belong to it too.
    """
    found: list[str] = []
    for here, folders, files in os.walk(folder):
        inner = here.removeprefix(str(folder)).strip(os.sep)
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        found += [f"{inner}/{name}" if inner else name for name in files + links]
        if not deep:
            break
    return [folder / name for name in sorted(found)]


def is_image(path: Path) -> bool:
    """Return whether a file's name is that of an image and not hidden."""
    return path.suffix.casefold() in IMAGE_SUFFIXES and not path.name.startswith(".")


def named_files(folder: Path, pattern: str, problems: list[Problem], notes: list[str]) -> dict[str, Path]:
    """Return the files of a folder that are named as a dataset names them, by the part of the name in parentheses.

    Args:
        folder: The folder.
        pattern: A regular expression with one group, matched against whole names without regard to case.
        problems: Receives a problem for two files of one name.
        notes: Receives a note that names all other files.
    """
    names = re.compile(pattern, re.IGNORECASE | re.ASCII)
    found: dict[str, Path] = {}
    others = []
    for path in listing(folder):
        match = names.fullmatch(path.name)
        if not match:
            others.append(path)
        elif match[1].upper() in found:
            allowed, remedy = f"one file of {match[1]}", "remove one of the two"
            problems.append(
                Problem(str(path), f"a second file beside {found[match[1].upper()].name!r}", allowed, remedy)
            )
        else:
            found[match[1].upper()] = path
    notes += left_alone(folder, others, "not named as the dataset names its files")
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
    return (f"{folder}: {len(names)} {why}, left alone: {', '.join(names[:20])}{more}.",)
