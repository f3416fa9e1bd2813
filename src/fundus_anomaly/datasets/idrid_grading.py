"""IDRiD (Porwal et al., 2018) as a check of LesionPaste on real data: grade 0 against grades 1 to 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fundus_anomaly.datasets.columns import UNUSED
from fundus_anomaly.datasets.idrid_files import read_files
from fundus_anomaly.datasets.manifest import Dataset
from fundus_anomaly.datasets.place import Place

NAME = "idrid_grading"


def load(settings: Mapping[str, object], place: Place) -> Dataset:
    """Return IDRiD's grading part, labelled as LesionPaste labels EyeQ (Huang et al. 2022, section 3.1).

    Training normals are the 134 grade-0 images of the grading part's training set; the test set is all 103 images of
    its testing set, 34 of grade 0 and 69 of grades 1–4. The training set's grades 1–4 and the 81 images of the
    segmentation part, with their masks, become ``unused``: a lesion bank is cut from the latter, and the audit
    compares both with the benchmark. Ids are those of :mod:`.idrid`, so they begin with ``idrid/``; patients are
    sittings by the camera's clock, see :mod:`.idrid_files`.

    Args:
        settings: ``grading`` and ``segmentation``, the folders of the two parts below the root, and
            ``strict_counts``, whether another number of the benchmark's images than the official one is an error.
        place: Its root holds the two parts.

    Returns:
        The dataset. No row of its manifest has a mask; those of its ``unused`` images have.

    Raises:
        InputError: With every folder, file or row that is missing or wrong.
    """
    files = read_files(settings, place.root)
    rows = [row | {"split": UNUSED if row["grade"] else "train"} for row in files.graded["train"]]
    rows += [row | {"split": "test"} for row in files.graded["test"]]
    rows += [row | {"split": UNUSED} for annotated in files.annotated.values() for row in annotated]
    normal, *diseased = files.grade_counts("train")
    counts = [normal, *files.grade_counts("test")]
    unused = diseased + [count for split in files.annotated for count in files.annotated_counts(split)]
    dataset = files.dataset(NAME, rows, counts, unused, strict=bool(settings["strict_counts"]))
    annotated = sum(map(len, files.annotated.values()))
    note = (
        f"{len(dataset.unused) - annotated} training images of grades 1 to 4 and {annotated} images with annotated "
        "lesions are not part of the benchmark; the audit compares them."
    )
    return replace(dataset, notes=(*dataset.notes, note))
