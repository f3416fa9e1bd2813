"""A small MosMedData in its official layout: noisy bodies of 40 HU with lungs of -850 HU, and lesions of -100 HU."""

from pathlib import Path

import nibabel
import numpy as np

SHAPE = (64, 48, 12)
HEALTHY = ("study_0001", "study_0002", "study_0003", "study_0004")
SOURCE = "study_0255"
# Slices with lesions of each annotated study, and the radius of a lesion in voxels.
ANNOTATED = {
    "study_0255": {4: 3, 5: 5, 6: 4},
    "study_0256": {3: 3, 4: 3},
    "study_0257": {6: 4},
    "study_0258": {2: 3, 3: 4, 8: 3},
    "study_0259": {7: 5},
}
# Stored in other directions than the rest: to the left, to the back, to the head; and sagittal slices.
AXES = {"study_0002": "LPS", "study_0256": "LPS", "study_0258": "PSR"}
HEADER = "study_id,category,study_file,mask_file"
SETTINGS = {
    "registry": "dataset_registry.csv",
    "healthy": "CT-0",
    "normal_slices": 10,
    "middle": [0.25, 0.75],
    "folds": 2,
    "source_study": SOURCE,
    "window": {"level": -300, "width": 1400},
    "strict_counts": False,
}


def _disc(x, y, radius):
    across, along = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return ((across - x) / radius[0]) ** 2 + ((along - y) / radius[1]) ** 2 <= 1


def lesion_mask(study):
    """Return where a study has lesions, uint8, axes to the right, to the front and to the head."""
    mask = np.zeros(SHAPE, np.uint8)
    for number, radius in ANNOTATED.get(study, {}).items():
        place = 18 + number % 5, 18 + int(study[-1]) % 5 + number % 3
        mask[:, :, number] = _disc(*place, (radius, radius))
    return mask


def hounsfield(study):
    """Return a study in Hounsfield units, int16, axes as above; no two slices are alike."""
    random = np.random.default_rng(int(study.removeprefix("study_")))
    body, lungs = _disc(32, 24, (28, 20)), _disc(20, 24, (8, 12)) | _disc(44, 24, (8, 12))
    values = np.full(SHAPE, -1000.0)
    values[body], values[lungs] = 40, -850
    values[lesion_mask(study) > 0] = -100
    coarse = random.normal(0, 120, (8, 6, SHAPE[2])).repeat(8, axis=0).repeat(8, axis=1)
    return (values + body[..., None] * (coarse + random.normal(0, 20, SHAPE))).astype(np.int16)


def write_volume(path, values, axes="RAS", spacing=(1.0, 1.0, 8.0)):
    """Write a volume whose axes lead to the right, to the front and to the head, stored along other axes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(values, np.diag([*spacing, 1.0]))
    start, end = (nibabel.orientations.axcodes2ornt(codes) for codes in ("RAS", axes))
    nibabel.save(image.as_reoriented(nibabel.orientations.ornt_transform(start, end)), path)


def rows():
    """Return the registry's rows, one of them of a study that the benchmark does not take and no file is there of."""
    return [
        *(f"{study},CT-0,/studies/CT-0/{study}.nii.gz," for study in HEALTHY),
        *(f"{study},CT-1,/studies/CT-1/{study}.nii.gz,/masks/{study}_mask.nii.gz" for study in ANNOTATED),
        "study_0900,CT-2,/studies/CT-2/study_0900.nii.gz,",
    ]


def write_registry(root, lines):
    """Write the registry as it is distributed, with its byte-order mark."""
    (root / "dataset_registry.csv").write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8-sig")


def write_dataset(root: Path) -> Path:
    """Write the dataset below a folder and return it."""
    for study in HEALTHY:
        write_volume(root / f"studies/CT-0/{study}.nii.gz", hounsfield(study), AXES.get(study, "RAS"))
    for study in ANNOTATED:
        axes = AXES.get(study, "RAS")
        write_volume(root / f"studies/CT-1/{study}.nii.gz", hounsfield(study), axes)
        write_volume(root / f"masks/{study}_mask.nii.gz", lesion_mask(study), axes)
    write_registry(root, rows())
    return root
