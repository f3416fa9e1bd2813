"""The folder of a run's results: what may be written there, and whose it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.whole import write_text

# What a folder of results says of the data that it was made from.
RECORD = "experiment.json"


def require_no_data_root(dataset: str, data_root: str) -> None:
    """Refuse a folder of data where the workflow draws the data itself: nothing would be read from there.

    Raises:
        InputError: If the dataset is the phantom and a folder is named.
    """
    if dataset == "phantom" and data_root:
        remedy = (
            "say what these photographs are: --configfile config/images.yaml for your own, config/idrid.yaml for "
            "IDRiD, and so on; or leave data_root empty"
        )
        allowed = "no folder with dataset 'phantom', whose images the workflow draws"
        raise InputError(Problem("config, data_root", repr(data_root), allowed, remedy))


def require_below(results: str, files: Iterable[tuple[str, str]]) -> None:
    """Refuse outputs that would be written outside of the run's folder, whatever the configuration.

    Args:
        results: The run's folder, relative to the working folder.
        files: For each output, log and benchmark of every rule: the rule, and its path or pattern.

    Raises:
        InputError: With one such file of each rule.
    """
    found: dict[str, str] = {}
    for rule, file in files:
        if not file.startswith(f"{results}/") or ".." in Path(file).parts:
            found.setdefault(rule, file)
    raise_if_any(
        Problem(
            f"rule {rule}",
            f"the output {file}",
            f"outputs below {results} alone",
            "set data_root and experiment as the comments in config.yaml say",
        )
        for rule, file in found.items()
    )


def require_same_data(results: Path, dataset: str, data_root: str) -> None:
    """Refuse to plan a run over results that were made from another dataset, or from another folder.

    Raises:
        InputError: If the folder says so; it names both and what to do.
    """
    try:
        known = json.loads((results / RECORD).read_text(encoding="utf-8"))
        before = str(known["dataset"]), str(known["data_root"])
    except (OSError, ValueError, TypeError, KeyError):
        return
    if before[0] == dataset and (before[1] == data_root or os.path.realpath(before[1]) == os.path.realpath(data_root)):
        return
    remedy = (
        "name another experiment (--config experiment=NAME gives it a folder of its own below results/); or, to give "
        f"these results up, delete {results}; or, if it is the same data in another place, delete {results / RECORD}"
    )
    found = f"results of dataset {before[0]!r} from {before[1]!r}"
    raise InputError(Problem(str(results), found, f"those of this run: dataset {dataset!r} from {data_root!r}", remedy))


def record_data(results: Path, dataset: str, data_root: str) -> None:
    """Write which data the results are made from, see :func:`require_same_data`."""
    text = json.dumps({"dataset": dataset, "data_root": data_root}, ensure_ascii=False, indent=1)
    file = results / RECORD
    if not file.exists() or file.read_bytes() != text.encode():
        write_text(file, text)


def require_own(jobs: Iterable[tuple[Iterable[str], Callable[[str], bool]]]) -> None:
    """Refuse to overwrite files that the workflow did not make.

    Args:
        jobs: For each job that is to run its outputs, and whether an existing file is known to be one that was made.

    Raises:
        InputError: With every file that stands in the way.
    """
    raise_if_any(
        Problem(
            file,
            "a file that this workflow has no record of making, where it would write one of its own",
            "nothing, or an output of the workflow",
            "move the file away or delete it, or name another experiment, and run the same command again",
        )
        for files, made_here in jobs
        for file in files
        if os.path.lexists(file) and not made_here(file)
    )
