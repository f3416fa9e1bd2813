"""Which outputs are what the configuration, the data, the library versions and the code would make now.

Snakemake compares times, and its own records of each output. Times deceive (a photograph replaced by an older one, a
folder copied), and records get lost. So every output carries what made it, see :mod:`fundus_anomaly.files.provenance`.
Here the same is worked out for each planned job, through all that it depends on, and a job whose outputs carry
something else runs again. Jobs get it as ``params.made``, so that Snakemake's records see the change, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from snakemake.iocontainers import Wildcards
from snakemake.settings.types import RerunTrigger

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.carried import carried_by
from fundus_anomaly.files.provenance import Provenance, carriers
from fundus_anomaly.files.whole import write_text
from support.code_digest import content_digest
from support.import_closure import imports_of, named_modules
from support.library_versions import versions_of
from support.parameters import digest_of, shown
from support.private import private

# An input that holds no file, and parameters that are accounted for as code or are what is worked out here.
_NO_FILE, _NO_SETTINGS = "outdated", (None, "made", "code")


@cache
def _real_folder(folder: Path) -> Path:
    return folder.resolve()


def _place(path: Path) -> str:
    """Return where a file really is: below the working folder relative to it, so that a moved project stays valid."""
    real = path.resolve() if path.is_symlink() else _real_folder(path.parent) / path.name
    here = _real_folder(Path())
    return str(real.relative_to(here) if real.is_relative_to(here) else real)


def state_of(path: str) -> list[object]:
    """Return what tells a file from outside from another: name, real place, size, and time of last change in ns.

    Links are followed, so that one that is turned to other data is seen.
    """
    file = Path(path)
    try:
        known = file.stat()
    except OSError:
        return [path, _place(file), None, None]
    return [path, _place(file), known.st_size, known.st_mtime_ns]


class Lineage:
    """What each job of a workflow makes its outputs from.

    Args:
        workflow: Snakemake's workflow, once all rules are read.
        results: The folder that holds the outputs of the run.
        project: The workflow's own folder: its files are known by their content.
    """

    def __init__(self, workflow: Any, results: str, project: Path):
        self.workflow, self.results, self.project = workflow, Path(results), project.resolve()
        self.python_folders = (self.project / "workflow", self.project / "src")
        self._known: dict[tuple, Provenance] = {}
        self._files: dict[tuple, list[tuple[str, list[str]]]] = {}
        self._carriers: dict[tuple, frozenset[str]] = {}
        self._walking = False
        self._fixed: dict[str, Any] = {}
        self._patterns: list[tuple[Any, Any]] = []
        for rule in workflow.rules:
            for output in rule.output:
                if rule.wildcard_names:
                    self._patterns.append((output, rule))
                else:
                    self._fixed[str(output)] = rule

    def attach(self) -> None:
        """Give every rule with a script its ``params.made``, and have jobs with outdated outputs run again."""
        for rule in self.workflow.rules:
            if rule.script:
                rule.set_input(outdated=self._outdated(rule))
                rule.set_params(made=self._made(rule))

    def _made(self, rule: Any) -> Callable[[Any], dict]:
        def made(wildcards):
            known = self.provenance(rule, wildcards)
            # A report prints parameters: this one would bury the others.
            return private(
                {
                    "provenance": {name: getattr(known, name) for name in Provenance.__dataclass_fields__},
                    "expected": self.expected(rule, wildcards),
                }
            )

        return made if self.workflow.is_main_process else lambda wildcards: self._planned(rule, wildcards)

    def _outdated(self, rule: Any) -> Callable[[Any], list[str]]:
        def outdated(wildcards):
            if not self._walking and self.workflow.is_main_process and self.workflow.dag is not None:
                self._ignore_times_of_scripts()
                outputs = [str(output.apply_wildcards(wildcards)) for output in rule.output]
                there = [output for output in carriers(outputs) if Path(output).exists()]
                if there and not all(self.is_current(output, rule, wildcards) for output in there):
                    self.workflow.dag.forcefiles.update(outputs)
            return []

        return outdated

    def _ignore_times_of_scripts(self) -> None:
        """Drop Snakemake's trigger by code, unless a user chose triggers: it goes by times, which a checkout renews.

        The code counts by its content, as part of what outputs carry.
        """
        settings = self.workflow.dag_settings
        if set(settings.rerun_triggers) == set(RerunTrigger.all()):
            settings.rerun_triggers = frozenset(RerunTrigger.all()) - {RerunTrigger.CODE}

    def is_current(self, output: str, rule: Any, wildcards: Any) -> bool:
        """Return whether an output is what its job would make now, by settings, data, library versions and code.

        One that is damaged counts as current: what reads it names it, and says what to do.
        """
        known = self.provenance(rule, wildcards)
        try:
            carried = carried_by(output)
        except OSError:
            return True
        return carried is not None and (carried.identity, carried.code) == (known.identity, known.code)

    def current(self, output: str) -> bool:
        """Return whether a file is there and is what the workflow would make now."""
        maker = self.maker(output)
        return maker is not None and Path(output).exists() and self.is_current(output, *maker)

    def maker(self, file: str) -> tuple[Any, Any] | None:
        """Return the rule that makes a file, and its wildcards; None for a file from outside."""
        if file in self._fixed:
            return self._fixed[file], self._wildcards({})
        if file.startswith(f"{self.results}/"):
            for pattern, rule in self._patterns:
                if match := pattern.match(file):
                    return rule, self._wildcards(match.groupdict())
        return None

    @staticmethod
    def _wildcards(values: Mapping[str, str]) -> Any:
        return Wildcards(fromdict=dict(values))

    def provenance(self, rule: Any, wildcards: Any) -> Provenance:
        """Return what a job's outputs are made from."""
        key = self._key((rule, wildcards))
        if key not in self._known:
            self._known[key] = self._provenance(rule, wildcards)
        return self._known[key]

    def _provenance(self, rule: Any, wildcards: Any) -> Provenance:
        settings = self._settings(rule, wildcards)
        files, packages = imports_of((self._script(rule), *named_modules(wildcards, self.project)), self.python_folders)
        libraries = versions_of(packages)
        codes = [content_digest(str(file)) for file in files]
        inputs: dict[str, str] = {}
        for name, paths in self._inputs(rule, wildcards):
            makers = [self.maker(path) for path in paths]
            origins = {self._key(maker): self.provenance(*maker) for maker in makers if maker is not None}
            codes += [origin.code for origin in origins.values()]
            states = [
                self._outside(path) if maker is None else self.provenance(*maker).identity
                for path, maker in zip(paths, makers, strict=True)
            ]
            inputs[name] = digest_of([paths, states])
        fixed = {"wildcards": dict(wildcards.items()), **settings}
        return Provenance(
            rule=rule.name,
            identity=digest_of([rule.name, fixed, libraries, inputs]),
            code=digest_of(codes),
            settings={name: shown(value) for name, value in fixed.items()},
            libraries=libraries,
            inputs=inputs,
        )

    @staticmethod
    def _key(maker: tuple[Any, Any]) -> tuple:
        return maker[0].name, tuple(sorted(dict(maker[1].items()).items()))

    def _settings(self, rule: Any, wildcards: Any) -> dict[str, object]:
        return {
            name: value(wildcards) if callable(value) else value
            for name, value in rule.params._allitems()
            if name not in _NO_SETTINGS
        }

    def _script(self, rule: Any) -> Path:
        return self.project / "workflow" / "scripts" / Path(str(rule.script)).name

    def _inputs(self, rule: Any, wildcards: Any) -> list[tuple[str, list[str]]]:
        """Return name and files of each of a job's inputs that is data."""
        key = self._key((rule, wildcards))
        if key not in self._files:
            self._walking, before = True, self._walking
            try:
                found, *_ = rule.expand_input(wildcards)
            finally:
                self._walking = before
            names = sorted({name for name, _ in found._get_names()} - {_NO_FILE})
            values = [(name, getattr(found, name)) for name in names]
            self._files[key] = [
                (name, [str(value)] if isinstance(value, str) else [str(one) for one in value])
                for name, value in values
            ]
        return self._files[key]

    def _outside(self, path: str) -> list[object] | str:
        resolved = Path(path).resolve()
        ours = any(resolved.is_relative_to(folder) for folder in self.python_folders)
        return content_digest(str(resolved)) if ours else state_of(path)

    def expected(self, rule: Any, wildcards: Any) -> dict[str, str]:
        """Return, by path, the identity that each of a job's inputs has to carry."""
        return {
            path: self.provenance(*maker).identity
            for _, paths in self._inputs(rule, wildcards)
            for path in paths
            if (maker := self.maker(path)) is not None and path in self._carriers_of(*maker)
        }

    def _carriers_of(self, rule: Any, wildcards: Any) -> frozenset[str]:
        """Return which of a job's outputs carry what made them; asked for each of its thousands of photographs."""
        key = self._key((rule, wildcards))
        if key not in self._carriers:
            outputs = [str(output.apply_wildcards(wildcards)) for output in rule.output]
            self._carriers[key] = frozenset(carriers(outputs))
        return self._carriers[key]

    # A run's jobs are processes of their own. They take what was planned: photographs may change while a run lasts.

    @property
    def _plan_file(self) -> Path:
        return self.results / ".plan.json"

    def write_plan(self, jobs: Iterable[Any]) -> None:
        """Write what each job that is to run makes its outputs from, for the processes that run them."""
        made = {
            self._name(job.rule, job.wildcards): {
                "settings": digest_of(self._settings(job.rule, job.wildcards)),
                "made": self._made(job.rule)(job.wildcards),
            }
            for job in jobs
            if job.rule.script
        }
        write_text(self._plan_file, json.dumps(made, sort_keys=True))

    @staticmethod
    def _name(rule: Any, wildcards: Any) -> str:
        return json.dumps([rule.name, dict(sorted(wildcards.items()))])

    @cached_property
    def _plan(self) -> dict:
        try:
            content = json.loads(self._plan_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _planned(self, rule: Any, wildcards: Any) -> dict | None:
        """Return what was planned for this process's job; None where nothing was.

        Raises:
            InputError: If the job's parameters are others than planned: data or configuration changed meanwhile.
        """
        planned = self._plan.get(self._name(rule, wildcards))
        if not isinstance(planned, dict) or not planned.keys() >= {"settings", "made"}:
            return None
        if planned["settings"] != digest_of(self._settings(rule, wildcards)):
            remedy = "run the same command again"
            found = "another configuration, or other files in the data's folders, than when the run started"
            raise InputError(Problem(f"rule {rule.name}", found, "what the run was planned with", remedy))
        return planned["made"]
