"""One finished tiny run for all tests of the workflow, on this machine and through a cluster."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

# Else every process that a test starts would compile what it imports of the project.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Several tests share the cores: a thread that waits for others leaves its core to them. Before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).parent / "workflow"))

from shared_run import shared_run
from tiny_project import TinyProject, without_network
from warm import WarmPython


@pytest.fixture(autouse=True)
def torch_as_tests_need_it():
    """Undo what `device_for` of an earlier test asked of torch, and leave the other cores to the other workers.

    Hypothesis needs the numbers next to zero. Small networks take longer on several threads, which wait for each other.
    """
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)
        torch.set_num_threads(1)


# Files, and folders of them, that take longest: they come first, so that short ones are left to even out the end. The
# first five need no finished run, and fill the minutes in which another worker makes it.
LONGEST = (
    "tests/workflow/test_eyeq.py",
    "tests/workflow/test_mosmed.py",
    "tests/workflow/test_bare_snakemake.py",
    "tests/workflow/test_configuration_files.py",
    "tests/workflow/test_targets.py",
    "tests/workflow/test_staleness.py",
    "tests/cluster/",
    "tests/faults/",
    "tests/workflow/test_adding_a_method.py",
    "tests/workflow/test_reruns.py",
    "tests/workflow/",
)
# Files whose tests stand alone, on a run that all workers share: each goes where there is room.
APART = {"tests/workflow/test_staleness.py"}


def pytest_collection_modifyitems(items):
    """Put what takes longest first, but before it one test that has the shared run made."""

    def place(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(LONGEST) if item.nodeid.startswith(name)), len(LONGEST))

    items.sort(key=place)
    for makes_the_run in [item for item in items if item.nodeid.partition("::")[0] in APART][:1]:
        items.remove(makes_the_run)
        items.insert(0, makes_the_run)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the tests of a file on one worker, and those of the cluster, which has one SLURM, in their order."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "tests/cluster" if file.startswith("tests/cluster/") else nodeid if file in APART else file

    # It would put the files with most tests first, which are the quickest.
    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> TinyProject:
    """A project whose tiny run is finished, without a network where that can be. Not to be changed: tests copy it."""

    def make(folder: Path) -> None:
        project = TinyProject.checkout(folder)
        # Writes the network interfaces that the run and all of its jobs have, for test_no_network.py.
        record = ("sh", "-c", f'cat /proc/net/dev > "{folder}/interfaces.txt"; exec "$@"', "sh")
        with (
            tempfile.TemporaryDirectory(prefix="warm") as place,
            WarmPython(Path(place), (*without_network(), *record)) as warm,
        ):
            project.python = str(warm.python)
            project.run()

    return shared_run(tmp_path_factory, "finished", make)
