"""Who is in the phantom data set: patients, their two eyes, each eye's grade and the kinds of lesion that it shows.

Nothing here depends on how many others there are: an eye follows from the seed and its own id. Among the test
patients an even number is a normal and an odd number an abnormal patient, so that either group can grow alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.seeds import generator

DATASET = "phantom"
LESIONS = ("MA", "HE", "EX", "SE")
"""Microaneurysms, haemorrhages, hard exudates, soft exudates: IDRiD's names, in IDRiD's order."""
EYES = ("left", "right")
_SHARE_WITH_OTHER_LESIONS = {
    2: {"HE": 0.8, "EX": 0.65, "SE": 0.3},
    3: {"HE": 1.0, "EX": 0.7, "SE": 0.4},
    4: {"HE": 1.0, "EX": 0.8, "SE": 0.7},
}
_SHARE_WITH_ONE_GRADE_IN_BOTH_EYES = 0.6


@dataclass(frozen=True)
class Eye:
    """One photograph of the data set.

    Attributes:
        id: Namespaced id, e.g. ``"phantom/train/0003_left"``.
        split: ``"train"`` (normals only), ``"test"``, ``"labelled"`` (abnormal, beside the test, for methods that learn
            from labels), or ``"source"`` (annotated images that a lesion bank may be made of: grade 4 with every kind
            of lesion).
        patient: The patient's id, e.g. ``"phantom/train/0003"``; both eyes share it.
        eye: ``"left"`` or ``"right"``.
        grade: Grade of diabetic retinopathy, 0 to 4.
        lesions: The kinds of lesion that the photograph shows, a part of :data:`LESIONS` in that order.
    """

    id: str
    split: str
    patient: str
    eye: str
    grade: int
    lesions: tuple[str, ...]


def plan(
    seed: int,
    train_patients: int,
    test_normal_patients: int,
    test_abnormal_patients: int,
    source_patients: int = 0,
    labelled_patients: int = 0,
) -> list[Eye]:
    """Return the eyes of the data set, two a patient.

    The right eyes of a split's abnormal patients run through the grades 1 to 4 in turn; the left eye has the same grade
    or a neighbouring one. The grades are those of the International Clinical Diabetic Retinopathy scale (Wilkinson et
    al., Ophthalmology 2003), see :func:`.lesions.icdr_grade`.

    Args:
        seed: Seed of the data set.
        train_patients: Number of normal patients whose photographs build the memory bank.
        test_normal_patients: Number of normal patients in the test split.
        test_abnormal_patients: Number of patients with a grade of at least 1 in both eyes in the test split.
        source_patients: Number of patients whose annotated photographs are reserved for lesion banks.
        labelled_patients: Number of patients with a grade of at least 1 in both eyes beside the test.

    Raises:
        InputError: If a number is negative or has no four-digit patient numbers left.
    """
    numbers = {
        "train_patients": (train_patients, 10000),
        "test_normal_patients": (test_normal_patients, 5000),
        "test_abnormal_patients": (test_abnormal_patients, 5000),
        "source_patients": (source_patients, 10000),
        "labelled_patients": (labelled_patients, 10000),
    }
    raise_if_any(
        Problem(f"phantom: {name}", str(count), f"a whole number from 0 to {most}", "change it in the configuration")
        for name, (count, most) in numbers.items()
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= most
    )
    eyes = [_eye(seed, "train", number, side) for number in range(train_patients) for side in EYES]
    test = sorted([2 * i for i in range(test_normal_patients)] + [2 * i + 1 for i in range(test_abnormal_patients)])
    eyes += [_eye(seed, "test", number, side) for number in test for side in EYES]
    eyes += [_eye(seed, "labelled", number, side) for number in range(labelled_patients) for side in EYES]
    return eyes + [_source_eye(number, side) for number in range(source_patients) for side in EYES]


def label_table(eyes: Iterable[Eye]) -> pd.DataFrame:
    """Return the labels of the training and test images as a table that ``data.images.table`` takes.

    Args:
        eyes: From :func:`plan`; those of other splits, which are not part of the benchmark, are left out.

    Returns:
        Columns ``path`` (relative to the data set's folder), ``split``, ``patient``, ``eye``, ``label`` (normal,
        abnormal), ``grade`` (int64), and ``mask_<lesion>`` (a path or ``""``) for each of :data:`LESIONS`.
    """
    rows = []
    for eye in eyes:
        if eye.split in ("train", "test"):
            photograph, masks = file_names(eye)
            row = {"path": photograph, "split": eye.split, "patient": eye.patient, "eye": eye.eye}
            row |= {"label": "abnormal" if eye.grade else "normal", "grade": eye.grade}
            rows.append(row | {f"mask_{lesion}": masks.get(lesion, "") for lesion in LESIONS})
    return pd.DataFrame(rows)


def file_names(eye: Eye) -> tuple[str, dict[str, str]]:
    """Return the photograph's name and the mask's name of each lesion, relative to the data set's folder.

    Example: ``("test/0012_right.jpg", {"MA": "masks/MA/test/0012_right_MA.png"})``.
    """
    name = eye.id.removeprefix(f"{DATASET}/")
    return f"{name}.jpg", {lesion: f"masks/{lesion}/{name}_{lesion}.png" for lesion in eye.lesions}


def _eye(seed: int, split: str, number: int, side: str) -> Eye:
    patient = f"{DATASET}/{split}/{number:04d}"
    name = f"{patient}_{side}"
    rank = {"train": None, "test": number // 2 if number % 2 else None, "labelled": number}[split]
    grade = 0 if rank is None else _grade(seed, patient, rank, side)
    return Eye(name, split, patient, side, grade, _lesions(seed, name, grade))


def _source_eye(number: int, side: str) -> Eye:
    patient = f"{DATASET}/source/{number:04d}"
    return Eye(f"{patient}_{side}", "source", patient, side, 4, LESIONS)


def _grade(seed: int, patient: str, rank: int, side: str) -> int:
    right = 1 + rank % 4
    random = generator(seed, "phantom grade", patient)
    same, step = random.random() < _SHARE_WITH_ONE_GRADE_IN_BOTH_EYES, int(random.choice([-1, 1]))
    return right if side == "right" or same else min(4, max(1, right + step))


def _lesions(seed: int, name: str, grade: int) -> tuple[str, ...]:
    if grade == 0:
        return ()
    if grade == 1:
        return ("MA",)
    shares = _SHARE_WITH_OTHER_LESIONS[grade]
    random = generator(seed, "phantom lesions", name)
    drawn = {lesion for lesion in LESIONS[1:] if random.random() < shares[lesion]}
    drawn |= {"MA"} if drawn else {"MA", "HE"}
    return tuple(lesion for lesion in LESIONS if lesion in drawn)
