"""CSV and weight files hold no checksum, so a file beside each keeps its SHA-256, and what made it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files import provenance
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.files.whole import whole, write_text

if TYPE_CHECKING:
    import pandas as pd


def checksum_file(path: str | os.PathLike[str]) -> Path:
    """Return the file that holds the digest of another."""
    path = Path(path)
    return path.with_name(f".{path.name}.sha256")


@contextmanager
def checksummed(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Do what :func:`.whole.whole` does, and leave the SHA-256 of what was written, and what made it, beside it."""
    with whole(path) as temporary:
        yield temporary
        digest = sha256(temporary)
        # An old digest must never be beside a new file.
        checksum_file(path).unlink(missing_ok=True)
    _write_checksum(path, digest)


def _write_checksum(path: str | os.PathLike[str], digest: str) -> None:
    write_text(checksum_file(path), "".join(f"{line}\n" for line in (digest, provenance.line()) if line))


def read_checksum(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return the digest beside a file, and the line of what made it; empty texts where there is none."""
    beside = checksum_file(path)
    try:
        if beside.stat().st_size > provenance.MAX_BYTES:
            return "", ""
        lines = beside.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return "", ""
    return (lines[0].strip() if lines else ""), (lines[1] if len(lines) > 1 else "")


def add_checksum(path: str | os.PathLike[str]) -> None:
    """Give a file, or a folder, its checksum if it was written without :func:`checksummed`, or moved here.

    A folder has no digest: the file beside it says what made it.
    """
    path = Path(path)
    digest, line = read_checksum(path)
    if digest and line == provenance.line() and checksum_file(path).stat().st_mtime_ns >= path.stat().st_mtime_ns:
        return
    _write_checksum(path, "folder" if path.is_dir() else sha256(path))


def require_unchanged(path: str | os.PathLike[str]) -> None:
    """Raise if a file is not what was written; a file without a digest, from elsewhere, is taken as it is.

    Raises:
        InputError: If its SHA-256 is another.
    """
    if not checksum_file(path).exists():
        return
    wanted, found = read_checksum(path)[0], sha256(path)
    if found != wanted:
        remedy = f"delete {path} and run the same command again; the workflow makes it again"
        found = f"content that was changed or damaged (SHA-256 {found})"
        raise InputError(Problem(str(path), found, f"content as it was written ({wanted})", remedy))


def move_checksummed(source: Path, target: str | os.PathLike[str]) -> None:
    """Give a file another name, and its checksum with it."""
    checksum_file(target).unlink(missing_ok=True)
    source.replace(target)
    if checksum_file(source).exists():
        checksum_file(source).replace(checksum_file(target))


def remove_checksummed(path: Path) -> None:
    """Remove a file that need not exist, and its digest."""
    path.unlink(missing_ok=True)
    checksum_file(path).unlink(missing_ok=True)


def write_csv(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write a table that other rules read as CSV, whole or not at all, with its digest."""
    with checksummed(path) as temporary:
        temporary.write_text(table.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="\n")


def read_csv(path: str | os.PathLike[str], **options: object) -> pd.DataFrame:
    """Return a table that :func:`write_csv` wrote.

    Args:
        path: The CSV file.
        **options: Those of :func:`pandas.read_csv`.

    Raises:
        InputError: If the file is not what was written, or no table.
    """
    # Every job writes checksums, and few read a table.
    import pandas as pd

    require_unchanged(path)
    try:
        return pd.read_csv(path, **options)
    except ValueError as error:
        remedy = f"delete {path} and run the same command again; the workflow makes it again"
        raise InputError(
            Problem(str(path), f"an unreadable table ({error})", "a CSV file as it was written", remedy)
        ) from error
