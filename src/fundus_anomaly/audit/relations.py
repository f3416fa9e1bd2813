"""Relations between images that make a result wrong: copies, contradictory labels, patients in training and test."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fundus_anomaly.audit.duplicates import alike, identical
from fundus_anomaly.audit.findings import SETTLED, Finding
from fundus_anomaly.audit.perceptual_hash import BITS
from fundus_anomaly.datasets.patients import person as person_of

_TWO_FOLDS = "in two folds"
_BENCHMARK = ("train", "test")
_OTHER_SOURCE = "Name another annotated image in lesionpaste, or leave out the benchmark's images"


def copies(table: pd.DataFrame, near_duplicate_share: float) -> list[tuple[list[int], int | None]]:
    """Return the groups of photographs that are the same, each with how far they differ.

    Args:
        table: The facts ``sha256``, ``perceptual_hash`` and ``error_kind``.
        near_duplicate_share: The largest share of the hash's bits in which two copies differ.

    Returns:
        For each group its sorted places in the table, two or more, and None for identical files or the largest
        distance in bits among its linked pairs.
    """
    exact = identical(table["sha256"].where(table["error_kind"] == "", "").tolist())
    near = alike(table["perceptual_hash"].tolist(), int(near_duplicate_share * BITS))
    return [*((places, None) for places in exact), *((places, bits) for places, bits in near if places not in exact)]


def duplicate_findings(
    table: pd.DataFrame,
    same: Iterable[tuple[Sequence[int], int | None]],
    excluded: Collection[str] = (),
    sources: Collection[str] = (),
) -> list[Finding]:
    """Return findings on each group of photographs that are the same.

    Training against test, or two folds of training images, which are tested in turn, or two labels, or two grades is
    an error wherever an image of the benchmark takes part. So is a copy of an annotated image that gives lesions, be
    it itself excluded from the benchmark or no part of it.
    Copies within one split that agree are a warning, and copies of images that the benchmark does not use a note.

    Args:
        table: Manifest columns ``id``, ``split``, ``label``, ``grade`` and ``fold``.
        same: From :func:`copies` of the same table.
        excluded: Ids that the user excluded.
        sources: Ids of the annotated images that give lesions.
    """
    table = table.reset_index(drop=True)
    found = []
    for places, distance in same:
        group = table.loc[list(places)]
        lesions = _lesions_in_the_benchmark(group, distance, excluded, sources)
        others = _settled_and_left(group, distance, excluded)
        found += lesions + [finding for finding in others if not lesions or finding.severity != "note"]
    return found


def source_findings(table: pd.DataFrame, excluded: Collection[str], sources: Collection[str]) -> list[Finding]:
    """Return an error for each annotated image that gives lesions and is an image of the benchmark itself.

    Args:
        table: Manifest columns ``id`` and ``split``.
        excluded: Ids that the user excluded.
        sources: Ids of the annotated images that give lesions.
    """
    both = table[table["id"].isin(sources) & _used(table, excluded)]
    return [
        Finding(
            "lesions of an image of the benchmark",
            "error",
            (row.id,),
            f"{row.id} ({row.split}) gives lesions to LesionPaste.",
            _OTHER_SOURCE,
            "images",
            (row.id,),
        )
        for row in both.itertuples(index=False)
    ]


def _lesions_in_the_benchmark(
    group: pd.DataFrame, distance: int | None, excluded: Collection[str], sources: Collection[str]
) -> list[Finding]:
    """Return an error if an annotated image that gives lesions is the copy of an image of the benchmark."""
    gives = group["id"].isin(sources)
    used = group[_used(group, excluded) & ~gives]
    if used.empty or not gives.any():
        return []
    concerned = group[gives | group["id"].isin(used["id"])]
    _, detail = _described(concerned, distance)
    named = ", ".join(concerned["id"][concerned["id"].isin(sources)])
    kind = "lesions of an image of the benchmark"
    detail = f"{detail} {named} gives lesions to LesionPaste."
    return [Finding(kind, "error", tuple(concerned["id"]), detail, _OTHER_SOURCE, "images", tuple(used["id"]))]


def _used(table: pd.DataFrame, excluded: Collection[str]) -> pd.Series:
    """Return which images the run trains on or tests."""
    return table["split"].isin(_BENCHMARK) & ~table["id"].isin(excluded)


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
    ids, used = tuple(group["id"]), group[group["split"].isin(_BENCHMARK)]
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
    used = group[group["split"].isin(_BENCHMARK)]
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

    Of images that are only in two folds one may stay.
    """
    if _conflicts(used) == [_TWO_FOLDS]:
        return tuple(used["id"][1:])
    train = used[used["split"] == "train"]
    return tuple((used if train.empty else train)["id"])


def _said(label: int, grade: int) -> list[str]:
    """Return label and grade in words, as far as they are known."""
    words = {0: ["normal"], 1: ["abnormal"]}.get(label, [])
    return words + ([f"grade {grade}"] if grade >= 0 else [])


