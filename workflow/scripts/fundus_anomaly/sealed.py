"""Files that hold no checksum of their own, tables and weights: a digest beside each tells damage from data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from .errors import InputError, Problem
from .imaging.decode import sha256
from .storage import whole, write_text


def seal_of(path: str | os.PathLike[str]) -> Path:
    """Return the file that holds the digest of another."""
    path = Path(path)
    return path.with_name(f".{path.name}.sha256")


@contextmanager
def sealed(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Do what :func:`.storage.whole` does, and leave the SHA-256 of what was written beside it."""
    with whole(path) as temporary:
        yield temporary
        digest = sha256(temporary)
        # An old digest must never stand beside a new file.
        seal_of(path).unlink(missing_ok=True)
    write_text(seal_of(path), f"{digest}\n")


def require_sealed(path: str | os.PathLike[str]) -> None:
    """Raise if a file is not what was written; a file without a digest, from elsewhere, is taken as it is.

    Raises:
        InputError: If its SHA-256 is another.
    """
    seal = seal_of(path)
    if not seal.exists():
        return
    wanted, found = seal.read_text(encoding="utf-8").strip(), sha256(path)
    if found != wanted:
        remedy = f"delete {path} and run the same command again; the workflow makes it anew"
        told = f"content that was changed or damaged (SHA-256 {found})"
        raise InputError(Problem(str(path), told, f"content as it was written ({wanted})", remedy))


def move_sealed(source: Path, target: str | os.PathLike[str]) -> None:
    """Give a sealed file another name."""
    seal_of(target).unlink(missing_ok=True)
    source.replace(target)
    if seal_of(source).exists():
        seal_of(source).replace(seal_of(target))


def remove_sealed(path: Path) -> None:
    """Remove a file that need not exist, and its digest."""
    path.unlink(missing_ok=True)
    seal_of(path).unlink(missing_ok=True)


def write_csv(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write a table that other rules read as CSV, whole or not at all, with its digest."""
    with sealed(path) as temporary:
        temporary.write_text(table.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="\n")


def read_csv(path: str | os.PathLike[str], **options: object) -> pd.DataFrame:
    """Return a table that :func:`write_csv` wrote.

    Args:
        path: The CSV file.
        **options: Those of :func:`pandas.read_csv`.

    Raises:
        InputError: If the file is not what was written, or no table.
    """
    require_sealed(path)
    try:
        return pd.read_csv(path, **options)
    except ValueError as error:
        remedy = f"delete {path} and run the same command again; the workflow makes it anew"
        raise InputError(Problem(str(path), f"no table ({error})", "a CSV file as it was written", remedy)) from error
