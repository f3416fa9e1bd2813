"""Relations between images that make a result wrong: copies across splits, contradictory labels, shared patients."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from .duplicates import alike, identical
from .findings import SETTLED, Finding
from .perceptual_hash import BITS

_TWO_FOLDS = "in two folds"


def duplicate_findings(
    table: pd.DataFrame, near_duplicate_share: float, excluded: Collection[str] = ()
) -> list[Finding]:
    """Return one finding for each group of photographs that are the same.

    Training against test, or two folds of training images, which are tested in turn, or two labels, or two grades is
    an error wherever an image of the benchmark takes part.
    Copies within one split that agree are a warning, and copies of images that the benchmark does not use a note.

    Args:
        table: Manifest columns ``id``, ``split``, ``label``, ``grade``, ``fold`` and the facts ``sha256``,
            ``perceptual_hash`` and ``error_kind``.
        near_duplicate_share: The largest share of the hash's bits in which two copies differ.
        excluded: Ids that the user excluded.
    """
    most = int(near_duplicate_share * BITS)
    table = table.reset_index(drop=True)
    exact = identical(table["sha256"].where(table["error_kind"] == "", "").tolist())
    near = alike(table["perceptual_hash"].tolist(), most)
    found = []
    for places in exact:
        found += _settled_and_left(table.loc[places], None, excluded)
    for places, distance in near:
        if places not in exact:
            found += _settled_and_left(table.loc[places], distance, excluded)
    return found


def _settled_and_left(group: pd.DataFrame, distance: int | None, excluded: Collection[str]) -> list[Finding]:
    """Return the finding of a group; if the user excluded images of it, what was settled and what is left."""
    kept = group[~group["id"].isin(excluded)]
    if len(kept) == len(group):
        return [_duplicate(group, distance)]
    kind, detail = _described(group, distance)
    named = ", ".join(name for name in group["id"] if name in excluded)
    settled = Finding(kind, "note", tuple(group["id"]), f"{detail} {SETTLED}: {named}.", scope="images")
    return [settled, _duplicate(kept, distance)] if len(kept) > 1 else [settled]


def _described(group: pd.DataFrame, distance: int | None) -> tuple[str, str]:
    """Return the kind of a group of copies and what is to be said of it."""
    kind, how = "identical photographs", "The same file"
    if distance is not None:
        kind = "nearly identical photographs"
        how = f"The same photograph in other files (up to {distance} of {BITS} bits of the perceptual hash differ)"
    names = "; ".join(
        f"{row.id} ({', '.join([row.split, *_said(row.label, row.grade)])})" for row in group.itertuples(index=False)
    )
    return " ".join([kind, *_conflicts(group)[:1]]), f"{how}: {names}."


def _duplicate(group: pd.DataFrame, distance: int | None) -> Finding:
    """Return the finding of a group of copies of which none is excluded."""
    kind, detail = _described(group, distance)
    ids, used = tuple(group["id"]), group[group["split"] != "unused"]
    if _conflicts(group):
        remedy = "Find out which is right and exclude what is wrong, for example"
        return Finding(kind, "error", ids, detail, remedy, scope="images", exclude=_to_exclude(used))
    if len(used) > 1:
        remedy = "They count more than once in every result; to count them once"
        return Finding(kind, "warning", ids, detail, remedy, scope="images", exclude=tuple(used["id"][1:]))
    number = "one" if len(used) else "none"
    return Finding(kind, "note", ids, f"{detail} The benchmark uses {number} of them.", scope="images")


def _conflicts(group: pd.DataFrame) -> list[str]:
    """Return what makes copies an error, the gravest first; nothing if no image of the benchmark is contradicted."""
    used = group[group["split"] != "unused"]
    found = []
    for column, words in (("label", "with two labels"), ("grade", "with two grades")):
        # Two unused copies may contradict each other; that changes no result.
        if len(set(used[column]) - {-1}) and len(set(group[column]) - {-1}) > 1:
            found.append(words)
    if used["split"].nunique() > 1:
        found.append("on both sides of the split")
    if used.loc[used["split"] == "train", "fold"].nunique() > 1:
        found.append(_TWO_FOLDS)
    return found


def _to_exclude(used: pd.DataFrame) -> tuple[str, ...]:
    """Return the images that are best left out: those of training, so that the test set stays, or else all.

    Of images that only stand in two folds one may stay.
    """
    if _conflicts(used) == [_TWO_FOLDS]:
        return tuple(used["id"][1:])
    train = used[used["split"] == "train"]
    return tuple((used if train.empty else train)["id"])


def _said(label: int, grade: int) -> list[str]:
    """Return label and grade in words, as far as they are known."""
    words = {0: ["normal"], 1: ["abnormal"]}.get(label, [])
    return words + ([f"grade {grade}"] if grade >= 0 else [])


def patient_findings(table: pd.DataFrame, excluded: Collection[str] = ()) -> list[Finding]:
    """Return one finding for each patient with images in training and in test.

    Args:
        table: Manifest columns ``id``, ``split`` and ``patient``.
        excluded: Ids that the user excluded.
    """
    used = table[table["split"].isin(["train", "test"])]
    found = []
    kind = "patient on both sides of the split"
    both = used.groupby("patient")["split"].transform("nunique") > 1
    for patient, group in used[both].groupby("patient", sort=False):
        left = group[~group["id"].isin(excluded)]
        ids = tuple(group["id"])
        detail = f"Patient {patient!r}: {', '.join(f'{n} ({s})' for n, s in zip(ids, group['split'], strict=True))}."
        if left["split"].nunique() < 2:
            named = ", ".join(name for name in ids if name in excluded)
            found.append(Finding(kind, "note", ids, f"{detail} {SETTLED}: {named}.", scope="images"))
        else:
            spare = tuple(left.loc[left["split"] == "train", "id"])
            remedy = "Correct the patient or the split, or exclude the patient from training"
            found.append(Finding(kind, "error", ids, detail, remedy, scope="images", exclude=spare))
    return found
