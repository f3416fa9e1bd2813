"""Where DRAEM's textures come from, procedures or a folder of the user's, and the operations that vary each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from torchvision.transforms.v2 import functional

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.imaging.decode import decode
from fundus_anomaly.imaging.texture_files import texture_files
from fundus_anomaly.methods.textures import procedural_texture

_AT_ONCE = 3
_MAX_PIXELS = 50_000_000

Operation = Callable[[torch.Tensor, np.random.Generator], torch.Tensor]


class Textures:
    """Textures by chance, each varied by three of ten operations.

    Args:
        folder: Folder of images, folders in it included; empty for procedural ones.

    Raises:
        InputError: If there is no such folder, no image in it, or one that cannot be read; all of these at once.
    """

    def __init__(self, folder: str = ""):
        self._files = usable(folder) if folder else []

    def drawn(self, size: int, chance: np.random.Generator) -> np.ndarray:
        """Return a texture, ``(size, size, 3)`` uint8 RGB."""
        if self._files:
            file = self._files[int(chance.integers(len(self._files)))]
            plain = cv2.resize(decode(file, (size, size), _MAX_PIXELS)[0], (size, size), interpolation=cv2.INTER_AREA)
        else:
            plain = procedural_texture(size, chance)
        texture = torch.from_numpy(plain).permute(2, 0, 1)
        for number in chance.choice(len(OPERATIONS), _AT_ONCE, replace=False):
            texture = OPERATIONS[number](texture, chance)
        return texture.permute(1, 2, 0).contiguous().numpy()


def usable(folder: str) -> list[Path]:
    """Return the images of a folder in the order of their names, each of which can be read."""
    files = texture_files(folder)
    problems: list[Problem] = []
    for file in files:
        try:
            decode(file, (8, 8), _MAX_PIXELS)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems, f"take these files out of {folder}, the folder of textures, or mend them")
    return files


def _gamma(texture: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
    return torch.cat([functional.adjust_gamma(part[None], float(chance.uniform(0.5, 2))) for part in texture])


def _brightness(texture: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
    changed = texture.float() * chance.uniform(0.8, 1.2) + chance.uniform(-30, 30)
    return changed.clamp(0, 255).byte()


def _sharpness(texture: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
    return functional.adjust_sharpness(texture, float(chance.uniform(1, 5)))


def _hue_and_saturation(texture: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
    turned = functional.adjust_hue(texture, float(chance.uniform(-0.2, 0.2)))
    return functional.adjust_saturation(turned, float(chance.uniform(0.5, 1.5)))


def _solarise(texture: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
    return functional.solarize(texture, float(chance.uniform(32, 128)))


def _posterise(texture: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
    return functional.posterize(texture, int(chance.integers(1, 8)))


def _invert(texture: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
    return functional.invert(texture)


def _autocontrast(texture: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
    return functional.autocontrast(texture)


def _equalise(texture: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
    return functional.equalize(texture)


def _turn(texture: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
    return functional.rotate(texture, float(chance.uniform(-45, 45)))


OPERATIONS: tuple[Operation, ...] = (
    *(_gamma, _brightness, _sharpness, _hue_and_saturation, _solarise),
    *(_posterise, _invert, _autocontrast, _equalise, _turn),
)
"""The ten of the authors' code, from ``(3, H, W)`` uint8 to the same."""
