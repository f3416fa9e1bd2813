"""Whether a path stays inside a folder, links followed."""

from __future__ import annotations

import os
from pathlib import Path


class Inside:
    """Tells of many paths whether they stay inside one folder; each folder on the way is looked up once.

    Args:
        root: The folder that no path may leave. It may be a link itself.
    """

    def __init__(self, root: Path):
        self._root = os.path.realpath(root)
        self._folders: dict[str, Path] = {}

    def __contains__(self, path: Path) -> bool:
        """Return whether the file that a path leads to lies inside the root."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = Path(os.path.realpath(folder))
        real = self._folders[folder] / name
        if name == ".." or path.is_symlink():
            real = Path(os.path.realpath(path))
        return str(real).startswith(self._root.rstrip(os.sep) + os.sep)
