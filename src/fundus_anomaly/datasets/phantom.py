"""The phantom: a planned cohort whose files a rule of the workflow makes, so none of them need to exist yet."""

from __future__ import annotations

from collections.abc import Mapping

from fundus_anomaly.datasets.columns import ABNORMAL, MASK_PREFIX, NORMAL, UNUSED
from fundus_anomaly.datasets.manifest import Dataset, frame, set_aside
from fundus_anomaly.datasets.place import Place
from fundus_anomaly.phantom import cohort

NAME = cohort.DATASET
LESIONS = cohort.LESIONS


_PATIENTS = ("train_patients", "test_normal_patients", "test_abnormal_patients", "source_patients", "labelled_patients")


def load(settings: Mapping[str, object], place: Place) -> Dataset:
    """Return the manifest of the planned cohort; what is neither trained on as normal nor tested is ``unused``.

    Args:
        settings: ``train_patients``, ``test_normal_patients``, ``test_abnormal_patients``, ``source_patients`` and
            ``labelled_patients``, each patient with two eyes.
        place: Photographs and masks are written into its root; its seed draws the cohort.
    """
    rows = []
    for eye in cohort.plan(place.seed, **{name: settings[name] for name in _PATIENTS}):
        photograph, masks = cohort.file_names(eye)
        rows.append(
            {
                "id": eye.id,
                "path": str(place.root / photograph),
                "split": eye.split if eye.split in ("train", "test") else UNUSED,
                "patient": eye.patient,
                "eye": eye.eye,
                "label": ABNORMAL if eye.grade else NORMAL,
                "grade": eye.grade,
            }
            | {MASK_PREFIX + lesion: str(place.root / mask) for lesion, mask in masks.items()}
        )
    return Dataset(NAME, lesions=LESIONS, masks_inverted=False, **set_aside(frame(rows, LESIONS)))
