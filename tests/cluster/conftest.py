"""A real SLURM for the tests of this folder, and the tiny run through it; skipped where it cannot be had."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from one_node_slurm import OneNodeSlurm, StartError, missing_programs
from slurm_project import SlurmProject
from warm import WarmPython

# As many threads as a job was given, and none that spins while it waits.
CALM = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def require_slurm() -> None:
    """Install SLURM from Debian's packages where it is missing and may be installed; else skip, saying why."""
    if not missing_programs():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip(
            f"no SLURM here ({', '.join(missing_programs())}), and none can be installed without root and apt-get"
        )
    try:
        done = subprocess.run(
            ["sh", str(Path(__file__).with_name("install.sh"))], capture_output=True, text=True, timeout=300
        )
    except subprocess.TimeoutExpired:
        pytest.skip("SLURM could not be installed: apt-get took more than five minutes")
    if done.returncode or missing_programs():
        pytest.skip(f"SLURM could not be installed from Debian's packages: {done.stderr.strip()[-300:]}")


@pytest.fixture(scope="session")
def slurm(tmp_path_factory) -> OneNodeSlurm:
    """A running SLURM."""
    pytest.importorskip("snakemake_executor_plugin_slurm", reason="snakemake-executor-plugin-slurm is not installed")
    if os.geteuid() != 0:
        pytest.skip("SLURM's daemons run as root here")
    require_slurm()
    slurm = OneNodeSlurm(tmp_path_factory.mktemp("slurm") / "one")
    try:
        slurm.start(CALM)
    except StartError as error:
        slurm.stop()
        pytest.skip(f"SLURM does not start on this machine: {error}")
    try:
        yield slurm
    finally:
        slurm.stop()


@pytest.fixture(scope="session")
def requested(slurm, tmp_path_factory) -> list[dict]:
    """What the rules of the whole tiny run ask for."""
    return SlurmProject.fresh(tmp_path_factory.mktemp("planned"), slurm).requests()


@pytest.fixture(scope="session")
def run_through_slurm(slurm, tmp_path_factory) -> SlurmProject:
    """The whole default workflow, run through SLURM. Not to be changed: tests copy it.

    Each of its jobs starts Python three times. Here these are forks of one process, which saves half of the time.
    """
    project = SlurmProject.fresh(tmp_path_factory.mktemp("through_slurm"), slurm)
    with tempfile.TemporaryDirectory(prefix="warm") as folder, WarmPython(Path(folder)) as warm:
        project.python = str(warm.python)
        project.run()
    project.python = sys.executable
    return project