def patient_findings(
    table: pd.DataFrame,
    excluded: Collection[str] = (),
    sources: Collection[str] = (),
    same: Iterable[tuple[Sequence[int], int | None]] = (),
) -> list[Finding]:
    """Return findings on each patient with images in training and in test, or who gives lesions and is in either.

    Both are errors. A note names a patient who counts as several within one split.

    Copies of one photograph show one patient, whatever the manifest says: they link patients of several names. What
    is wrong with the copies alone, :func:`duplicate_findings` says.

    Args:
        table: Manifest columns ``id``, ``split`` and ``patient``.
        excluded: Ids that the user excluded.
        sources: Ids of the annotated images that give lesions.
        same: From :func:`copies` of the same table.
    """
    table, groups = table.reset_index(drop=True), [list(places) for places, _ in same]
    person = pd.Series(_people(table["patient"], groups))
    train, test = (person[table["split"] == split] for split in _BENCHMARK)
    used, gives = table["split"].isin(_BENCHMARK), table["id"].isin(sources)
    several = table["patient"].groupby(person).nunique()
    # Thousands of patients have nothing to be checked.
    concerned = {*(set(train) & set(test)), *(set(person[used]) & set(person[gives])), *several.index[several > 1]}
    found = []
    for _, group in table[person.isin(concerned)].groupby(person, sort=False):
        both = _both_sides(group, excluded, groups)
        found += both + _lesions_of_a_patient(group, excluded, sources, groups)
        found += [] if both else _several_names(group, excluded, groups)
    return found


def _people(patients: pd.Series, same: Iterable[Sequence[int]]) -> np.ndarray:
    """Return a number for each image, equal where patients bear one name, however spelt, or are linked by copies."""
    codes, names = pd.factorize(patients.map(person_of))
    links = [(codes[places[0]], codes[place]) for places in same for place in places[1:]]
    first, second = np.array(links, np.int64).reshape(-1, 2).T
    joined = coo_array((np.ones(len(links)), (first, second)), shape=(len(names), len(names)))
    return connected_components(joined, directed=False)[1][codes]


def _both_sides(group: pd.DataFrame, excluded: Collection[str], same: Sequence[Sequence[int]]) -> list[Finding]:
    """Return a finding if one patient's images are in training and in test: a note if the user has settled it."""
    kind, used = "patient on both sides of the split", group[group["split"].isin(_BENCHMARK)]
    if used["split"].nunique() < 2 or _only_copies(used, same):
        return []
    left, ids = used[~used["id"].isin(excluded)], tuple(used["id"])
    detail = _who(group, used, same)
    if left["split"].nunique() < 2:
        named = ", ".join(name for name in ids if name in excluded)
        return [Finding(kind, "note", ids, f"{detail} {SETTLED}: {named}.", scope="images")]
    spare = tuple(left.loc[left["split"] == "train", "id"])
    remedy = "Correct the patient or the split, or exclude the patient from training"
    return [Finding(kind, "error", ids, detail, remedy, scope="images", exclude=spare)]


def _several_names(group: pd.DataFrame, excluded: Collection[str], same: Sequence[Sequence[int]]) -> list[Finding]:
    """Return a note if images of one split are of one patient, as copies show, and count as several patients'."""
    used = group[_used(group, excluded)]
    if used["patient"].nunique() < 2 or used["split"].nunique() > 1 or _only_copies(used, same):
        return []
    detail = f"{_who(group, used, same)} In the intervals they count as {used['patient'].nunique()} patients."
    return [Finding("patient by several names", "note", tuple(used["id"]), detail, scope="images")]


def _lesions_of_a_patient(
    group: pd.DataFrame, excluded: Collection[str], sources: Collection[str], same: Sequence[Sequence[int]]
) -> list[Finding]:
    """Return an error if a patient gives lesions to LesionPaste and has images in the benchmark."""
    gives = group["id"].isin(sources)
    used = _used(group, excluded) & ~gives
    concerned = group[gives | used]
    if not gives.any() or not used.any() or _only_copies(concerned, same):
        return []
    named = ", ".join(group.loc[gives, "id"])
    detail = f"{_who(group, concerned, same)} {named} gives lesions to LesionPaste."
    kind, spare = "lesions of a patient of the benchmark", tuple(group.loc[used, "id"])
    return [Finding(kind, "error", tuple(concerned["id"]), detail, _OTHER_SOURCE, "images", spare)]


def _only_copies(rows: pd.DataFrame, same: Sequence[Sequence[int]]) -> bool:
    """Return whether rows of several patients are one only because their photographs are the same."""
    return not rows["patient"].duplicated().any() and any(set(rows.index) <= set(places) for places in same)


def _who(group: pd.DataFrame, rows: pd.DataFrame, same: Sequence[Sequence[int]]) -> str:
    """Return the names of a patient and some of the images, with the copies that make several names one."""
    images = ", ".join(f"{row.id} ({row.split})" for row in rows.itertuples(index=False))
    names = list(dict.fromkeys(rows["patient"]))
    if len(names) == 1:
        return f"Patient {names[0]!r}: {images}."
    linked = [places for places in same if set(places) <= set(group.index)]
    links = "; ".join(", ".join(group.loc[places, "id"]) for places in linked)
    same_photograph = f" The same photograph: {links}." if links else ""
    return f"One patient by several names ({', '.join(map(repr, names))}): {images}.{same_photograph}"
