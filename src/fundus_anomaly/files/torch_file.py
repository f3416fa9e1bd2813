"""PyTorch files from outside: no code is unpickled, and no archive unpacks to more than its own size."""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch

# VGG16 with its fully connected layers has 0.55 GB; a checkpoint holds it three times.
MAX_BYTES = 4 * 10**9


def load(path: str | Path) -> object:
    """Return what a PyTorch file holds, read with ``weights_only=True``.

    Args:
        path: The file.

    Raises:
        Exception: Of many kinds, if the file is larger than ``MAX_BYTES``, an archive whose members are compressed
            (PyTorch writes none), or no file that can be read without running code.
    """
    size = Path(path).stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{size:,} bytes, more than {MAX_BYTES:,}")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        packed = next((member.filename for member in members if member.compress_type != zipfile.ZIP_STORED), None)
        # Members may overlap: all of them together may not be larger than the file either.
        if packed is not None or sum(member.file_size for member in members) > size:
            raise ValueError(f"an archive that unpacks to more than its size, e.g. {packed or 'overlapping members'}")
    return torch.load(path, map_location="cpu", weights_only=True)
