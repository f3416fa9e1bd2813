"""Each module of tests works on a copy of the finished tiny run."""

import tempfile
from pathlib import Path

import pytest
from tiny_project import TinyProject
from warm import WarmPython

# What happens to processes is the matter of these.
WITH_PROCESSES_OF_THEIR_OWN = {"test_faults", "test_kills"}


@pytest.fixture(scope="session")
def warm_python():
    """A Python whose imports are done: half of a tiny run's time goes into them."""
    with tempfile.TemporaryDirectory(prefix="warm") as folder, WarmPython(Path(folder)) as warm:
        yield str(warm.python)


@pytest.fixture(scope="module", autouse=True)
def quick_start(request):
    """Have a module's runs start as forks of one process."""
    if request.module.__name__ in WITH_PROCESSES_OF_THEIR_OWN:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TinyProject, "python", request.getfixturevalue("warm_python"))
        yield


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory) -> TinyProject:
    """A copy of the finished run for one test module."""
    return finished.copy(tmp_path_factory.mktemp("copy"))
