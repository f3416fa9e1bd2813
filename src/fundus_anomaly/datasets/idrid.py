"""IDRiD (Porwal et al., 2018) as ReSAD's benchmark uses it: grade 0 against the images with annotated lesions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fundus_anomaly.datasets.columns import UNUSED
from fundus_anomaly.datasets.idrid_files import read_files
from fundus_anomaly.datasets.manifest import Dataset
from fundus_anomaly.datasets.official_counts import Count
from fundus_anomaly.datasets.place import Place

NAME = "idrid"


def load(settings: Mapping[str, object], place: Place) -> Dataset:
    """Return ReSAD's IDRiD benchmark (ReSAD, section 3.1).

    Training normals are the 134 grade-0 images of the grading part's training set; the test set is the 34 grade-0
    images of its test set and the 81 images of the segmentation part. Images of grades 1–4 become ``unused``: the
    audit compares them. Patients are sittings by the camera's clock, see :mod:`.idrid_files`.

    Args:
        settings: ``grading`` and ``segmentation``, the folders of the two parts below the root, and
            ``strict_counts``, whether another number of the benchmark's images than the official one is an error.
        place: Its root holds the two parts.

    Raises:
        InputError: With every folder, file or row that is missing or wrong.
    """
    files = read_files(settings, place.root)
    rows: list[dict[str, object]] = []
    counts: list[Count] = []
    unused: list[Count] = []
    for split, graded in files.graded.items():
        rows += [row | {"split": UNUSED if row["grade"] else split} for row in graded]
        normal, *diseased = files.grade_counts(split)
        counts.append(normal)
        unused += diseased
    for split, annotated in files.annotated.items():
        rows += [row | {"split": "test"} for row in annotated]
        counts += files.annotated_counts(split)
    dataset = files.dataset(NAME, rows, counts, unused, strict=bool(settings["strict_counts"]))
    aside = len(dataset.unused)
    note = f"{aside} graded images of grades 1 to 4 are not part of the benchmark; the audit compares them."
    return replace(dataset, notes=(*dataset.notes, note))
