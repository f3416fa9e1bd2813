"""The files of IDRiD (Porwal et al., 2018) in their official layout, as both of its benchmarks read them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fundus_anomaly.datasets.camera_clock import taken_at
from fundus_anomaly.datasets.columns import ABNORMAL, MASK_PREFIX, NORMAL, UNUSED
from fundus_anomaly.datasets.folders import require_folders
from fundus_anomaly.datasets.label_table import read_table
from fundus_anomaly.datasets.manifest import Dataset, frame, set_aside
from fundus_anomaly.datasets.official_counts import Count, differences
from fundus_anomaly.datasets.official_names import numbered_images
from fundus_anomaly.datasets.sittings import LONGEST_PAUSE, MAX_PHOTOGRAPHS, sittings
from fundus_anomaly.errors import InputError, Problem, raise_if_any

# The optic disc (OD) is annotated too, and is no lesion.
LESIONS = ("MA", "HE", "EX", "SE")
# An image has the same id in both benchmarks, so that an exclusion in a config means the same in both.
_ID_PREFIX = "idrid"
_LESION_FOLDERS = {
    "MA": "1. Microaneurysms",
    "HE": "2. Haemorrhages",
    "EX": "3. Hard Exudates",
    "SE": "4. Soft Exudates",
}
_SPLIT_FOLDERS = {"train": "a. Training Set", "test": "b. Testing Set"}
_IMAGES, _MASKS, _GRADES = "1. Original Images", "2. All Segmentation Groundtruths", "2. Groundtruths"
_TABLES = {
    "train": "a. IDRiD_Disease Grading_Training Labels.csv",
    "test": "b. IDRiD_Disease Grading_Testing Labels.csv",
}
_OFFICIAL_GRADES = {"train": (134, 20, 136, 74, 49), "test": (34, 5, 32, 19, 13)}
_OFFICIAL_SEGMENTATION = {"train": 54, "test": 27}
_OFFICIAL_MASKS = {
    "train": {"MA": 54, "HE": 53, "EX": 54, "SE": 26},
    "test": {"MA": 27, "HE": 27, "EX": 27, "SE": 14},
}
_UNPACK = "unpack IDRiD's archives side by side, or correct the root and the folder names in the config"


@dataclass(frozen=True)
class IdridFiles:
    """What was found in IDRiD's two parts, before a benchmark says which image serves for what.

    IDRiD names no patients. Photographs of one sitting by the camera's clock are of one patient; a photograph whose
    file states no time is a separate patient.

    Attributes:
        root: The folder that holds the two parts.
        graded: The grading part's rows, each with ``id``, ``path``, ``label``, ``grade`` and, where a clock is in
            the file, ``patient``, by IDRiD's own split (``"train"``, ``"test"``), in the order of their numbers.
        annotated: The segmentation part's rows, each with ``id``, ``path``, ``label``, ``mask_<lesion>`` for each
            of ``LESIONS`` and likewise ``patient``, by IDRiD's own split.
        notes: What a reader of the report should know about the files.
        times: When photographs were taken by the camera's clock, by id.
        unread: What looks like an image or a mask and is not read, one sentence or more each.
    """

    root: Path
    graded: Mapping[str, Sequence[dict[str, object]]]
    annotated: Mapping[str, Sequence[dict[str, object]]]
    notes: tuple[str, ...]
    times: Mapping[str, datetime]
    unread: tuple[str, ...] = ()

    def grade_counts(self, split: str) -> list[Count]:
        """Return five counts of one split of the grading part: the images of grades 0, 1, 2, 3 and 4."""
        grades = [row["grade"] for row in self.graded[split]]
        return [
            Count(f"grading, {split}, grade {grade}", official, grades.count(grade))
            for grade, official in enumerate(_OFFICIAL_GRADES[split])
        ]

    def annotated_counts(self, split: str) -> list[Count]:
        """Return the counts of one split of the segmentation part: of its images, and of each lesion's masks."""
        rows = self.annotated[split]
        masks = [
            Count(
                f"segmentation, {split}, {lesion} masks", official, sum(bool(row[MASK_PREFIX + lesion]) for row in rows)
            )
            for lesion, official in _OFFICIAL_MASKS[split].items()
        ]
        return [Count(f"segmentation, {split}, images", _OFFICIAL_SEGMENTATION[split], len(rows)), *masks]

    def dataset(
        self,
        name: str,
        rows: Sequence[dict[str, object]],
        counts: Sequence[Count],
        unused: Sequence[Count],
        *,
        strict: bool,
    ) -> Dataset:
        """Return a benchmark on these files.

        Args:
            name: The adapter's name.
            rows: The rows of ``graded`` and ``annotated``, each with its ``split`` in the benchmark.
            counts: The counts of the benchmark's images.
            unused: The counts of the images that it leaves out; a difference in them is never an error.
            strict: Whether a difference in ``counts`` is an error.

        Raises:
            InputError: If ``strict`` and one of ``counts`` differs; holds every difference.
        """
        where = f"IDRiD at {str(self.root)!r}"
        notes = (*self.notes, *differences(counts, strict=strict, where=where))
        notes += differences(unused, strict=False, where=where)
        notes += _sittings_note(rows) + _years_note(rows, self.times)
        return Dataset(
            name,
            lesions=LESIONS,
            masks_inverted=False,
            notes=notes,
            counts=(*counts, *unused),
            unread=self.unread,
            **set_aside(frame(rows, LESIONS)),
        )


