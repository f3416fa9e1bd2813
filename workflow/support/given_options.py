"""What Snakemake's command line holds of options that take effect once: it keeps the last and drops the others."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from snakemake.cli import get_argument_parser

_NAMES = {"config": "--config", "configfile": "--configfile"}


class _Recorder(argparse.Namespace):
    """Keeps every value that an option gets; its own default is none."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _NAMES and value:
            self.__dict__.setdefault("given", []).append((name, list(value)))
        super().__setattr__(name, value)


def given_options(argv: Sequence[str]) -> dict[str, list[list]]:
    """Return each occurrence of ``--config`` and ``--configfile`` with its values, by these names.

    Args:
        argv: ``sys.argv`` of a process; that of another program than Snakemake holds none.
    """
    found: dict[str, list[list]] = {name: [] for name in _NAMES.values()}
    program = Path(argv[0])
    if program.stem == "snakemake" or program.parts[-2:] == ("snakemake", "__main__.py"):
        options, _ = get_argument_parser().parse_known_args(list(argv[1:]), namespace=_Recorder())
        for name, values in getattr(options, "given", []):
            found[_NAMES[name]].append(values)
    return found
