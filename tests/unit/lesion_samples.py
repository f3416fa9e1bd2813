"""A photograph with lesions drawn onto it, and a normal image, for the tests of LesionPaste."""

import numpy as np

from fundus_anomaly.methods.lesionpaste.augmentation import Augmentation
from fundus_anomaly.methods.lesionpaste.lesion import Lesion, extract
from fundus_anomaly.methods.lesionpaste.synthesis import Options

NEUTRAL = Augmentation(flip=0, rotation=0, resize=(1, 1), contrast=(1, 1), brightness=(1, 1), colour=0)
FULL = Augmentation(flip=0.5, rotation=45, resize=(0.5, 1), contrast=(0.9, 1.1), brightness=(0.9, 1.1), colour=10)
PAPER_MIX = (
    (("MA",), 0.8),
    (("MA", "HE"), 0.1),
    (("MA", "HE", "SE"), 0.05),
    (("MA", "HE", "SE", "EX"), 0.05),
)


def options(
    augmentation: Augmentation = FULL,
    mix=PAPER_MIX,
    most: float = 1.5,
    mixup=(0.5, 0.8),
    count_by="type",
    mask="binary",
    patch="lesion",
) -> Options:
    return Options(mix, most, count_by, mask, mixup, augmentation, patch)


def disc(side: int, share: float = 0.95) -> np.ndarray:
    """Return ``(side, side)`` bool, a disc about the centre: a field of view."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.hypot(y, x) < share * side / 2


def lesions(seed: int = 0, retina: float = 400.0) -> list[Lesion]:
    """Return a bank with seven MA, three HE, two SE and four EX of different sizes and colours."""
    random = np.random.default_rng(seed)
    photograph = random.integers(60, 200, (400, 400, 3)).astype(np.uint8)
    masks = {}
    for row, (kind, count, size) in enumerate((("MA", 7, 6), ("HE", 3, 25), ("EX", 4, 15), ("SE", 2, 40))):
        mask = np.zeros((400, 400), bool)
        for number in range(count):
            side = size + number
            mask[80 * row + 20 : 80 * row + 20 + side, 50 * number + 5 : 50 * number + 5 + side] = True
        masks[kind] = mask
    return extract(photograph, masks, "set/annotated", retina)


def normal(side: int = 128, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return a normal image, ``(side, side, 3)`` uint8, and its field of view."""
    view = disc(side)
    image = np.random.default_rng(seed).integers(0, 256, (side, side, 3)).astype(np.uint8)
    return np.where(view[..., None], image, np.uint8(0)), view
