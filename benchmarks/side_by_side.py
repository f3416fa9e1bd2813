"""Ours and its peers on one hot path: turn by turn in one process, answers compared, peak memory each in its own."""

from __future__ import annotations

import argparse
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Path(NamedTuple):
    """One hot path at one size.

    Attributes:
        title: What is measured, with its size.
        ways: Functions without arguments, ours first.
        agree: Says how far an answer is from ours, for the table.
    """

    title: str
    ways: Mapping[str, Callable[[], Any]]
    agree: Callable[[Any, Any], str]


def main(prepare: Callable[[float], Path], description: str) -> None:
    """Measure, and print a table in Markdown.

    Args:
        prepare: Makes the data, of a size that is multiplied by its argument, and returns the path.
        description: Of the script.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--size", type=float, default=1.0, help="of the data, as a share of the default")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--alone", help="run this way once and print the peak memory in MB")
    given = parser.parse_args()
    path = prepare(given.size)
    if given.alone is not None:
        if given.alone in path.ways:
            path.ways[given.alone]()
        # Of this program alone: what getrusage tells counts the parent from before it began.
        status = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
        print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
        return
    seconds, answers = _measured(path, given.repeats)
    ours = next(iter(path.ways))
    # What the data and the imports take is not the way's.
    data = _peak("", given.size)
    print(f"### {path.title}\n")
    print("| | median, s | spread, s | ours is faster by | peak memory above the data's, MB | answers |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in path.ways:
        taken = seconds[name]
        ratio = statistics.median(taken) / statistics.median(seconds[ours])
        spread = f"{min(taken):.3f} to {max(taken):.3f}"
        said = "" if name == ours else path.agree(answers[ours], answers[name])
        memory = _peak(name, given.size) - data
        print(f"| {name} | {statistics.median(taken):.3f} | {spread} | {ratio:.2f} | {memory:.0f} | {said} |")


def _measured(path: Path, repeats: int) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Return the seconds and the answer of each way; the ways take turns, since others may use the machine."""
    seconds: dict[str, list[float]] = {name: [] for name in path.ways}
    answers = {name: path.ways[name]() for name in seconds}
    for _ in range(repeats):
        for name, taken in seconds.items():
            start = time.perf_counter()
            path.ways[name]()
            taken.append(time.perf_counter() - start)
    return seconds, answers


def _peak(name: str, size: float) -> float:
    command = [sys.executable, sys.argv[0], "--alone", name, "--size", str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])
