"""The official layout of MosMedData (Morozov et al., 2020): its registry, studies and lesion masks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fundus_anomaly.datasets.folders import left_alone, listing
from fundus_anomaly.datasets.inside import Inside
from fundus_anomaly.datasets.label_table import read_table
from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.imaging.ct_volume import VolumeHeader, read_header

_COLUMNS = ("study_id", "category", "study_file", "mask_file")
_ENDINGS = (".nii", ".nii.gz")
_VOLUME = re.compile(r"[^\x00-\x1f\x7f]+\.nii(?:\.gz)?")
_UNPACK = "complete the copy of MosMedData, or correct the root or data.mosmed.registry in the config"


@dataclass(frozen=True)
class Scan:
    """One study that the benchmark takes.

    Attributes:
        study: Its id, e.g. ``"study_0255"``.
        volume: Its NIfTI file.
        mask: The NIfTI file that marks its lesions, of the same shape and orientation; None for a healthy scan.
        slices: Number of its axial slices.
    """

    study: str
    volume: Path
    mask: Path | None
    slices: int


def read_scans(root: Path, registry: str, healthy: str) -> tuple[list[Scan], list[str], list[str]]:
    """Return the healthy scans and the annotated ones by their ids, notes, and what is not read; no voxel is read.

    Args:
        root: The folder of the dataset, which no path may leave, also not through a link.
        registry: The registry's path below the root: a CSV with ``study_id``, ``category`` (``CT-0`` to ``CT-4``),
            ``study_file`` and ``mask_file``. Its paths begin with a slash and are relative to the root all the same.
        healthy: The category of healthy scans.

    Raises:
        InputError: With every row that is wrong, and every volume whose header is.
    """
    file, inside = root / registry, Inside(root)
    if not file.is_file() or file not in inside:
        found = "a file outside of the root" if file.is_file() else "no such file"
        raise InputError(Problem(str(file), found, "MosMedData's registry below the root", _UNPACK))
    table = read_table(file, _COLUMNS)
    problems: list[Problem] = []
    scans, left, lines = [], 0, dict[str, object]()

    def once(what: str, text: str, line: object) -> None:
        # Folders are named by studies, and disks exist on which upper and lower case are one.
        if text.casefold() in lines:
            found = f"{what} {text!r} a second time, first in line {lines[text.casefold()]}"
            problems.append(Problem(f"{file}, line {line}", found, "each once", "remove one of the rows"))
        lines.setdefault(text.casefold(), line)

    for line, row in zip(table.index, table.to_dict("records"), strict=True):
        where, before = f"{file}, line {line}", len(problems)
        once("study", row["study_id"], line)
        problems += _strange(where, row, healthy)
        if row["category"] != healthy and not row["mask_file"]:
            left += 1
            continue
        paths = {column: _located(root, row[column], inside) for column in ("study_file", "mask_file") if row[column]}
        for column, (path, problem) in paths.items():
            once("file", str(path), line)
            if problem:
                allowed = f"a file .nii or .nii.gz below {str(root)!r}"
                problems.append(Problem(f"{where}, {column}", f"{row[column]!r}, {problem}", allowed, _UNPACK))
        if len(problems) == before:
            scans += _scan(row["study_id"], *(path for path, _ in paths.values()), problems=problems)
    raise_if_any(problems)
    notes = [f"{file.name}: {left} studies that are neither {healthy} nor annotated are excluded."] if left else []
    scans = sorted(scans, key=lambda scan: scan.study)
    return scans, notes, _unread(file, table, root, scans)


def _unread(registry: Path, table: pd.DataFrame, root: Path, scans: Iterable[Scan]) -> list[str]:
    """Return a sentence on each folder of scans or masks that holds volumes which the registry does not name."""
    cells = [cell for column in ("study_file", "mask_file") for cell in table[column] if cell]
    named = {Path(os.path.normpath(root / cell.lstrip("/"))) for cell in cells}
    folders = {file.parent for scan in scans for file in (scan.volume, scan.mask) if file is not None}
    unread: list[str] = []
    for folder in sorted(folders):
        volumes = [path for path in listing(folder) if path.name.casefold().endswith(_ENDINGS)]
        others = [path for path in volumes if Path(os.path.normpath(path)) not in named and path.name[0] != "."]
        unread += left_alone(folder, others, f"volumes that {registry.name} does not name")
    return unread


def _strange(where: str, row: dict[str, str], healthy: str) -> list[Problem]:
    """Return what is wrong with a row apart from its paths."""
    problems = []
    if not re.fullmatch(r"[A-Za-z0-9_\-]+", row["study_id"]):
        allowed = "letters, digits, '_' and '-'"
        problems.append(Problem(f"{where}, study_id", repr(row["study_id"]), allowed, "correct the cell"))
    if not re.fullmatch(r"CT-[0-4]", row["category"]):
        problems.append(Problem(f"{where}, category", repr(row["category"]), "CT-0 to CT-4", "correct the cell"))
    if row["category"] == healthy and row["mask_file"]:
        remedy = "correct the category, or remove the mask from the row"
        problems.append(Problem(f"{where}, mask_file", "a mask of a healthy scan", "nothing", remedy))
    if not row["study_file"]:
        problems.append(Problem(f"{where}, study_file", "nothing", "the study's file", "correct the cell"))
    return problems


def _located(root: Path, text: str, inside: Inside) -> tuple[Path, str]:
    """Return the file that a cell names, below the root as it was given, and why it cannot be taken, or nothing."""
    if not _VOLUME.fullmatch(text):
        return root, "which is not the name of a NIfTI file"
    # The path that is checked here is the one that is read later: without "..".
    path = Path(os.path.normpath(root / text.lstrip("/")))
    if path not in inside:
        return path, "which leads out of the dataset's root"
    if not path.is_file():
        return path, "no such file"
    return root / os.path.relpath(path, root), ""


def _scan(study: str, volume: Path, mask: Path | None = None, *, problems: list[Problem]) -> list[Scan]:
    """Return the scan of one row; nothing if a header is wrong, which goes to ``problems``."""
    headers: list[VolumeHeader] = []
    files = [volume] if mask is None else [volume, mask]
    for file in files:
        try:
            headers.append(read_header(file))
        except InputError as error:
            problems += error.problems
    if len(headers) < len(files):
        return []
    if headers[0] != headers[-1]:
        found, allowed = (f"{'×'.join(map(str, one.shape))} voxels, axes {''.join(one.axes)}" for one in headers[::-1])
        remedy = f"replace the mask by one with the voxels and axes of {str(volume)!r}"
        problems.append(Problem(str(mask), found, allowed, remedy))
        return []
    return [Scan(study, volume, mask, headers[0].slices)]
