"""The profiles: read by their plugins, run dry, and true to the rules; one of them with real jobs."""

import os
import re
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import pytest
import yaml
from slurm_project import SlurmProject
from tiny_project import REPOSITORY, TinyProject

pytestmark = pytest.mark.workflow

PLUGINS = {
    "slurm": ["snakemake_executor_plugin_slurm"],
    "cluster-generic": ["snakemake_executor_plugin_cluster_generic"],
    "lsf": ["snakemake_executor_plugin_lsf"],
    "kubernetes": ["snakemake_executor_plugin_kubernetes", "snakemake_storage_plugin_fs"],
}
# Executors that Make installs beside the environment, not into it.
BESIDE = {"kubernetes": Path(sys.prefix) / "kubernetes"}
RULE = re.compile(r"^rule (\w+):\n((?:(?:    .*)?\n)*)", re.MULTILINE)


def profile(name: str) -> dict:
    return yaml.safe_load((REPOSITORY / "profiles" / name / "config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def submitted() -> dict[str, str]:
    """The text of every rule that a cluster gets, by name: those with a script that are not local."""
    texts = "\n".join(file.read_text(encoding="utf-8") for file in (REPOSITORY / "workflow" / "rules").glob("*.smk"))
    rules = {match[1]: match[2] for match in RULE.finditer(texts)}
    return {name: text for name, text in rules.items() if "script:" in text and "localrule: True" not in text}


def test_every_rule_that_a_cluster_gets_asks_for_measured_memory_and_time(submitted):
    assert [name for name, text in submitted.items() if "mem_mb=memory(" not in text] == []
    assert [name for name, text in submitted.items() if "runtime=minutes(" not in text] == []


@pytest.mark.parametrize("name", PLUGINS)
def test_every_rule_that_a_cluster_gets_is_in_a_group(submitted, name):
    assert profile(name)["groups"].keys() == submitted.keys()
    assert profile(name)["groups"] == profile("slurm")["groups"]


@pytest.mark.parametrize("name", ["lsf", "cluster-generic"])
def test_rules_that_use_a_gpu_and_their_groups_get_its_partition(submitted, name):
    groups = profile(name)["groups"]
    on_gpu = {groups[rule] for rule, text in submitted.items() if "gpu=1" in text}
    assert profile(name)["set-resources"].keys() == {rule for rule in submitted if groups[rule] in on_gpu}


@pytest.mark.parametrize("name", PLUGINS)
def test_every_entry_of_a_profile_is_commented(name):
    lines = (REPOSITORY / "profiles" / name / "config.yaml").read_text(encoding="utf-8").splitlines()
    top = [number for number, line in enumerate(lines) if re.match(r"[a-z-]+:", line)]
    bare = [
        lines[number]
        for number in top
        if "#" not in lines[number] and not _commented_nearby(lines, number) and lines[number][-1:] != ":"
    ]
    assert bare == []


def _commented_nearby(lines: list[str], number: int) -> bool:
    """Tell whether a line follows a comment, or one line of a block that does."""
    while number > 0 and lines[number - 1].strip():
        number -= 1
        if lines[number].startswith("#"):
            return True
    return False


@pytest.mark.parametrize("name", PLUGINS)
def test_a_dry_run_reads_the_profile_and_plans_the_whole_workflow(tmp_path, name):
    beside = [str(BESIDE[name])] if name in BESIDE else []
    missing = [plugin for plugin in PLUGINS[name] if PathFinder.find_spec(plugin, [*sys.path, *beside]) is None]
    if missing:
        pytest.skip(f"{', '.join(missing).replace('_', '-')} not installed")
    project = TinyProject.checkout(tmp_path)
    profile = ["--workflow-profile", f"profiles/{name}"]
    if name == "kubernetes":
        profile += ["--default-storage-prefix", str(tmp_path)]
    done = subprocess.run(
        [*project.command()[:3], "-n", "--quiet", "host", *profile, "--configfile", "tiny.yaml"],
        cwd=tmp_path,
        env=os.environ | ({"PYTHONPATH": beside[0]} if beside else {}),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    for group in ("data", "images", "lesions", "features", "variant", "evaluation", "training"):
        assert f"Group job {group} " in said


class GenericProject(SlurmProject):
    """The tiny project whose jobs go to SLURM's ``sbatch`` through profiles/cluster-generic."""

    def command(self, *arguments: str, configfile: str | None = "tiny.yaml") -> list[str]:
        """Return Snakemake's command with the profile, for short jobs on two CPUs."""
        changes = ["--cores", "1", "--max-threads", "1", "--seconds-between-status-checks", "1", "--latency-wait", "20"]
        profile = ["--workflow-profile", "profiles/cluster-generic", *changes, "--configfile", configfile]
        return [*TinyProject.command(self)[:3], *arguments, *profile]


def test_cluster_generic_runs_jobs_through_sbatch_and_names_the_log_of_one_that_fails(
    slurm, run_through_slurm, tmp_path
):
    pytest.importorskip("snakemake_executor_plugin_cluster_generic")
    project = GenericProject(run_through_slurm.copy(tmp_path / "copy").folder, slurm)
    scores = project.one("scores/*/pool~3/*/*/*/*/*/test.csv")
    before = scores.read_bytes()
    scores.unlink()
    target = str(scores.relative_to(project.folder))
    project.run(target)
    assert scores.read_bytes() == before
    job = slurm.jobs()[-1]
    assert (job["JobState"], job["WorkDir"]) == ("COMPLETED", str(project.folder))
    assert job["TresPerJob"] == "gres:gpu:1"

    scores.unlink()
    bank = project.one("bank/*/pool~3/*/*/*/*/*/memory_bank.h5")
    bank.write_bytes(bank.read_bytes()[:1000])
    failed = project.snakemake(target, "--retries", "0", "--rerun-triggers", "input")
    assert failed.returncode != 0
    assert "logs/score/" in failed.stdout
    assert slurm.jobs()[-1]["JobState"] == "FAILED"
