"""Each test module of the workflow works on a copy of the finished run."""

import pytest
from tiny_project import TinyProject


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory) -> TinyProject:
    """A copy of the finished run for one test module."""
    return finished.copy(tmp_path_factory.mktemp("copy"))
