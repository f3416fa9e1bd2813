"""One finished tiny run for all tests of the workflow, on this machine and through a cluster."""

import fcntl
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "workflow"))

from tiny_project import TinyProject, without_network

# Writes the network interfaces that the run has, for test_no_network.py.
RECORD_INTERFACES = ("sh", "-c", 'cat /proc/net/dev > interfaces.txt; exec "$@"', "sh")


@pytest.fixture(autouse=True)
def exact_small_numbers():
    """Undo what `device_for` of an earlier test asked of torch: Hypothesis needs the numbers next to zero."""
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the tests of the cluster on one worker, which has one SLURM for them; other files go where there is room."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "tests/cluster" if file.startswith("tests/cluster/") else file

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> TinyProject:
    """A project whose tiny run is finished, without a network where that can be. Not to be changed: tests copy it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, done = shared / "finished", shared / "finished.done"
    # The first process that needs the run makes it; the others wait.
    with (shared / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return TinyProject(folder)
        project = TinyProject.checkout(folder)
        project.python = sys.executable
        project.run(prefix=(*without_network(), *RECORD_INTERFACES))
        done.touch()
        return project