def read_files(settings: Mapping[str, object], root: Path) -> IdridFiles:
    """Return the images, grades and masks of IDRiD's grading and segmentation parts.

    Args:
        settings: ``grading`` and ``segmentation``, the folders of the two parts below the root.
        root: The folder that holds the two parts.

    Raises:
        InputError: With every folder, file or row that is missing or wrong.
    """
    grading, segmentation = root / str(settings["grading"]), root / str(settings["segmentation"])
    folders = [part / _IMAGES / split for part in (grading, segmentation) for split in _SPLIT_FOLDERS.values()]
    folders += [segmentation / _MASKS / split for split in _SPLIT_FOLDERS.values()]
    require_folders(root, [*folders, grading / _GRADES], "IDRiD", _UNPACK)
    problems: list[Problem] = []
    notes: list[str] = []
    unread: list[str] = []
    graded = {split: _graded(grading, split, problems, notes, unread) for split in _SPLIT_FOLDERS}
    annotated = {split: _annotated(segmentation, split, problems, notes, unread) for split in _SPLIT_FOLDERS}
    raise_if_any(problems)
    rows = [row for part in (graded, annotated) for found in part.values() for row in found]
    times = _name_patients(rows, notes)
    return IdridFiles(root, graded, annotated, tuple(notes), times, tuple(unread))


def _name_patients(rows: Sequence[dict[str, object]], notes: list[str]) -> dict[str, datetime]:
    """Give each row whose file states a time its ``patient``, and return the times that are a camera's by id."""
    taken = {str(row["id"]): taken_at(str(row["path"])) for row in rows}
    times = {name: time for name, time in taken.items() if time is not None}
    sitting_of = sittings(times)
    for row in rows:
        if row["id"] in sitting_of:
            row["patient"] = f"{_ID_PREFIX}/sitting/{sitting_of[str(row['id'])].isoformat()}"
    if len(sitting_of) < len(times):
        notes.append(
            f"{len(times) - len(sitting_of)} photographs state times that follow each other in rows of more than "
            f"{MAX_PHOTOGRAPHS}, as a program's do that converts files: these times are not used."
        )
    return {name: time for name, time in times.items() if name in sitting_of}


def _sittings_note(rows: Sequence[dict[str, object]]) -> tuple[str, ...]:
    """Return a note that says of which photographs the patient is known, and how."""
    sizes = Counter(row["patient"] for row in rows if row.get("patient"))
    own = "counts as a separate patient."
    if not sizes:
        return (f"No patients are known, since no file states when it was taken (EXIF): each photograph {own}",)
    pause, several = int(LONGEST_PAUSE.total_seconds()), sum(size > 1 for size in sizes.values())
    known = (
        f"The files of {sizes.total()} of {len(rows)} photographs state when they were taken (EXIF). Photographs that "
        f"follow each other within {pause} s are taken for one patient's: {len(sizes)} sittings, {several} of them "
        "with several photographs."
    )
    return (known if sizes.total() == len(rows) else f"{known} Each other photograph {own}",)


