"""The manifest, one row an image: what a dataset is to everything after the adapters."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from fundus_anomaly.datasets.columns import (
    ABNORMAL,
    COLUMNS,
    GRADES,
    MASK_PREFIX,
    NO_FOLD,
    NORMAL,
    SPLITS,
    UNKNOWN,
    UNUSED,
)
from fundus_anomaly.datasets.cuts import Cut
from fundus_anomaly.datasets.image_ids import LONGEST_PART, is_id
from fundus_anomaly.datasets.official_counts import Count
from fundus_anomaly.datasets.refused import UNNAMEABLE, Refused, found_in, shown_path
from fundus_anomaly.datasets.spreadsheet import guarded, unguarded
from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.files.whole import write_text

# Names of files may be no UTF-8: Python's strings hold them; pyarrow's, pandas' choice where it is installed, do not.
pd.set_option("mode.string_storage", "python")

_INTEGERS = ("label", "grade", "fold")
_SHOWN = 10
_TEXTS = tuple(name for name in COLUMNS if name != "path")


@dataclass(frozen=True, eq=False)
class Dataset:
    """One dataset as its adapter read it; no image has been opened.

    Attributes:
        name: The adapter's name.
        manifest: One row an image of the benchmark. Columns ``id`` (str, unique), ``path`` (str), ``split``
            (``"train"``: the normal images that build the bank; ``"test"``), ``patient`` (str), ``eye`` (``"left"``,
            ``"right"`` or ``""``), ``label`` (int64; 0 normal, 1 abnormal, -1 unknown), ``grade`` (int64; 0–4, -1
            unknown), ``fold`` (int64; of a cross-validation, -1 where there is none: fold k tests the images of fold
            k, those of split ``"train"`` too, and trains on the other folds' images of split ``"train"``), and
            ``mask_<lesion>`` (str, a path, ``""`` where there is none) for each of ``lesions``.
        lesions: Names of the lesion types, in the order of the mask columns.
        masks_inverted: Whether 0 is lesion in the mask files (ADAM) instead of background.
        notes: What a reader of the report should know about the files that were found, one sentence or more each.
        unused: Images that the dataset labels and the benchmark leaves out, in the same columns with split
            ``"unused"``. Only the audit reads them: a "normal" training image may be the copy of one of them.
        counts: What the dataset should hold by its publication, and what was found.
        cuts: Where images and masks of both tables are no files of the dataset: the volumes that the workflow cuts
            them from.
        unread: What looks like an image, a mask or a column of a table and is not read, one sentence or more each: the
            audit warns of it.
        refused: Images whose paths cannot be used at all, in no other table; only where bad images are left out.
    """

    name: str
    manifest: pd.DataFrame
    lesions: tuple[str, ...]
    masks_inverted: bool
    notes: tuple[str, ...] = ()
    unused: pd.DataFrame = field(default_factory=lambda: frame([], ()))
    counts: tuple[Count, ...] = ()
    cuts: tuple[Cut, ...] = ()
    unread: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()

    @property
    def audited(self) -> pd.DataFrame:
        """Rows of the benchmark and, after them, the unused ones: all that the audit reads."""
        if self.unused.empty:
            return self.manifest
        return pd.concat([self.manifest, self.unused], ignore_index=True)


def mask_columns(lesions: Iterable[str]) -> list[str]:
    """Return the names of the manifest's mask columns."""
    return [MASK_PREFIX + lesion for lesion in lesions]


def frame(rows: Iterable[dict[str, object]], lesions: Sequence[str]) -> pd.DataFrame:
    """Return rows as a manifest: all columns, in order, of the right types; not yet checked.

    Args:
        rows: One mapping an image. Missing columns are filled: ``patient`` with the id (each image its own patient),
            ``label``, ``grade`` and ``fold`` with -1, the others with ``""``.
        lesions: Names of the lesion types.
    """
    columns = [*COLUMNS, *mask_columns(lesions)]
    filled = []
    for row in rows:
        whole = dict.fromkeys(columns, "") | {"label": UNKNOWN, "grade": UNKNOWN, "fold": NO_FOLD} | row
        filled.append(whole | {"patient": whole["patient"] or whole["id"]})
    table = pd.DataFrame(filled, columns=columns)
    return table.astype({name: "int64" if name in _INTEGERS else "str" for name in columns})


def set_aside(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the benchmark's rows and those of split ``"unused"`` as :class:`Dataset`'s ``manifest`` and ``unused``."""
    aside = table["split"] == UNUSED
    return {"manifest": table[~aside].reset_index(drop=True), "unused": table[aside].reset_index(drop=True)}


def checked(dataset: Dataset, on_bad_image: str = "fail") -> Dataset:
    """Return the dataset if its manifest holds to the contract.

    Args:
        dataset: The dataset as its adapter read it.
        on_bad_image: What becomes of images whose path, or whose mask's path, cannot be used: ``"fail"``, or
            ``"exclude"`` to move them to ``refused``.

    Raises:
        InputError: With every kind of problem at once, each with the first ids that it concerns.
    """
    if on_bad_image == "exclude":
        dataset = _without_unnameable(dataset)
    table, where = dataset.manifest, f"manifest of {dataset.name}"
    expected = [*COLUMNS, *mask_columns(dataset.lesions)]
    for part in (table, dataset.unused):
        if list(part.columns) != expected and not (part is dataset.unused and part.empty):
            raise InputError(Problem(where, f"columns {list(part.columns)}", f"{expected}", "correct the adapter"))
    problems = [
        Problem(where, f"no image of split {split!r}", "at least one", "check that the split's images are there")
        for split in SPLITS
        if not (table["split"] == split).any()
    ]

    def refuse(rows: pd.Series, column: str, allowed: str, remedy: str) -> None:
        if rows.any():
            chosen = everything[rows]
            values = chosen[column].map(repr if column in _TEXTS else _quoted_path)
            shown = [f"{value} (id {name!r})" for value, name in zip(values, chosen["id"], strict=True)]
            more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
            problems.append(Problem(f"{where}, {column}", ", ".join(shown[:_SHOWN]) + more, allowed, remedy))

    everything = dataset.audited
    ids, label, grade = everything["id"], everything["label"], everything["grade"]
    rename = "rename the image or correct its row"
    allowed = f"letters, digits, '_', '.', '-', '~', '/', without '..', names of at most {LONGEST_PART} bytes"
    refuse(~ids.map(is_id).astype(bool), "id", allowed, rename)
    allowed = "ids that are unique, upper and lower case taken as one"
    refuse(ids.str.casefold().duplicated(keep=False), "id", allowed, rename)
    refuse(~everything["split"].isin([*SPLITS, UNUSED]), "split", "train, test", rename)
    refuse(everything["patient"].str.strip() == "", "patient", "a text that is not empty", rename)
    refuse(~everything["eye"].isin(["left", "right", ""]), "eye", "left, right or nothing", rename)
    refuse(~label.isin([NORMAL, ABNORMAL, UNKNOWN]), "label", "0 normal, 1 abnormal, -1 unknown", rename)
    refuse(~grade.isin(GRADES), "grade", "0 to 4, -1 unknown", rename)
    refuse((label == NORMAL) & (grade > 0), "grade", "0 or -1 for a normal image", "correct its label or its grade")
    refuse((everything["split"] == "train") & (label != NORMAL), "label", "0: a bank holds normals", rename)
    fold, used = everything["fold"], everything["split"] != UNUSED
    refuse(fold < NO_FOLD, "fold", "0 and above, -1 for none", "correct the adapter")
    if (fold[used] != NO_FOLD).any():
        refuse(used & (fold == NO_FOLD), "fold", "a fold for every image, or for none", "correct the adapter")
    divided = fold[used].groupby(everything.loc[used, "patient"]).transform("nunique").reindex(fold.index) > 1
    refuse(divided, "fold", "one fold for all images of a patient", "correct the adapter")
    for column in ["path", *mask_columns(dataset.lesions)]:
        for pattern, allowed, remedy in UNNAMEABLE:
            refuse(found_in(pattern, everything[column]), column, allowed, remedy)
        formula = found_in(r"\A[=+\-@]", everything[column])
        remedy = "rename the file or its folder, or give data_root as an absolute path"
        refuse(formula, column, "a path that no spreadsheet takes for a formula, not begun by = + - or @", remedy)
    raise_if_any(problems)
    return dataset


def _quoted_path(path: str) -> str:
    return f"'{shown_path(path)}'"


def _without_unnameable(dataset: Dataset) -> Dataset:
    """Return the dataset with the images set aside that are named, or whose masks are named, as no job can be given."""
    kept, refused = {}, list(dataset.refused)
    for part in ("manifest", "unused"):
        table = getattr(dataset, part)
        paths = table[[name for name in ("path", *mask_columns(dataset.lesions)) if name in table]]
        found = [
            (column, allowed, found_in(pattern, paths[column]))
            for column in paths
            for pattern, allowed, _ in UNNAMEABLE
        ]
        bad = pd.concat([rows for *_, rows in found], axis=1).any(axis=1)
        for place in table.index[bad]:
            reasons = [
                f"{'' if column == 'path' else f'its mask ({column}) '}{shown_path(str(table.loc[place, column]))}: "
                f"a path that cannot be used (allowed: {allowed})"
                for column, allowed, rows in found
                if rows[place]
            ]
            refused.append(Refused(table.loc[place, "id"], table.loc[place, "split"], "; ".join(reasons)))
        kept[part] = table[~bad].reset_index(drop=True)
    # A root that cannot be used leaves nothing: then each path is better refused in its own words.
    emptied = set(dataset.manifest["split"]) - set(kept["manifest"]["split"])
    if emptied or len(refused) == len(dataset.refused):
        return dataset
    return replace(dataset, refused=tuple(refused), **kept)


def excluding(dataset: Dataset, ids: Iterable[str]) -> Dataset:
    """Return the dataset without the images that the user named.

    Args:
        dataset: The dataset; ids of its manifest and of its unused images may be named.
        ids: The ids to leave out. Naming one twice is allowed.

    Raises:
        InputError: For every id that does not exist, with the ids that look like it; also if nothing is left of a
            split.
    """
    wanted = list(dict.fromkeys(str(name) for name in ids))
    known = [*dataset.audited["id"], *(image.id for image in dataset.refused)]
    absent = [name for name in wanted if name not in set(known)]
    problems = []
    for name in absent:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        meant = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
        example = f"an id of the manifest, such as {known[0]!r}" if known else "an id of the manifest"
        remedy = f"{meant}Correct the id or remove it from the list"
        problems.append(
            Problem("config, data.exclude", f"{name!r}, which {dataset.name} does not hold", example, remedy)
        )
    raise_if_any(problems)
    left = dataset.manifest[~dataset.manifest["id"].isin(wanted)].reset_index(drop=True)
    unused = dataset.unused[~dataset.unused["id"].isin(wanted)].reset_index(drop=True)
    raise_if_any(
        Problem("config, data.exclude", f"every image of split {split!r}", "fewer", "leave some images in")
        for split in SPLITS
        if not (left["split"] == split).any()
    )
    return replace(dataset, manifest=left, unused=unused)


def write_manifest(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write a manifest as CSV (UTF-8, comma, one header line), whole or not at all.

    A patient whose name a spreadsheet would take for a formula is written as :func:`.spreadsheet.guarded` says.
    """
    write_text(path, table.assign(patient=table["patient"].map(guarded)).to_csv(index=False, lineterminator="\n"))


def read_manifest(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return the manifest that :func:`write_manifest` wrote, with the same types; a patient may be called "NA".

    Raises:
        InputError: If the file is no CSV, lacks a column, or has a label, grade or fold that is no whole number.
    """
    table = read_results_table(path, {name: "int64" if name in _INTEGERS else "str" for name in COLUMNS})
    return table.assign(patient=table["patient"].map(unguarded).astype("str"))
