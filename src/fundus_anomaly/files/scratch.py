"""Arrays larger than memory, in temporary files that disappear with them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from fundus_anomaly.files.unwritable import explained


def scratch_array(folder: Path, shape: tuple[int, ...]) -> np.memmap:
    """Return a float32 array in an unnamed file of a folder, which vanishes with it.

    Its space is taken at once: a memory map that meets a full disk later would kill the process without a message.

    Raises:
        OutputError: If there is no room.
    """
    with explained(folder), tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, max(1, 4 * int(np.prod(shape))))
        return np.memmap(file, np.float32, "r+", shape=shape)
