"""One finished tiny run for all tests of the workflow and of its faults."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "workflow"))

from tiny_project import TinyProject


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> TinyProject:
    """A project whose tiny run is finished. Not to be changed: tests copy it."""
    project = TinyProject.checkout(tmp_path_factory.mktemp("finished"))
    project.run()
    return project
