"""Why a file cannot be written, in words: the disk is full, the folder read-only, or a limit reached."""

from __future__ import annotations

import errno
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fundus_anomaly.errors import InputError, OutputError, Problem

_ROOM = "free some space there (or raise the quota) and run the same command again"
_RIGHTS = "make the folder writable for the user who runs this, or fix the mount, and run the same command again"
_AWAY = "move the file away and run the same command again"
# What keeps a file from being written, and what to do about it.
_UNWRITABLE = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "raise the limit of a file's size (ulimit -f) and run the same command again",
    errno.EROFS: _RIGHTS,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EIO: "check the disk (the system's log may say more) and run the same command again",
}


@contextmanager
def explained(path: Path, *others: Path) -> Iterator[None]:
    """Raise :class:`OutputError` for ``path`` if the block cannot write it; any other error passes.

    Args:
        path: The file to be written, or the folder.
        *others: Further names under which the block writes; the folders above need not be named.
    """
    try:
        yield
    except (InputError, OutputError):
        raise
    except Exception as error:
        number = _reason(error, {str(name) for one in (path, *others) for name in (one, *one.parents)})
        if number is None:
            raise
        found, allowed = os.strerror(number), "a disk with room and a folder that can be written"
        raise OutputError(Problem(str(path), found, allowed, _UNWRITABLE[number])) from error


def require_writable(outputs: Iterable[tuple[str, Path]]) -> None:
    """Raise if files cannot be written where they are to lie, before anything is done for them.

    Args:
        outputs: For each file the rule that writes it, and its path; folders above it need not exist.

    Raises:
        OutputError: With every folder that this process may not write to, and the rules that would.
    """
    kept: dict[Path, list[tuple[str, Path]]] = defaultdict(list)
    for rule, path in outputs:
        folder = next(one for one in path.absolute().parents if os.path.exists(one))  # noqa: PTH110 - it never raises
        if not folder.is_dir() or not _may_write(folder):
            kept[folder].append((rule, path))
    problems = []
    for folder, files in sorted(kept.items()):
        rules = ", ".join(f"rule {rule}" for rule in sorted({rule for rule, _ in files}))
        found, remedy = ("a folder that cannot be written", _RIGHTS) if folder.is_dir() else ("a file", _AWAY)
        allowed = f"a folder for {files[0][1]} that can be written ({rules})"
        problems.append(Problem(os.path.relpath(folder), found, allowed, remedy))
    if problems:
        raise OutputError(problems)


def _may_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def _reason(error: BaseException, written: set[str]) -> int | None:
    """Return the number of the system's error that kept a file from being written, or None if it was no such error.

    When closing a file fails, HDF5 gives the number only in its message; torch gives it only in the chained exception.
    """
    while error is not None:
        number = error.errno if isinstance(error, OSError) else None
        if number is None and (stated := re.search(r"file write failed.*errno = (\d+)", str(error), re.DOTALL)):
            number = int(stated[1])
        # Errors of a copy carry two file names; the second is the destination.
        named = getattr(error, "filename2", None) or getattr(error, "filename", None)
        of_output = "file read failed" not in str(error) if named is None else str(named) in written
        if number in _UNWRITABLE and of_output:
            return number
        error = error.__cause__ or error.__context__
    return None
