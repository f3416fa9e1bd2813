"""Arrays that are larger than memory, in files that vanish with them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from fundus_anomaly.files.unwritable import told_unwritable


def scratch_array(folder: Path, shape: tuple[int, ...]) -> np.memmap:
    """Return a float32 array in an unnamed file of a folder, which vanishes with it.

    Its room is taken at once: a memory map that meets a full disk later would kill the process without a word.

    Raises:
        OutputError: If there is no room.
    """
    with told_unwritable(folder), tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, max(1, 4 * int(np.prod(shape))))
        return np.memmap(file, np.float32, "r+", shape=shape)
