"""A folder that is there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def filled_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a folder to be filled, which takes the place of ``path`` when the block has ended without an error.

    A folder cannot be renamed over another: the new one is filled beside its place, and the old one is removed last.
    """
    folder = Path(path)
    filling = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(filling, ignore_errors=True)
    yield filling
    shutil.rmtree(folder, ignore_errors=True)
    filling.rename(folder)
