"""Scripts of jobs find the workflow's own library before any other, and what the user has set after it."""

import os
from pathlib import Path

import pytest

from support.python_path import pass_on


@pytest.mark.parametrize(("before", "after"), [("", "a:b"), ("x:y", "a:b:x:y"), ("x:a", "a:b:x"), ("a:b", "a:b")])
def test_folders_come_first_and_once(monkeypatch, before, after):
    monkeypatch.setenv("PYTHONPATH", before.replace(":", os.pathsep))
    pass_on([Path("a"), Path("b")])
    assert os.environ["PYTHONPATH"].split(os.pathsep) == after.split(":")
