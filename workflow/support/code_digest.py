"""What a job runs through, as one value: rules declare it as a parameter, so that an edit reruns just what it must."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from support.parameters import digest_of


@cache
def content_digest(path: str) -> str:
    """Return the SHA-256 of a file of the project."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def code_digest(files: Iterable[Path], project: Path) -> str:
    """Return a digest of files by their place in the project and their content.

    It is the same wherever the project lies. Times have no part in it: a checkout renews those of all files.

    Args:
        files: Python files of the project.
        project: Its folder.
    """
    return digest_of(sorted([str(file.relative_to(project)), content_digest(str(file))] for file in files))
