"""The whole default workflow through SLURM: what was asked for and what ran, as SLURM itself tells it."""

from datetime import datetime
from pathlib import Path

import pytest
import torch
from tiny_project import h5_content

pytestmark = pytest.mark.workflow

GPU_GROUPS = ("features", "variant", "training")


@pytest.fixture(scope="module")
def jobs(slurm, run_through_slurm):
    """Every job of the run, in the order of submission."""
    return [job for job in slurm.jobs() if job["WorkDir"] == str(run_through_slurm.folder)]


def group_of(job: dict[str, str]) -> str:
    """Return the group of the profile that a job is of: the plugin names it in the job's comment."""
    return job["Comment"].removeprefix("rule_").split("_")[0]


def time_of(job: dict[str, str], event: str) -> datetime:
    return datetime.fromisoformat(job[f"{event}Time"])


def overlap(one: dict[str, str], other: dict[str, str]) -> bool:
    """Tell whether two jobs ran at the same time for a second or more."""
    return max(time_of(one, "Start"), time_of(other, "Start")) < min(time_of(one, "End"), time_of(other, "End"))


def minutes(limit: str) -> int:
    """Return the minutes of SLURM's ``[days-]hours:minutes:seconds``."""
    days, _, clock = limit.rpartition("-")
    hours, rest, _ = clock.split(":")
    return int(days or 0) * 1440 + int(hours) * 60 + int(rest)


def megabytes(memory: str) -> float:
    """Return the MB of SLURM's ``1100M`` or ``1.50G``."""
    return float(memory[:-1]) * {"M": 1, "G": 1024}[memory[-1]]


def test_every_job_was_completed(jobs):
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}


def test_small_jobs_went_together(jobs, requested):
    # Which of a group's parts go together depends on which are ready at a time.
    assert len({group_of(job) for job in jobs}) <= len(jobs) <= 15 and abs(len(jobs) - len(requested)) <= 2


def test_gpu_jobs_asked_for_one_gpu_and_went_to_its_partition(jobs):
    on_gpu = [job for job in jobs if group_of(job) in GPU_GROUPS]
    assert {group_of(job) for job in on_gpu} == set(GPU_GROUPS)
    assert {(job["Partition"], job.get("TresPerJob")) for job in on_gpu} == {("gpu", "gres:gpu:1")}


def test_no_other_job_asked_for_a_gpu(jobs):
    others = [job for job in jobs if group_of(job) not in GPU_GROUPS]
    assert {(job["Partition"], job.get("TresPerJob")) for job in others} == {("cpu", None)}


def test_gpu_jobs_waited_for_the_gpu_and_never_ran_two_at_a_time(jobs):
    on_gpu = [job for job in jobs if job["Partition"] == "gpu"]
    pairs = [(one, other) for number, one in enumerate(on_gpu) for other in on_gpu[number + 1 :]]
    assert not [pair for pair in pairs if overlap(*pair)]
    assert [pair for pair in pairs if time_of(pair[1], "Submit") < time_of(pair[0], "End")]


def test_cpu_jobs_ran_beside_gpu_jobs(jobs):
    on_cpu, on_gpu = ([job for job in jobs if job["Partition"] == name] for name in ("cpu", "gpu"))
    assert [(one, other) for one in on_cpu for other in on_gpu if overlap(one, other)]


def test_memory_and_time_are_what_the_rules_ask_for(jobs, requested):
    asked = [(group_of(job), megabytes(job["MinMemoryNode"]), minutes(job["TimeLimit"])) for job in jobs]
    declared = [(one["group"], one["mem_mb"], one["runtime"]) for one in requested]
    assert totals(asked) == totals(declared)


def totals(requests):
    """Return the largest memory and all the time of each group.

    Which of a group's parts go together depends on which are ready when the others are submitted; times add up.
    """
    return {
        name: (max(one[1] for one in requests if one[0] == name), sum(one[2] for one in requests if one[0] == name))
        for name in {one[0] for one in requests}
    }


def results_of(folder: Path) -> dict[str, Path]:
    """Return every result by its place: all but logs and benchmarks, which hold times."""
    files = {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}
    return {name: file for name, file in files.items() if not name.startswith(("logs/", "benchmarks/"))}


def content(file: Path):
    """Return what a result holds, bit by bit."""
    if file.suffix == ".h5":
        return h5_content(file)
    if file.suffix == ".pt":
        return {name: values.numpy().tobytes() for name, values in torch.load(file, weights_only=True).items()}
    return file.read_bytes()


def test_results_are_those_of_a_local_run_bit_for_bit(finished, run_through_slurm):
    here, there = (results_of(project.results) for project in (finished, run_through_slurm))
    # The local run has one ablation more.
    more = {name for name in here if "spatial~identity" in name}
    assert there.keys() == here.keys() - more
    different = {name for name in there if content(there[name]) != content(here[name])}
    tables = [f"ablations.{form}" for form in ("csv", "md", "html")]
    # What lies beside a file says what made it: of a table of other rows something else. The plan has the jobs to run.
    beside = {f"tables/.{name}.sha256" for name in (*tables, "ablations_differences.csv")}
    # The index shows the configuration.
    index = {"index.html", ".index.html.sha256"}
    assert different == {f"tables/{name}" for name in tables} | beside | index | {".plan.json"}


def test_another_run_finds_nothing_to_do(run_through_slurm):
    assert run_through_slurm.plan() == {}
