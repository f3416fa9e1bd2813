"""Failed rules and their logs are named, with the end of what nobody has seen."""

import logging

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from support.failed_jobs import SHOWN_LINES, FailedJobs


@pytest.fixture
def told():
    """A logger with the handler, and what it prints."""
    lines = []

    class Printed(logging.Handler):
        def emit(self, record):
            if not hasattr(record, "event"):
                lines.append(record.getMessage())

    logger = logging.Logger("snakemake")
    logger.addHandler(FailedJobs(logger))
    logger.addHandler(Printed())
    return logger, lines


def job(rule, log, output, message=None, indent=False):
    return {"rule_name": rule, "rule_msg": message, "log": [str(log)], "output": [str(output)], "indent": indent}


def test_a_local_job_is_named_with_its_log_which_was_on_the_terminal(told, tmp_path):
    logger, lines = told
    log = tmp_path / "coreset.log"
    log.write_text("it failed\n")
    logger.error("", extra={"event": LogEvent.JOB_ERROR, **job("coreset", log, tmp_path / "coreset.h5")})
    assert lines == [f"Error in rule coreset:\n    log: {log}"]


def test_a_job_elsewhere_is_named_with_the_message_and_the_end_of_its_log(told, tmp_path):
    logger, lines = told
    log = tmp_path / "coreset.log"
    log.write_text("".join(f"line {number}\n    input: many\n" for number in range(100)))
    failed = job("coreset", log, tmp_path / "coreset.h5", "job 7 FAILED")
    logger.error("", extra={"event": LogEvent.JOB_ERROR, **failed})
    (text,) = lines
    assert "message: job 7 FAILED" in text
    assert text.splitlines()[3:] == [f"        line {number}" for number in range(100 - SHOWN_LINES, 100)]


def test_of_a_group_only_the_jobs_that_are_not_done_are_named(told, tmp_path):
    logger, lines = told
    done, cluster = tmp_path / "done.h5", tmp_path / "7.log"
    done.write_bytes(b"")
    cluster.write_text("slurmstepd: error: *** JOB 7 CANCELLED\n")
    jobs = [job("resc", tmp_path / "resc.log", done), job("coreset", tmp_path / "coreset.log", tmp_path / "no.h5")]
    group = {"groupid": "variant", "job_error_info": jobs, "aux_logs": [str(cluster)]}
    logger.error("", extra={"event": LogEvent.GROUP_ERROR, **group})
    for one in jobs:
        logger.error("", extra={"event": LogEvent.JOB_ERROR, **one, "indent": True})
    (text,) = lines
    assert text.startswith("Error in group variant:")
    assert "JOB 7 CANCELLED" in text
    assert f"Error in rule coreset:\n        log: {tmp_path / 'coreset.log'}" in text
    assert "resc" not in text
