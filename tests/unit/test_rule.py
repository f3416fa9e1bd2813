"""What a rule says stands in its log; a user's mistake is told without a traceback, and never as success."""

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from support import rule

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import logging, sys, warnings
sys.path[:0] = {folders!r}
from fundus_anomaly.errors import InputError, OutputError, Problem
from support.rule import logged
with logged(sys.argv[1]):
    logging.info("Bilder: ü")
    warnings.warn("be warned")
    {body}
print("done")
"""


def run(tmp_path, body):
    log = tmp_path / "new folder" / "rule.log"
    code = SCRIPT.format(folders=[str(ROOT / "workflow"), str(ROOT / "src")], body=body)
    done = subprocess.run([sys.executable, "-c", code, str(log)], capture_output=True, text=True, check=False)
    return done, log.read_text(encoding="utf-8")


def test_messages_and_warnings_go_to_the_log_and_the_terminal(tmp_path):
    done, log = run(tmp_path, "pass")
    assert (done.returncode, done.stdout.strip()) == (0, "done")
    for text in (log, done.stderr):
        assert "Bilder: ü" in text
        assert "be warned" in text


@pytest.mark.parametrize(
    ("body", "told", "traceback"),
    [
        ('raise InputError(Problem("a.png", "0 bytes", "an image", "replace it"))', "a.png: found 0 bytes", False),
        (
            'raise OutputError(Problem("a.h5", "no room", "a disk with room", "free some"))',
            "a.h5: found no room",
            False,
        ),
        ('raise OSError(28, "No space left on device")', "No space left on device", True),
    ],
)
def test_a_failed_rule_says_why_and_is_not_done(tmp_path, body, told, traceback):
    done, log = run(tmp_path, body)
    assert done.returncode == 1
    assert "done" not in done.stdout
    for text in (log, done.stderr):
        assert told in text
        assert ("Traceback" in text) == traceback


def test_a_second_run_starts_its_log_anew(tmp_path):
    run(tmp_path, 'logging.info("the first run")')
    assert "the first run" not in run(tmp_path, "pass")[1]


def test_a_log_that_cannot_be_written_does_not_hide_what_the_rule_says(tmp_path):
    (tmp_path / "new folder").write_text("a file where the folder should be")
    code = SCRIPT.format(
        folders=[str(ROOT / "workflow"), str(ROOT / "src")],
        body='raise InputError(Problem("a.png", "0 bytes", "an image", "fix it"))',
    )
    log = tmp_path / "new folder" / "rule.log"
    done = subprocess.run([sys.executable, "-c", code, str(log)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "a.png: found 0 bytes" in done.stderr
    assert f"the log {log} cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_script_is_passed_what_its_parameters_name(monkeypatch):
    logs, passed = [], {}

    def main(threads, output):
        passed.update(threads=threads, output=output)

    monkeypatch.setattr(rule, "logged", lambda log, job: logs.append(log) or nullcontext())
    rule.run(main, SimpleNamespace(log=["a.log"], output=["a.csv"], threads=3, input=["b"]))
    assert logs == ["a.log"] and passed == {"threads": 3, "output": ["a.csv"]}
