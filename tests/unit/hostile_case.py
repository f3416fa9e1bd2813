"""One bad input: how it is written, who reads it, and what must come of it; read in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import resource
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from fundus_anomaly.errors import InputError

# A child may map no more than this beyond its parent: what would fill the machine ends as a MemoryError.
_MAPPED = 3 * 2**30
# Seconds of processor time, and of patience on a machine that others use too.
_BUSY, _WAIT = 20, 300
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes:
        name: What is bad about it.
        make: Writes it below a folder and returns what the reader is called with.
        read: The reader: gets what ``make`` returned, and the one folder below which it may write.
        told: Words that the error must hold; none where the input is handled.
        handled: Whether the result is what the documentation says; None where an error is expected.
        mib: Memory that reading may take at its peak, in MiB.
    """

    name: str
    make: Callable[[Path], object]
    read: Callable[[object, Path], object]
    told: tuple[str, ...] = ()
    handled: Callable[[object], object] | None = None
    mib: int = 64


@dataclass(frozen=True)
class Outcome:
    """What came of a case: ``kind`` is ``"refused"``, ``"read"`` or ``"crashed"``."""

    kind: str
    text: str
    mib: float


def outcome(case: Case, made: object, folder: Path) -> Outcome:
    """Read a bad input in a child, whose working folder and results lie below ``folder``."""
    receiver, sender = _FORK.Pipe(duplex=False)
    child = _FORK.Process(target=_read, args=(case, made, folder, sender))
    child.start()
    sender.close()
    try:
        found = receiver.recv() if receiver.poll(_WAIT) else Outcome("crashed", f"no answer in {_WAIT} s", 0)
    except EOFError:
        found = Outcome("crashed", "the process died, by a signal or by its limit of processor time", 0)
    child.join(10)
    if child.is_alive():
        child.kill()
        child.join()
    return found


def snapshot(folder: Path) -> dict[str, tuple]:
    """Return what lies in a folder, its ``results`` left out: kind, time of change and content of each entry."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.split("/")[0] != "results":
            status = path.lstat()
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            found[name] = (status.st_mode, 0 if path.is_dir() else status.st_mtime_ns, content)
    return found


def _read(case: Case, made: object, folder: Path, sender) -> None:
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + _MAPPED, mapped + _MAPPED))
    resource.setrlimit(resource.RLIMIT_CPU, (_BUSY, _BUSY))
    os.chdir(folder / "work")
    # Threads that earlier tests began are not in a forked child, which would wait for them for ever.
    torch.set_num_threads(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        result = case.read(made, folder / "results")
        kind, text = "read", ""
        if case.handled is not None and not case.handled(result):
            text = f"not as documented: {result!r}"[:2000]
    except InputError as error:
        kind, text = "refused", str(error)
    except BaseException:
        kind, text = "crashed", traceback.format_exc()
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    sender.send(Outcome(kind, text, peak))
    sender.close()
    # Neither pytest's nor a library's clean-up belongs to the child.
    os._exit(0)
