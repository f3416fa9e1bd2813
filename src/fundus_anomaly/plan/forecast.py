"""What a run will take: disk, memory and time of each stage, and whether the disk has room for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fundus_anomaly.errors import Problem, raise_if_any

_GIGABYTE = 1e9
# What is not forecast (tables, figures, logs), and what a disk should not lack.
_SPARE = 200e6


class Job(NamedTuple):
    """What one job will take.

    Attributes:
        stage: Name of its rule.
        stays: Bytes that its outputs take and keep.
        passing: Bytes of outputs that are removed once nothing needs them.
        alone: Whether ``passing`` of the stage's next job comes only when this one's is gone.
        scratch: Bytes that it takes while it works.
        memory: MB that it asks for.
        seconds: Seconds of one core.
    """

    stage: str
    stays: float
    passing: float
    alone: bool
    scratch: float
    memory: float
    seconds: float


def disk_needed(jobs: Sequence[Job]) -> float:
    """Return the most bytes that a run takes at one time, if its jobs follow each other on one machine.

    Args:
        jobs: All jobs of the run.
    """
    at_once = sum(job.stays + (0 if job.alone else job.passing) for job in jobs)
    in_turn = max((job.passing for job in jobs if job.alone), default=0)
    return at_once + in_turn + max((job.scratch for job in jobs), default=0)


def forecast(jobs: Sequence[Job]) -> str:
    """Return a table of the stages that take disk or time worth a line, in the order in which they are planned.

    Args:
        jobs: All jobs of the run.
    """
    lines = [f"{'stage':<16} {'jobs':>5} {'disk, GB':>9} {'passing':>8} {'memory, MB':>11} {'core minutes':>13}"]
    for stage in dict.fromkeys(job.stage for job in jobs):
        own = [job for job in jobs if job.stage == stage]
        stays, minutes = sum(job.stays for job in own) / _GIGABYTE, sum(job.seconds for job in own) / 60
        passing = max(max(job.passing for job in own), max(job.scratch for job in own)) / _GIGABYTE
        if max(stays, passing) < 0.0005 and minutes < 0.5:
            continue
        memory = max(job.memory for job in own)
        lines.append(f"{stage:<16} {len(own):>5} {stays:>9.3f} {passing:>8.3f} {memory:>11.0f} {minutes:>13.1f}")
    if len(lines) == 1:
        return ""
    total = f"at most {disk_needed(jobs) / _GIGABYTE:.2f} GB of disk at one time, one job after another"
    return "\n".join(["Forecast (upper bounds; without a GPU):", *lines, total])


def require_disk(jobs: Sequence[Job], free: float, folder: str, freed: float, kept: Sequence[str]) -> None:
    """Refuse a run that will not fit on the disk.

    Args:
        jobs: All jobs of the run.
        free: Bytes that are free.
        folder: Where, for the message.
        freed: Bytes of outputs that the run makes anew.
        kept: The configuration's ``keep``.

    Raises:
        InputError: If it does not fit.
    """
    needed, free = disk_needed(jobs), free + freed
    if needed == 0 or needed + _SPARE <= free:
        return
    remedy = "free space, or start Snakemake in a folder on a larger disk"
    if kept:
        remedy = f"set keep to [] in the configuration (it keeps {' and '.join(kept)}), {remedy}"
    found = f"{free / _GIGABYTE:.1f} GB free"
    allowed = f"{(needed + _SPARE) / _GIGABYTE:.1f} GB, as the forecast of snakemake -n says"
    raise_if_any([Problem(f"disk of {folder}", found, allowed, remedy)])
