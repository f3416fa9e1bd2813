"""One finished tiny run for all tests of the workflow; each test module works on copies of it."""

import pytest
from tiny_project import TinyProject, without_network

# Writes the network interfaces that the run has, for test_no_network.py.
RECORD_INTERFACES = ("sh", "-c", 'cat /proc/net/dev > interfaces.txt; exec "$@"', "sh")


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> TinyProject:
    """A project whose tiny run is finished, without a network where that can be. Not to be changed: tests copy it."""
    project = TinyProject.checkout(tmp_path_factory.mktemp("finished"))
    project.run(prefix=(*without_network(), *RECORD_INTERFACES))
    return project


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory) -> TinyProject:
    """A copy of the finished run for one test module."""
    return finished.copy(tmp_path_factory.mktemp("copy"))
