"""EyeQ (Fu et al., 2019) on EyePACS as LesionPaste's benchmark uses it: grade 0 against grades 1 to 4."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from fundus_anomaly.datasets.columns import ABNORMAL, NORMAL, UNUSED
from fundus_anomaly.datasets.csv_rows import csv_rows
from fundus_anomaly.datasets.folders import named_files, require_folders
from fundus_anomaly.datasets.manifest import Dataset, frame, set_aside
from fundus_anomaly.datasets.official_counts import Count, differences
from fundus_anomaly.datasets.place import Place
from fundus_anomaly.errors import InputError, Problem, raise_if_any

NAME = "eyeq"
# In the order of EyeQ's codes 0, 1, 2.
QUALITIES = ("good", "usable", "reject")
_TABLES = {"train": "Label_EyeQ_train.csv", "test": "Label_EyeQ_test.csv"}
_COLUMNS = ("image", "quality", "dr_grade")
_QUALITY_OF = dict(zip("012", QUALITIES, strict=True))
_IMAGE_NAME = r"\A(?P<stem>(?P<patient>[0-9]+)_(?P<eye>left|right))(?i:\.(?:jpe?g|png))\Z"
_OFFICIAL_ROWS = {"train": 12543, "test": 16249}
# Counted in the published tables; the README beside them says 5,966 for the good test images of grade 0.
_OFFICIAL_GOOD = {"train": (6342, 699, 1100, 167, 39), "test": (5967, 886, 1354, 199, 65)}
_UNPACK = "complete the copy of EyePACS and EyeQ, or correct the root and the folder names in the config"
_SHOWN = 10


def load(settings: Mapping[str, object], place: Place) -> Dataset:
    """Return LesionPaste's EyeQ benchmark (Huang et al. 2022, section 3.1).

    Training normals are the grade-0 images of EyeQ's training table, the test set is its whole test table, each of
    the wanted qualities. The training table's grades 1–4 become ``unused``: the audit and supervised comparisons read
    them. EyeQ's test table holds 8,471 good images, as the paper says. Both eyes of a person are one patient.

    Args:
        settings: ``labels``, the folder of EyeQ's two tables below the root (``""`` for the root itself);
            ``train_images`` and ``test_images``, the folders of EyePACS' images below the root; ``quality``, which of
            ``QUALITIES`` are kept (the paper: good alone); ``strict_counts``, whether other numbers than the official
            ones are an error. The numbers by grade are known for the quality "good" alone.
        place: Its root holds the parts.

    Raises:
        InputError: With every folder, table or image that is missing, and every kind of wrong row.
    """
    qualities = _qualities(settings["quality"])
    labels = place.root / str(settings["labels"])
    folders = {split: place.root / str(settings[f"{split}_images"]) for split in _TABLES}
    require_folders(place.root, [labels, *folders.values()], "EyeQ", _UNPACK)

    problems: list[Problem] = []
    notes: list[str] = []
    unread: list[str] = []
    rows: list[dict[str, object]] = []
    counts: list[Count] = []
    for split, folder in folders.items():
        table = _labelled(labels / _TABLES[split], problems)
        kept = table[table["quality"].isin(qualities)]
        rows += _rows(split, kept, _images(folder, kept["stem"].tolist(), problems, notes, unread, folders.values()))
        counts += _counts(split, table, qualities)
    raise_if_any(problems)
    notes += differences(counts, strict=bool(settings["strict_counts"]), where=f"EyeQ at {str(place.root)!r}")
    parts = set_aside(frame(rows, ()))
    notes.append(
        f"{len(parts['unused'])} training images of grades 1 to 4 are not part of the benchmark; "
        "the audit compares them."
    )
    return Dataset(
        NAME,
        lesions=(),
        masks_inverted=False,
        notes=tuple(notes),
        counts=tuple(counts),
        unread=tuple(dict.fromkeys(unread)),
        **parts,
    )


def _qualities(wanted: object) -> set[str]:
    """Return the qualities that are kept.

    Raises:
        InputError: If none is named, or one that EyeQ does not know.
    """
    names = list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]
    if not names or any(name not in QUALITIES for name in names):
        allowed = f"a list of one or more of {', '.join(QUALITIES)}"
        raise InputError(Problem("config, data.eyeq.quality", repr(wanted), allowed, "name the qualities to keep"))
    return set(names)


def _labelled(path: Path, problems: list[Problem]) -> pd.DataFrame:
    """Return the rows of one of EyeQ's tables that can be used.

    Args:
        path: The table.
        problems: Receives what makes the table unreadable, or one problem for each kind of wrong row.

    Returns:
        Columns ``stem`` (str, e.g. ``"10_left"``), ``patient`` (str, its number), ``eye`` (``"left"``, ``"right"``),
        ``quality`` (one of ``QUALITIES``) and ``grade`` (int64, 0–4), in the order of the stems.
    """
    try:
        texts = _read_texts(path)
    except InputError as error:
        problems += error.problems
        texts = pd.DataFrame(columns=list(_COLUMNS), dtype=str)
    # By Python's rules: pandas' own follow pyarrow's where that is installed.
    found = [re.match(_IMAGE_NAME, name) for name in texts["image"]]
    groups = [match.groupdict() if match else {} for match in found]
    parts = pd.DataFrame(groups, columns=["stem", "patient", "eye"], index=texts.index, dtype="str")
    kinds = (
        ("image", "names", parts["stem"].isna(), "a number, _left or _right, and .jpeg, .jpg or .png"),
        ("image", "second rows", parts["stem"].notna() & parts["stem"].duplicated(), "one row an image"),
        ("quality", "codes", ~texts["quality"].isin(list(_QUALITY_OF)), "0 good, 1 usable or 2 reject"),
        ("dr_grade", "grades", ~texts["dr_grade"].isin(list("01234")), "0, 1, 2, 3 or 4"),
    )
    wrong = pd.Series(False, index=texts.index)
    for column, what, rows, allowed in kinds:
        wrong |= rows
        cells = [f"{cell!r} (line {line})" for line, cell in texts.loc[rows, column].items()]
        if cells:
            listed, remedy = f"{len(cells)} {what}: {_first(cells)}", "correct or remove the rows"
            problems.append(Problem(f"{path}, column {column}", listed, allowed, remedy))
    table = parts.assign(quality=texts["quality"].map(_QUALITY_OF), grade=texts["dr_grade"])[~wrong]
    return table.astype({"grade": "int64"}).sort_values("stem", ignore_index=True)


def _read_texts(path: Path) -> pd.DataFrame:
    """Return EyeQ's three columns as texts without blanks around them; the index is the line on which each row ends.

    :func:`.label_table.read_table` refuses cells without a column name, and EyeQ's tables begin with a column of row
    numbers that has none.

    Raises:
        InputError: If :func:`.csv_rows.csv_rows` refuses the file, if a column is missing or there twice, or if rows
            have more cells than the header has names.
    """
    remedy = "use the table as EyeQ publishes it: CSV, UTF-8, separated by commas"
    (_, header), *rows = csv_rows(path, remedy) or [(1, [])]
    names = [name.casefold() for name in header]
    strays = [str(line) for line, row in rows if any(row[len(names) :])]
    problems = [
        Problem(f"{path}, header", f"{names.count(name)} columns {name!r} among {names}", "one", remedy)
        for name in _COLUMNS
        if names.count(name) != 1
    ]
    if strays:
        problems.append(Problem(str(path), f"cells under no column in lines {_first(strays)}", "none", remedy))
    raise_if_any(problems)
    places = [names.index(name) for name in _COLUMNS]
    cells = {line: [row[place] for place in places] for line, row in rows}
    return pd.DataFrame.from_dict(cells, orient="index", columns=list(_COLUMNS), dtype=str)


def _images(
    folder: Path,
    stems: Sequence[str],
    problems: list[Problem],
    notes: list[str],
    unread: list[str],
    apart: Iterable[Path],
) -> dict[str, str]:
    """Return the paths of the images of one folder by their stems.

    Args:
        folder: A folder of EyePACS' images; it is listed once.
        stems: The images that are needed, e.g. ``"10_left"``; all others are only counted.
        problems: Receives one problem for all images that are missing, and one for all that are there twice.
        notes: Receives what else lies in the folder.
        unread: Receives what else there looks like an image.
        apart: The folders of all parts.
    """
    twice: list[Problem] = []
    files = named_files(folder, "([0-9]+_(?:left|right))", twice, notes, unread, apart)
    if twice:
        names = _first([repr(Path(problem.where).name) for problem in twice])
        problems.append(
            Problem(str(folder), f"{len(twice)} images in a second file: {names}", "one file an image", "remove one")
        )
    found = {stem: str(files[stem.upper()]) for stem in stems if stem.upper() in files}
    missing = [repr(stem) for stem in stems if stem not in found]
    if missing:
        absent = f"no file of {len(missing)} images: {_first(missing)}"
        problems.append(Problem(str(folder), absent, "each as .jpeg, .jpg or .png", _UNPACK))
    if len(files) > len(found):
        left = len(files) - len(found)
        notes.append(f"{folder}: {left} images that EyeQ does not label, or of another quality, are excluded.")
    return found


def _rows(split: str, table: pd.DataFrame, images: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the manifest's rows of one split; an image that is missing was reported and has none."""
    return [
        {
            "id": f"{NAME}/{split}/{row.stem}",
            "path": images[row.stem],
            "split": UNUSED if split == "train" and row.grade else split,
            # EyePACS numbers its patients through training and test.
            "patient": f"{NAME}/{row.patient}",
            "eye": row.eye,
            "label": ABNORMAL if row.grade else NORMAL,
            "grade": row.grade,
        }
        for row in table.itertuples(index=False)
        if row.stem in images
    ]


def _counts(split: str, table: pd.DataFrame, qualities: set[str]) -> list[Count]:
    """Return the counts of one split: the table's rows and, where only good images are kept, those of each grade."""
    rows = Count(f"{split}, rows of {_TABLES[split]}", _OFFICIAL_ROWS[split], len(table))
    if qualities != {"good"}:
        return [rows]
    grades = table.loc[table["quality"] == "good", "grade"].tolist()
    by_grade = [
        Count(f"{split}, good, grade {grade}", official, grades.count(grade))
        for grade, official in enumerate(_OFFICIAL_GOOD[split])
    ]
    return [rows, *by_grade]


def _first(names: Sequence[str]) -> str:
    """Return the first of many names as one text that says how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
