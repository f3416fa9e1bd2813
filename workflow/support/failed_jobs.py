"""Names the rules and logs of jobs that failed where a run is quiet about its rules: Snakemake then names neither."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from snakemake_interface_logger_plugins.common import LogEvent

SHOWN_LINES, SHOWN_WIDTH = 30, 300


class FailedJobs(logging.Handler):
    """Says of each failed job what Snakemake would, and how the log of one that ran on a cluster ends.

    Args:
        logger: Snakemake's logger, which tells of the failures and prints what is said of them.
    """

    def __init__(self, logger: logging.Logger):
        super().__init__(logging.ERROR)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Say what is to be said of a failed group or of a failed job that is in none."""
        event = getattr(record, "event", None)
        try:
            if event == LogEvent.GROUP_ERROR:
                self._logger.error("\n".join(group_error(record.groupid, record.job_error_info, record.aux_logs)))
            elif event == LogEvent.JOB_ERROR and not record.indent:
                self._logger.error("\n".join(job_error(vars(record), seen=not record.rule_msg)))
        except Exception:  # a log that cannot be read must not end the run in another way
            self.handleError(record)


def group_error(group: str, jobs: Iterable[Mapping], logs: Iterable[str]) -> Iterator[str]:
    """Yield the lines about a group of jobs: the end of the cluster's log, then each job that is not done."""
    yield f"Error in group {group}:"
    for log in logs:
        yield f"    log of the group's job: {log}"
        yield from end_of(log)
    for job in jobs:
        if not all(Path(output).exists() for output in job["output"]):
            yield from (f"    {line}" for line in job_error(job, seen=False))


def job_error(job: Mapping, *, seen: bool) -> Iterator[str]:
    """Yield the lines about a job, with the end of its log unless that was seen on the terminal."""
    yield f"Error in rule {job['rule_name']}:"
    if job["rule_msg"]:
        yield f"    message: {job['rule_msg']}"
    for log in job["log"]:
        yield f"    log: {log}"
        yield from [] if seen else end_of(log)


def end_of(log: str) -> Iterator[str]:
    """Yield a log's last lines but for Snakemake's blocks about jobs, indented and as long as their inputs."""
    if Path(log).is_file():
        lines = Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
        said = [line[:SHOWN_WIDTH] for line in lines if line.strip() and not line.startswith("    ")]
        yield from (f"        {line}" for line in said[-SHOWN_LINES:])
