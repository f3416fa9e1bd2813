"""The tiny project, run through SLURM with the project's own profile."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from one_node_slurm import OneNodeSlurm
from tiny_project import TinyProject

# What the tests' cluster and their short jobs need otherwise than profiles/slurm has it.
SETTINGS = [
    *("--cores", "1", "--max-threads", "1"),  # two CPUs are there: a GPU job and one beside it
    *("--slurm-status-command", "squeue"),  # there is no accounting that sacct could ask
    *("--slurm-init-seconds-before-status-checks", "1"),
    *("--latency-wait", "20"),
]
# One ablation instead of two: a step of a job takes longer on a cluster than here.
CHANGES = {"ablations.variants": [{"name": "70%", "normals": 0.7}]}


class SlurmProject(TinyProject):
    """A folder with the project's files whose jobs go to a SLURM.

    Args:
        folder: The folder.
        slurm: Where jobs go.
    """

    def __init__(self, folder: Path, slurm: OneNodeSlurm):
        super().__init__(folder)
        self.slurm = slurm

    @classmethod
    def fresh(cls, folder: Path, slurm: OneNodeSlurm) -> SlurmProject:
        """Copy the project's files to a folder, with the tiny configuration."""
        project = cls(TinyProject.checkout(folder).folder, slurm)
        project.configure(CHANGES)
        return project

    def copy(self, folder: Path) -> SlurmProject:
        """Copy a project with its results and Snakemake's records, modification times kept."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return SlurmProject(folder, self.slurm)

    def command(self, *arguments: str, configfile: str | None = "tiny.yaml") -> list[str]:
        """Return Snakemake's command with the profile."""
        profile = ["--workflow-profile", "profiles/slurm", *SETTINGS]
        return [self.python, "-m", "snakemake", *arguments, *profile, "--configfile", configfile]

    def snakemake(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        """Run Snakemake where SLURM's commands find this SLURM."""
        return super().snakemake(*arguments, **(self.slurm.environment | options))

    def requests(self, *arguments: str) -> list[dict[str, str | int]]:
        """Return what a run would ask SLURM for, job by job, from the resources of the rules in each.

        The jobs of a group run one after another: times add up, and memory is that of the largest.
        """
        found = []
        for name, block in _groups(self.run(*arguments, "-n", "--quiet", "host")):
            resources = [
                {key: int(value) for key, value in re.findall(r"(mem_mb|runtime|gpu)=(\d+)", line)}
                for line in block.splitlines()
                if line.startswith("        resources:")
            ]
            found.append(
                {
                    "group": name,
                    "mem_mb": max(one["mem_mb"] for one in resources),
                    "runtime": sum(one["runtime"] for one in resources),
                    "gpu": max(one.get("gpu", 0) for one in resources),
                }
            )
        return found


def _groups(plan: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of each group job of a dry run: all lines after its heading that are indented or empty."""
    heading = re.compile(r"^\[[^\]]+\] Group job (\S+) .*\n((?:(?:    .*)?\n)*)", re.MULTILINE)
    for match in heading.finditer(plan):
        yield match[1], match[2]
