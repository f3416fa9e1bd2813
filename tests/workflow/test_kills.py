"""A killed run that is started again gives, bit by bit, what an undisturbed run gives."""

import os
import signal
import subprocess
import time

import h5py
import pytest
from interruption import interrupted, processes_in
from tiny_project import h5_content

pytestmark = pytest.mark.workflow

RESAD = "backbone~efficientnet_lite0/pool~1/region~2/spatial~matmul/scale~inv_sqrt"
FEATURES = "features/backbone~efficientnet_lite0/train.h5"
CORESET = f"bank/{RESAD}/normals~1.0/coreset~0.1/coreset.h5"
TARGET = f"results/phantom/{CORESET}"


def log_of(project):
    return (project.results / "logs" / "coreset" / RESAD / "normals~1.0" / "coreset~0.1.log").read_text()


def test_features_and_coreset_killed_amid_their_work(finished, project, tmp_path):
    features, coreset = project.results / FEATURES, project.results / CORESET
    checkpoint = coreset.with_name("coreset.checkpoint.h5")
    # What exists is not asked for its own inputs: all three stages are to be made.
    for file in (features, project.results / "resc" / RESAD / "train.h5", coreset):
        file.unlink()

    killed = project.snakemake(TARGET, **interrupted(tmp_path, "features", "kill"))
    assert killed.returncode != 0
    assert "features" in killed.stdout
    assert not features.exists()

    killed = project.snakemake(TARGET, **interrupted(tmp_path, "coreset", "kill"))
    assert killed.returncode != 0
    assert h5_content(features) == h5_content(finished.results / FEATURES)
    assert not coreset.exists()
    with h5py.File(checkpoint) as file:
        chosen = len(file["index"])
    assert 0 < chosen < len(h5py.File(finished.results / CORESET)["index"])

    project.run(TARGET)
    assert f"{chosen} of" in log_of(project)
    assert "resumes from" in log_of(project)
    assert h5_content(coreset) == h5_content(finished.results / CORESET)
    assert not checkpoint.exists()


def test_a_run_killed_with_all_its_processes_goes_on_after_unlocking(finished, project, tmp_path):
    coreset = project.results / CORESET
    coreset.unlink(missing_ok=True)
    run = subprocess.Popen(
        project.command(TARGET),
        cwd=project.folder,
        env=os.environ | interrupted(tmp_path, "coreset", "hang"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 300
        while not (tmp_path / "mark").exists():
            assert run.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    while processes_in(project.folder):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert not coreset.exists()

    locked = project.snakemake(TARGET)
    assert locked.returncode != 0
    assert "--unlock" in locked.stdout
    project.run("--unlock")
    project.run(TARGET)
    assert "resumes from" in log_of(project)
    assert h5_content(coreset) == h5_content(finished.results / CORESET)
