"""A user's table of images: which file belongs to which split, patient, eye, label, grade and masks."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

from fundus_anomaly.datasets.columns import ABNORMAL, MASK_PREFIX, NORMAL, UNKNOWN
from fundus_anomaly.datasets.folders import is_hidden, left_alone, listing
from fundus_anomaly.datasets.inside import Inside
from fundus_anomaly.datasets.label_table import read_table
from fundus_anomaly.datasets.near_columns import near_columns
from fundus_anomaly.datasets.patients import MAX_LETTERS, missing_notes, one_spelling, person, spelling_notes
from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.imaging.image_names import READ_ENDINGS, ending, is_image_ending, kind_of, looks_like_image

_OPTIONAL = ("patient", "eye", "label", "grade")
_EYES = {"": "", "left": "left", "l": "left", "os": "left", "right": "right", "r": "right", "od": "right"}
_LABELS = {"0": NORMAL, "normal": NORMAL, "1": ABNORMAL, "abnormal": ABNORMAL, "-1": UNKNOWN, "unknown": UNKNOWN}
_GRADES = {"": -1, "-1": -1} | {str(grade): grade for grade in range(5)}
_SPLITS = {"train": "train", "test": "test"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def read_image_table(root: Path, name: str) -> tuple[list[dict[str, object]], tuple[str, ...], list[str], list[str]]:
    """Return the rows of a user's table, without ids.

    Columns, in any order and any case: ``path`` (an image, relative to the table's folder) and ``split`` (``train`` or
    ``test``) are needed. ``patient``, ``eye`` (left, right, L, R, OS, OD), ``label`` (0 or normal, 1 or abnormal, -1 or
    unknown), ``grade`` (0–4) and ``mask_<lesion>`` (a mask, relative to the table's folder, or nothing) may be there.
    A patient is any text in one line, and all spellings of a name are one patient (:func:`.patients.one_spelling`).
    Without a label, the grade decides (0 is normal); without both, a training image is normal and a test image unknown.

    Args:
        root: The folder that no path may leave, also through a link.
        name: The table's path below the root; CSV, UTF-8 with or without a byte-order mark.

    Returns:
        Rows (``path`` begins with the root), names of the lesions in the table's order, notes, and sentences on columns
        and images beside those of the table that nothing reads.

    Raises:
        InputError: With every row that is wrong.
    """
    file, inside = root / name, Inside(root)
    if not file.is_file() or file not in inside:
        found = "a file outside of the root" if file.is_file() else "no such file"
        raise InputError(
            Problem(f"table {str(file)!r}", found, "a CSV file below the root", "correct data.images.table")
        )
    table = read_table(file, ("path", "split"), keep_case_after=MASK_PREFIX)
    columns = [column for column in table.columns if column.startswith(MASK_PREFIX)]
    problems = [
        Problem(f"{file}, header", f"column {column!r}", "mask_ and letters, digits, '_'", "rename the column")
        for column in columns
        if not re.fullmatch(rf"{MASK_PREFIX}\w+", column)
    ]
    twins = Counter(column.casefold() for column in columns)
    problems += [
        Problem(f"{file}, header", f"column {column!r} in two spellings", "one column a lesion", "join the columns")
        for column in columns
        if twins[column.casefold()] > 1
    ]
    known = {"path", "split", *_OPTIONAL, *columns}
    wrong, unread = near_columns(str(file), table, known, _valid)
    problems += wrong
    rows = []
    for line, cells in zip(table.index, table.to_dict("records"), strict=True):
        rows.append(_row(file, f"{file}, line {line}", cells, columns, root, inside, problems))
    paths = Counter(str(row["path"]) for row in rows)
    problems += [
        Problem(f"{file}, line {line}", f"{row['path']} a second time", "one row an image", "remove one of the rows")
        for line, row in zip(table.index, rows, strict=True)
        if row["path"] and paths[str(row["path"])] > 1
    ]
    raise_if_any(problems)
    written = [str(row["patient"]) for row in rows]
    spelling = one_spelling(filter(person, written))
    for row, patient in zip(rows, written, strict=True):
        row["patient"] = spelling.get(patient, "")
    strange = [column for column in table.columns if column not in known]
    notes = [f"{file}: columns that nothing uses: {', '.join(map(repr, strange))}."] if strange else []
    notes += spelling_notes(str(file), spelling) + missing_notes(str(file), written)
    unread += _beside(file, rows, columns)
    return rows, tuple(column.removeprefix(MASK_PREFIX) for column in columns), notes, unread


def _valid(column: str, cell: str) -> bool:
    """Return whether a cell is valid in a column."""
    allowed = {"split": _SPLITS, "eye": _EYES, "label": _LABELS, "grade": _GRADES}
    if column in allowed:
        return cell.casefold() in allowed[column]
    return column == "patient" or is_image_ending(ending(cell))


def _beside(table: Path, rows: list[dict[str, object]], columns: list[str]) -> list[str]:
    """Return a sentence on each folder of the table's images or masks that holds others which no row names."""
    named = {Path(str(row[column])) for row in rows for column in ("path", *columns) if row.get(column)}
    found: list[str] = []
    for folder in sorted({path.parent for path in named}):
        beside = [path for path in listing(folder) if path not in named and not is_hidden(Path(path.name))]
        others = [path for path in beside if looks_like_image(path)]
        found += left_alone(folder, others, f"images that no row of {table.name} names")
    return found


def _row(
    file: Path,
    where: str,
    cells: dict[str, str],
    columns: list[str],
    root: Path,
    inside: Inside,
    problems: list[Problem],
) -> dict[str, object]:
    """Return one row of the manifest, without an id; what is wrong with it goes to ``problems``."""

    def chosen(column: str, allowed: dict[str, object], shown: str) -> object:
        text = cells.get(column, "").casefold()
        if text not in allowed:
            problems.append(Problem(f"{where}, {column}", repr(cells[column]), shown, "correct the cell"))
        return allowed.get(text)

    def located(column: str) -> str:
        # The path that is checked here is the one that is read later: without "..", below the root as it was given.
        path = Path(os.path.normpath(file.parent / cells[column]))
        problem = _unusable(path, inside)
        if problem:
            remedy = f"correct the cell; paths are relative to {str(file.parent)!r}, with '/' between folders"
            problems.append(Problem(f"{where}, {column}", f"{cells[column]!r}, {problem}", "an image file", remedy))
            return ""
        return str(root / os.path.relpath(path, root))

    split = chosen("split", dict(_SPLITS), "train, test")
    grade = chosen("grade", dict(_GRADES), "0 to 4, or nothing")
    by_grade = {None: UNKNOWN, -1: NORMAL if split == "train" else UNKNOWN, 0: NORMAL}.get(grade, ABNORMAL)
    label = chosen("label", {"": by_grade, **_LABELS}, "0, 1, -1, normal, abnormal, unknown or nothing")
    patient = cells.get("patient", "")
    if _CONTROL.search(patient) or len(patient) > MAX_LETTERS:
        allowed = f"a text in one line, without control characters, of at most {MAX_LETTERS} letters"
        problems.append(Problem(f"{where}, patient", repr(patient[:100]), allowed, "correct the cell"))
    masks = {column: located(column) for column in columns if cells[column]}
    eye = chosen("eye", dict(_EYES), "left, right, L, R, OS, OD or nothing")
    return {
        "path": located("path"),
        "split": split,
        "patient": patient,
        "eye": eye,
        "label": label,
        "grade": grade,
    } | masks


def _unusable(path: Path, inside: Inside) -> str:
    """Say why a path cannot be taken, or nothing."""
    if _CONTROL.search(str(path)):
        return "a name with a line break or another control character"
    outside = path not in inside
    if not is_image_ending(ending(path.name)) and (outside or not kind_of(path)):
        return f"a name that ends in none of {' '.join(READ_ENDINGS)}"
    if outside:
        return "which leads out of the dataset's root"
    return "" if path.is_file() else "no such file"
