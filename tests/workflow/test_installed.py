"""`pip install .` gives the library alone, typed, and a detector can be loaded with it anywhere."""

import shutil
import subprocess
import sys
from importlib.metadata import distributions

import pytest
from packaging.requirements import Requirement
from tiny_project import REPOSITORY

pytestmark = pytest.mark.workflow

SOURCE = """
import fundus_anomaly, sys
from pathlib import Path
site, detector, photograph = map(Path, sys.argv[1:])
assert Path(fundus_anomaly.__file__).is_relative_to(site), fundus_anomaly.__file__
found = fundus_anomaly.load(detector).score(photograph)
print(found.score, found.map.shape)
assert "snakemake" not in sys.modules and "support" not in sys.modules
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The library installed into an empty folder, from a copy: building leaves files beside the sources."""
    folder = tmp_path_factory.mktemp("installed")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (folder / "source").mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, folder / "source" / name)
    shutil.copytree(REPOSITORY / "src", folder / "source" / "src", ignore=shutil.ignore_patterns("__pycache__"))
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *offline, "--target", folder / "site", folder / "source"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def test_the_package_is_whole_and_typed(site):
    package, library = site / "fundus_anomaly", REPOSITORY / "src" / "fundus_anomaly"
    wanted = {file.relative_to(library) for file in library.rglob("*") if file.suffix in {".py", ".csv", ".typed"}}
    assert {file for file in wanted if not (package / file).is_file()} == set()
    assert {entry.name for entry in site.iterdir() if not entry.name.endswith(".dist-info")} == {
        "fundus_anomaly",
        "bin",
    }
    assert [command.name for command in (site / "bin").iterdir()] == ["fundus-anomaly"]


def test_snakemake_is_brought_by_an_extra_alone(site):
    (found,) = distributions(path=[str(site)])
    core = {one.name for one in map(Requirement, found.requires) if not one.marker or "extra" not in str(one.marker)}
    assert {"torch", "numpy"} <= core
    assert not {"snakemake", "pytest"} & core
    assert {"workflow", "cluster", "dev"} <= set(found.metadata.get_all("Provides-Extra"))


def test_a_detector_is_loaded_and_scores_a_photograph_there(site, project, tmp_path):
    project.run("detector")
    photograph = next((project.results / "data" / "test").glob("*.jpg"))
    done = subprocess.run(
        [sys.executable, "-c", SOURCE, site, project.results / "detector.h5", photograph],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "(96, 96)" in done.stdout
