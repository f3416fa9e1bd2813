"""Faults of a cluster: a job killed, a job short of memory, a node drained or lost, and Snakemake itself killed."""

import os
import signal
import subprocess
import time

import pytest
from interruption import interrupted
from tiny_project import h5_content

pytestmark = pytest.mark.workflow

RESAD = "backbone~efficientnet_lite0/pool~1/region~2/spatial~matmul/scale~inv_sqrt/normals~1.0/coreset~0.1"
CORESET = f"bank/{RESAD}/coreset.h5"
TARGET = f"results/phantom/{CORESET}"
LOG = f"results/phantom/logs/coreset/{RESAD}.log"
PATIENCE = 300  # seconds


@pytest.fixture(scope="module")
def project(run_through_slurm, tmp_path_factory):
    """A copy of the finished run for this module."""
    return run_through_slurm.copy(tmp_path_factory.mktemp("copy"))


@pytest.fixture(autouse=True)
def without_coreset(project):
    """The coreset is to be made: one short job, whose checkpoints a repeated one goes on from."""
    (project.results / CORESET).unlink(missing_ok=True)


@pytest.fixture
def node(slurm):
    """The node, which is in use again afterwards."""
    yield slurm
    slurm.restore_node()


class Started:
    """A run of Snakemake that goes on in the background, and the jobs that it submits."""

    def __init__(self, project, *arguments: str, **environment: str):
        self.slurm = project.slurm
        self._before = {job["JobId"] for job in self.slurm.jobs()}
        self.process = subprocess.Popen(
            project.command(TARGET, *arguments),
            cwd=project.folder,
            env=os.environ | project.slurm.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def jobs(self) -> list[dict[str, str]]:
        """Return the jobs submitted since the start."""
        return [job for job in self.slurm.jobs() if job["JobId"] not in self._before]

    def until(self, condition) -> None:
        """Wait for a condition while the run goes on."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, self.process.stdout.read()
            assert time.monotonic() < end, self.slurm.jobs()
            time.sleep(0.2)

    def job_is(self, state: str) -> bool:
        """Tell whether the last submitted job is in a state."""
        return [job["JobState"] for job in self.jobs()][-1:] == [state]

    def output(self) -> str:
        """Wait for the end of the run and return what it said."""
        return self.process.communicate(timeout=PATIENCE)[0]

    def kill(self) -> None:
        """End the run as a crash of the login node does; its jobs are SLURM's and stay."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def start(project):
    """A function that starts a run, which ends with the test at the latest."""
    started = []

    def start(*arguments: str, **environment: str) -> Started:
        started.append(Started(project, *arguments, **environment))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        for job in one.jobs():
            if job["JobState"] in ("PENDING", "RUNNING"):
                one.slurm.command("scancel", job["JobId"])


def log_of(project) -> str:
    return (project.folder / LOG).read_text()


def same_as_before(project, run_through_slurm) -> bool:
    return h5_content(project.results / CORESET) == h5_content(run_through_slurm.results / CORESET)


def test_a_cancelled_job_fails_the_run_with_the_rules_log_named_and_the_same_command_completes_it(
    project, run_through_slurm, start, tmp_path
):
    run = start("--retries", "0", **interrupted(tmp_path, "coreset", "hang"))
    run.until((tmp_path / "mark").exists)
    (job,) = run.jobs()
    run.slurm.command("scancel", job["JobId"])
    output = run.output()
    assert run.process.returncode != 0
    assert LOG in output
    assert "CANCELLED" in output
    assert run.job_is("CANCELLED")
    assert not (project.results / CORESET).exists()

    project.run(TARGET, "--retries", "0")
    assert "resumes from" in log_of(project)
    assert same_as_before(project, run_through_slurm)


# Memory is not enforced here, which takes cgroups: the kernel's kill of a job is played by a SIGKILL of its script.
def test_a_job_killed_for_memory_succeeds_with_a_larger_request(project, run_through_slurm, start, tmp_path):
    run = start(**interrupted(tmp_path, "coreset", "kill once"))
    output = run.output()
    assert run.process.returncode == 0, output
    assert "Trying to restart" in output
    first, second = run.jobs()
    assert (first["JobState"], second["JobState"]) == ("FAILED", "COMPLETED")
    memory = [int(job["MinMemoryNode"].removesuffix("M")) for job in (first, second)]
    assert memory[1] == 2 * memory[0]
    assert "resumes from" in log_of(project)
    assert same_as_before(project, run_through_slurm)


def test_jobs_wait_for_a_drained_node_and_run_when_it_is_resumed(project, run_through_slurm, node, start):
    node.set_node("drain")
    run = start()
    run.until(lambda: run.job_is("PENDING"))
    time.sleep(3)
    assert run.job_is("PENDING")
    assert node.node_state() == "DRAINED"
    node.set_node("resume")
    output = run.output()
    assert run.process.returncode == 0, output
    assert [job["JobState"] for job in run.jobs()] == ["COMPLETED"]
    assert same_as_before(project, run_through_slurm)


def test_a_job_whose_node_is_lost_is_put_back_into_the_queue_by_slurm(
    project, run_through_slurm, node, start, tmp_path
):
    run = start("--retries", "0", **interrupted(tmp_path, "coreset", "hang"))
    run.until((tmp_path / "mark").exists)
    node.lose_node()
    run.until(lambda: run.job_is("PENDING"))
    node.bring_node_back()
    # SLURM lets a job that it has put back wait for two minutes.
    node.command("scontrol", "update", f"JobId={run.jobs()[0]['JobId']}", "StartTime=now")
    output = run.output()
    assert run.process.returncode == 0, output
    (job,) = run.jobs()
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "1")
    assert "resumes from" in log_of(project)
    assert same_as_before(project, run_through_slurm)


def test_a_killed_snakemake_goes_on_once_its_jobs_are_cancelled(project, run_through_slurm, start, tmp_path):
    run = start(**interrupted(tmp_path, "coreset", "hang"))
    run.until((tmp_path / "mark").exists)
    run.kill()
    (job,) = run.jobs()
    assert job["JobState"] == "RUNNING"

    locked = project.snakemake(TARGET)
    assert locked.returncode != 0
    assert "--unlock" in locked.stdout
    run.slurm.command("scancel", "--name", job["JobName"])
    while not run.job_is("CANCELLED"):
        time.sleep(0.2)
    project.run("--unlock")
    project.run(TARGET)
    assert "resumes from" in log_of(project)
    assert same_as_before(project, run_through_slurm)
