"""A finished run that the processes of a test session share: the first that needs it makes it, the others wait."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_project import TinyProject


def shared_run(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> TinyProject:
    """Return the project that ``make`` leaves in a folder of the session. Not to be changed: tests copy it.

    Args:
        factory: pytest's ``tmp_path_factory``.
        name: The folder's name.
        make: Is given the folder, which does not exist yet; called once in a session.
    """
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(folder)
            done.touch()
    return TinyProject(folder)
