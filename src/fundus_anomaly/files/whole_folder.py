"""Folders that are whole or absent: filled beside their place, and moved there last."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` that takes its place once the block has ended without an error.

    A folder cannot be renamed over another: what lay there is removed first.

    Args:
        path: The folder to be written.
    """
    path = Path(path)
    filling = path.with_name(f".{path.name}.part")
    shutil.rmtree(filling, ignore_errors=True)
    filling.mkdir(parents=True)
    yield filling
    shutil.rmtree(path, ignore_errors=True)
    filling.rename(path)
