"""The photographs that a detector is to judge: all of a folder, those that no job can be given set apart."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fundus_anomaly.datasets.image_folder import images_below
from fundus_anomaly.datasets.inside import Inside
from fundus_anomaly.datasets.refused import UNNAMEABLE, shown_path
from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.tables import read_results_table


@dataclass(frozen=True)
class NewPhotographs:
    """What a folder holds to be judged; no photograph has been opened.

    Attributes:
        ids: Of the photographs, made from their paths below the folder.
        paths: Of the same photographs.
        refused: Photographs that cannot even be named: path below the folder as it can be shown, and why.
        notes: On what else lies there.
    """

    ids: list[str]
    paths: list[str]
    refused: list[tuple[str, str]]
    notes: tuple[str, ...]


def new_photographs(root: str | os.PathLike[str], results: str | os.PathLike[str]) -> NewPhotographs:
    """Return the photographs of a folder and of all folders in it.

    Args:
        root: The folder.
        results: Where the results are written; it may not lie in the folder, or its pictures would be judged too.

    Raises:
        InputError: If there is no such folder, no photograph in it, or a link that leads out of it.
    """
    root = Path(root)
    if not root.is_dir():
        found = "a file" if root.exists() else "nothing"
        remedy = "name the folder of the photographs: --config data_root=FOLDER"
        raise InputError(Problem(f"config, data_root {str(root)!r}", found, "a folder of photographs", remedy))
    if Path(os.path.realpath(results)).is_relative_to(os.path.realpath(root)):
        found = f"a folder that holds the results, {results}"
        remedy = "put the photographs into a folder of their own, or run from another folder (snakemake -d FOLDER)"
        raise InputError(Problem(f"config, data_root {str(root)!r}", found, "a folder without the results", remedy))
    below = images_below(root, Inside(root))
    raise_if_any(below.problems)
    kept, refused = [], []
    for name, path in zip(below.ids, map(str, below.paths), strict=True):
        reason = _reason(path)
        if reason:
            refused.append((shown_path(str(Path(path).relative_to(root))), reason))
        else:
            kept.append((name, path))
    if not kept and not refused:
        remedy = "see that it holds JPEG, PNG, TIFF or BMP files"
        raise InputError(Problem(f"config, data_root {str(root)!r}", "no photograph", "one at least", remedy))
    return NewPhotographs([name for name, _ in kept], [path for _, path in kept], refused, below.notes + below.unread)


def detector_file(path: str) -> str:
    """Return the path of a detector's file.

    Raises:
        InputError: If no file is there.
    """
    if Path(path).is_file():
        return path
    found = "a folder" if Path(path).is_dir() else "nothing"
    remedy = "name the file that snakemake detector wrote: --config detector=results/<dataset>/detector.h5"
    raise InputError(Problem(f"config, detector {path!r}", found, "a detector's file", remedy))


def _reason(path: str) -> str:
    wrong = [allowed for pattern, allowed, _ in UNNAMEABLE if re.search(pattern, path)]
    return f"its name cannot be used (allowed: {'; '.join(wrong)})" if wrong else ""


def unseen(paths: Sequence[str], known: Sequence[tuple[str, int, int]]) -> int:
    """Return how many photographs are not in the state in which an earlier run judged them.

    Args:
        paths: The photographs.
        known: Path, size in bytes and time of the last change in ns of each photograph that was judged.
    """
    before = set(known)
    return sum(state_of(path) not in before for path in paths)


def state_of(path: str) -> tuple[str, int, int]:
    """Return path, size in bytes and time of the last change in ns; zeros where there is no file."""
    try:
        found = Path(path).stat()
    except OSError:
        return path, 0, 0
    return path, found.st_size, found.st_mtime_ns


def known_states(judged: str | os.PathLike[str]) -> list[tuple[str, int, int]]:
    """Return the states of all photographs that an earlier run judged, from its table; none where that is not there."""
    try:
        table = read_results_table(judged, {"path": "str", "size": "int64", "changed": "int64"})
    except InputError:
        return []
    return list(zip(table["path"], table["size"].tolist(), table["changed"].tolist(), strict=True))
