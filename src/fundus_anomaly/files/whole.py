"""Files that are whole or absent: a temporary name, then a rename."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fundus_anomaly.files.unwritable import explained


@contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that is renamed to it on success and removed on failure.

    The temporary name is always the same, so that what a killed run left is replaced by the next.

    Args:
        path: The file to be written. Its folder is made if it is missing.

    Raises:
        OutputError: If the disk is full or the folder cannot be written; ``path`` is then as it was before.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.part")
    with explained(path, temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