def _years_note(rows: Sequence[dict[str, object]], times: Mapping[str, datetime]) -> tuple[str, ...]:
    """Return a note on the years in which the benchmark's photographs were taken; none without a clock."""
    years: dict[tuple[object, object], Counter[int]] = {}
    for row in rows:
        if row["id"] in times and row["split"] != UNUSED:
            years.setdefault((row["split"], row["label"]), Counter())[times[str(row["id"])].year] += 1
    parts = [
        f"{split}, {'normal' if label == NORMAL else 'abnormal'}: "
        + ", ".join(f"{count} in {year}" for year, count in sorted(found.items()))
        for (split, label), found in years.items()
    ]
    if not parts:
        return ()
    warning = "A threshold from training normals holds for test normals as far as both were taken alike."
    return (f"Photographs by year of the camera's clock: {'; '.join(parts)}. {warning}",)


def _graded(
    grading: Path, split: str, problems: list[Problem], notes: list[str], unread: list[str]
) -> list[dict[str, object]]:
    """Return the rows of one split of the grading part, in the order of their numbers."""
    folder, table = grading / _IMAGES / _SPLIT_FOLDERS[split], grading / _GRADES / _TABLES[split]
    images = numbered_images(folder, r"IDRiD_(\d{3})", problems, notes, unread)
    try:
        labels = read_table(table, ("image name", "retinopathy grade"))
    except InputError as error:
        problems += error.problems
        return []
    rows, seen = [], set()
    for line, name, grade in zip(labels.index, labels["image name"], labels["retinopathy grade"], strict=True):
        where, match = f"{table}, line {line}", re.fullmatch(r"IDRiD_([0-9]{3})", name)
        if not match:
            problems.append(Problem(where, f"image name {name!r}", "IDRiD_ and three digits", "correct the row"))
        elif match[1] in seen:
            problems.append(Problem(where, f"{name} a second time", "one row an image", "remove one of the rows"))
        elif not re.fullmatch("[0-4]", grade):
            problems.append(Problem(where, f"grade {grade!r}", "0, 1, 2, 3 or 4", "correct the row"))
        elif match[1] not in images:
            problems.append(Problem(where, f"no image {name}.jpg in {str(folder)!r}", "the image", _UNPACK))
        else:
            rows.append(_grading_row(split, match[1], images[match[1]], int(grade)))
        seen.update(match.groups() if match else ())
    unlabelled = sorted(set(images) - seen)
    if unlabelled:
        unread.append(f"{table.name} has no row for {len(unlabelled)} images of {folder}, not used: {unlabelled}.")
    return sorted(rows, key=lambda row: str(row["id"]))


def _grading_row(split: str, number: str, path: Path, grade: int) -> dict[str, object]:
    """Return the row of one graded image."""
    return {
        # Both splits number from IDRiD_001, and the segmentation part from IDRiD_01.
        "id": f"{_ID_PREFIX}/grading/{split}/{number}",
        "path": str(path),
        "label": NORMAL if grade == 0 else ABNORMAL,
        "grade": grade,
    }


def _annotated(
    segmentation: Path, split: str, problems: list[Problem], notes: list[str], unread: list[str]
) -> list[dict[str, object]]:
    """Return the rows of one split of the segmentation part, in the order of their files' names."""
    images = numbered_images(segmentation / _IMAGES / _SPLIT_FOLDERS[split], r"IDRiD_(\d{2})", problems, notes, unread)
    masks: dict[str, dict[str, Path]] = {}
    for lesion, name in _LESION_FOLDERS.items():
        folder = segmentation / _MASKS / _SPLIT_FOLDERS[split] / name
        # A lesion that is absent has no mask file; a folder that is absent would hide all of one kind.
        if not folder.is_dir():
            problems.append(Problem(f"folder {str(folder)!r}", "nothing", "the masks of a lesion", _UNPACK))
            continue
        masks[lesion] = numbered_images(folder, rf"IDRiD_(\d{{2}})_{lesion}", problems, notes, unread)
        problems += [
            Problem(
                str(path), "a mask without an image", f"one of an image {number}", "remove the mask or add the image"
            )
            for number, path in masks[lesion].items()
            if number not in images
        ]
    return [
        {"id": f"{_ID_PREFIX}/segmentation/{number}", "path": str(path), "label": ABNORMAL}
        | {MASK_PREFIX + lesion: str(masks.get(lesion, {}).get(number, "")) for lesion in LESIONS}
        for number, path in images.items()
    ]
