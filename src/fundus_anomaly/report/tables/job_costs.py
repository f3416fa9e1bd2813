"""What a run took of time and memory, by rule."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence

import pandas as pd

from fundus_anomaly.report.number_format import NONE
from fundus_anomaly.report.tables.benchmark_file import read_benchmark

COSTS_NOTE = (
    "Of the rules that take longest: time of all jobs, one after another, and of the longest, and the most memory that "
    "one of them took, on the machines that ran them. Of a job that was interrupted it is the time since it went on."
)
_COLUMNS = ("rule", "jobs", "all jobs", "longest job", "most memory")


def job_costs(benchmarks: Mapping[str, Sequence[str | os.PathLike[str]]]) -> pd.DataFrame:
    """Return a row of text for each rule of which anything is known, in their order.

    Args:
        benchmarks: By rule, the files that Snakemake's ``benchmark`` wrote of its jobs; none need be there.
    """
    rows = []
    for rule, paths in benchmarks.items():
        found = [one for one in map(read_benchmark, paths) if one]
        if not found:
            continue
        seconds, megabytes = pd.DataFrame(found)["s"], pd.DataFrame(found)["max_rss"].max()
        memory = NONE if math.isnan(megabytes) else f"{megabytes:,.0f} MB"
        rows.append((rule, str(len(found)), duration(seconds.sum()), duration(seconds.max()), memory))
    return pd.DataFrame(rows, columns=list(_COLUMNS), dtype="str")


def duration(seconds: float) -> str:
    """Return a time as it is read: ``4.2 s``, ``12 min 5 s`` or ``2 h 20 min``; "–" if it is NaN."""
    if math.isnan(seconds):
        return NONE
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    if round(seconds) < 3600:
        return "{} min {} s".format(*divmod(round(seconds), 60))
    return "{} h {} min".format(*divmod(round(seconds / 60), 60))
