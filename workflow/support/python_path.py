"""Where Python finds the library and the workflow's own modules: in this process, and in the scripts of its jobs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def pass_on(folders: Iterable[Path]) -> None:
    """Put folders first in ``PYTHONPATH``, which the processes of jobs inherit; what a user has set there stays."""
    inherited = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([*map(str, folders), *inherited]))
