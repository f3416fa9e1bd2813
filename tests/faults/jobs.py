"""The jobs of a finished run, from what Snakemake noted of each: which files it read and made."""

from __future__ import annotations

import base64
import json
import os
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

RESULTS = "results/phantom/"
PICTURES = {".jpg", ".png"}


@dataclass(frozen=True)
class Job:
    """One job: paths are relative to the project's folder; the project's own code is no input here."""

    rule: str
    log: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The lowest folder that holds all outputs."""
        return os.path.commonpath([str(Path(output).parent) for output in self.outputs])


class Jobs:
    """All jobs of a project's finished run."""

    def __init__(self, project: Path):
        outputs, known = defaultdict(list), {}
        for file in sorted((project / ".snakemake" / "metadata").rglob("*")):
            if file.is_file():
                noted = json.loads(file.read_text(encoding="utf-8"))
                key = noted["rule"], *noted["log"]
                known[key] = noted
                outputs[key].append(_output_of(file, project))
        self.all = [
            Job(key[0], key[1], tuple(name for name in noted["input"] if name.startswith(RESULTS)), tuple(outputs[key]))
            for key, noted in known.items()
        ]

    @cached_property
    def maker(self) -> dict[str, Job]:
        """The job that makes a file."""
        return {output: job for job in self.all for output in job.outputs}

    @cached_property
    def _readers(self) -> dict[str, list[Job]]:
        readers = defaultdict(list)
        for job in self.all:
            for name in job.inputs:
                readers[name].append(job)
        return readers

    @cache  # noqa: B019 - one object a run
    def after(self, *files: str) -> frozenset[Job]:
        """Return the jobs that read one of the files, or what comes of it."""
        found: set[Job] = set()
        waiting = list(files)
        while waiting:
            for job in self._readers[waiting.pop()]:
                if job not in found:
                    found.add(job)
                    waiting += job.outputs
        return frozenset(found)

    def chosen(self) -> dict[str, Job]:
        """Return one job of each rule: of the test if there is a choice, and one that reads most."""

        def rank(job: Job) -> tuple:
            return "test" in job.log, "lesionpaste" not in job.log, len(job.inputs), job.log

        return {job.rule: job for job in sorted(self.all, key=rank)}


def representative(inputs: tuple[str, ...]) -> list[str]:
    """Return one input of each kind: the middle one of photographs or masks, the last of files of one name."""
    kinds = defaultdict(list)
    for name in inputs:
        path = Path(name)
        top = name.removeprefix(RESULTS).split("/")[0]
        kinds[top, path.suffix if path.suffix in PICTURES else path.name].append(name)
    return [names[len(names) // 2] for names in kinds.values()]


def _output_of(file: Path, project: Path) -> str:
    """Return the output that a file of Snakemake's notes is about: its name is the path in base64."""
    folder = project / ".snakemake" / "metadata"
    name = "".join(part.removeprefix("@") for part in file.relative_to(folder).parts)
    return base64.urlsafe_b64decode(name).decode()
