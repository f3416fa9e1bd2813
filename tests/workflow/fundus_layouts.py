"""EyeQ on EyePACS and IDRiD in their official layouts, small, drawn by the phantom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from fundus_anomaly.phantom import cohort
from fundus_anomaly.phantom.render import Rendering, render

WIDTH, HEIGHT = 160, 140
LESION_FOLDERS = {
    "MA": "1. Microaneurysms",
    "HE": "2. Haemorrhages",
    "EX": "3. Hard Exudates",
    "SE": "4. Soft Exudates",
}
# Lesions that an image of each grade shows.
_LESIONS = ((), ("MA",), ("MA", "HE"), ("MA", "HE", "EX"), ("MA", "HE", "EX", "SE"))
# EyeQ's rows, (name, quality, grade): quality is 0 good, 1 usable, 2 reject.
TRAIN = (
    *((f"{number}_{eye}", 0, 0) for number in (10, 13, 15, 16, 17) for eye in ("left", "right")),
    ("20_left", 0, 2),
    ("20_right", 1, 0),
    ("21_left", 2, 0),
)
TEST = (
    *((f"{number}_{eye}", 0, 0) for number in (1, 2, 3) for eye in ("left", "right")),
    *((f"{number}_{eye}", 0, grade) for number, grade in ((4, 1), (5, 2), (6, 4)) for eye in ("left", "right")),
    ("7_left", 1, 3),
    ("7_right", 2, 0),
)


def drawn(name: str, eye: str, grade: int) -> Rendering:
    """Return one eye; its name alone decides how it looks."""
    return render(cohort.Eye(name, "test", name, eye, grade, _LESIONS[grade]), 0, WIDTH, HEIGHT)


def write_eyeq(root: Path) -> None:
    """Write EyeQ's two tables, with their unnamed index column, and EyePACS' images of them and of one more."""
    root.mkdir(parents=True, exist_ok=True)
    for split, rows in (("train", TRAIN), ("test", TEST)):
        lines = [f"{place},{name}.jpeg,{quality},{grade}" for place, (name, quality, grade) in enumerate(rows)]
        table = "\n".join([",image,quality,DR_grade", *lines, ""])
        (root / f"Label_EyeQ_{split}.csv").write_text(table, encoding="utf-8")
        for name, _, grade in (*rows, (f"99{len(rows)}_left", 0, 0)):
            _write(root / split / f"{name}.jpeg", drawn(name, name.partition("_")[2], grade).photograph)


def write_idrid(root: Path, annotated: Mapping[str, Iterable[str]]) -> None:
    """Write IDRiD's grading and segmentation parts.

    Args:
        root: The folder that holds both.
        annotated: For the number of each image of the segmentation part, e.g. ``"48"``, the lesions whose masks it has.
    """
    grading, segmentation = root / "B. Disease Grading", root / "A. Segmentation"
    for split, letter, name in (("a. Training Set", "a", "Training"), ("b. Testing Set", "b", "Testing")):
        rows = ["Image name,Retinopathy grade,Risk of macular edema ,,,"]
        for number, grade in (("001", 0), ("002", 3)):
            image = grading / "1. Original Images" / split / f"IDRiD_{number}.jpg"
            _write(image, drawn(f"idrid {name} {number}", "right", grade).photograph)
            rows.append(f"IDRiD_{number},{grade},0,,,")
        table = grading / "2. Groundtruths" / f"{letter}. IDRiD_Disease Grading_{name} Labels.csv"
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text("\n".join([*rows, ""]), encoding="utf-8")
        for folder in LESION_FOLDERS.values():
            (segmentation / "2. All Segmentation Groundtruths" / split / folder).mkdir(parents=True)
        (segmentation / "1. Original Images" / split).mkdir(parents=True)
    for number, lesions in annotated.items():
        split = "a. Training Set" if int(number) <= 54 else "b. Testing Set"
        rendering = drawn(f"idrid {number}", "left", 4)
        _write(segmentation / "1. Original Images" / split / f"IDRiD_{number}.jpg", rendering.photograph)
        masks = segmentation / "2. All Segmentation Groundtruths" / split
        for lesion in lesions:
            write_mask(masks / LESION_FOLDERS[lesion] / f"IDRiD_{number}_{lesion}.tif", rendering.masks[lesion])


def write_mask(path: Path, mask: np.ndarray) -> None:
    """Write a mask as IDRiD's are, a palette of black and red; ``mask`` is ``(H, W)``, 0 where no lesion is."""
    image = Image.fromarray((mask > 0).astype(np.uint8))
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.save(path)


def _write(path: Path, photograph: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photograph).save(path, quality=92)
