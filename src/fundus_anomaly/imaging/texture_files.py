"""The textures of a folder of the user's, which DRAEM may paste: planning knows them as inputs."""

from __future__ import annotations

from pathlib import Path

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.imaging.image_names import looks_like_image

_REMEDY = "name a folder of JPEG, PNG, TIFF or BMP images, or leave the key empty for procedural textures"


def texture_files(folder: str) -> list[Path]:
    """Return the images below the folder that ``texture_folder`` names, in the order of their names.

    Raises:
        InputError: If there is no such folder, or no image in it.
    """
    root, where = Path(folder), f"config, methods.draem.texture_folder ({folder})"
    if not root.is_dir():
        raise InputError(Problem(where, "no such folder", "a folder of images", _REMEDY))
    files = sorted(file for file in root.rglob("*") if file.is_file() and looks_like_image(file))
    if not files:
        raise InputError(Problem(where, "no image", "one image or more", _REMEDY))
    return files
