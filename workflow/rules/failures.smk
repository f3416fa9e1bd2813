# What Snakemake does not tell, or not in words: folders that cannot be written, and jobs that fail in a quiet run.
#
# Where a run is quiet about its rules, Snakemake is silent about those that fail, too: neither rule nor log are named. Here
# both are, and the end of what a job on a cluster said, which nobody has seen yet.

import logging

from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent

from fundus_anomaly.errors import OutputError
from fundus_anomaly.unwritable import require_writable

SHOWN_LINES, SHOWN_WIDTH = 30, 300


class FailedJobs(logging.Handler):
    """Names the rules and logs of jobs that failed, as Snakemake itself would."""

    def emit(self, record):
        event = getattr(record, "event", None)
        if event == LogEvent.GROUP_ERROR:
            logger.error("\n".join(group_error(record.groupid, record.job_error_info, record.aux_logs)))
        elif event == LogEvent.JOB_ERROR and not record.indent:
            logger.error("\n".join(job_error(vars(record), seen=not record.rule_msg)))


def group_error(group, jobs, logs):
    """Yield the lines about a group of jobs: the end of the cluster's log, then each job that is not done."""
    yield f"Error in group {group}:"
    for log in logs:
        yield f"    log of the group's job: {log}"
        yield from end_of(log)
    for job in jobs:
        if not all(Path(output).exists() for output in job["output"]):
            yield from (f"    {line}" for line in job_error(job, seen=False))


def job_error(job, seen):
    """Yield the lines about a job, with the end of its log unless that was seen on the terminal."""
    yield f"Error in rule {job['rule_name']}:"
    if job["rule_msg"]:
        yield f"    message: {job['rule_msg']}"
    for log in job["log"]:
        yield f"    log: {log}"
        yield from [] if seen else end_of(log)


def end_of(log):
    """Yield the last lines of a log, without Snakemake's blocks about jobs, which are indented and as long as their inputs."""
    if Path(log).is_file():
        lines = Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
        said = [line[:SHOWN_WIDTH] for line in lines if line.strip() and not line.startswith("    ")]
        yield from (f"        {line}" for line in said[-SHOWN_LINES:])


if workflow.is_main_process and Quietness.RULES in workflow.output_settings.quiet:
    logger.addHandler(FailedJobs(logging.ERROR))


# Snakemake removes old outputs before a job. Where it may not, it ends in a traceback, and all other jobs with it.
onstart:
    try:
        require_writable(
            (job.rule.name, Path(str(file)))
            for job in workflow.dag.needrun_jobs()
            for file in [*job.output, *job.log, *([job.benchmark] if job.benchmark else [])]
        )
    except OutputError as error:
        raise WorkflowError(str(error))
