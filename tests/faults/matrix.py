"""Rules × faults over a finished tiny run: each fault ends in a clear error or changes nothing, and is repaired.

``python tests/faults/matrix.py --work /dev/shm/faults --out faults`` makes a tiny run if there is none, tries the
cases in rounds of jobs that do not depend on each other, and writes ``faults.csv`` row by row and ``faults.md`` at the
end; the same command resumes where it was stopped. Mounting needs root on Linux; without it the disk's faults are
skipped. ``--rules`` and ``--only`` choose cases: ``--rules coreset evaluate`` or ``--only "coreset full disk"``.
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "workflow")]

# ruff: noqa: E402
from fault import Fault, Flipped, FullDisk, Killed, ReadOnly, Truncated, places, write_startup
from jobs import PICTURES, Job, Jobs, representative
from tiny_project import TinyProject, h5_content
from warm import WarmPython

COLUMNS = ["rule", "fault", "file", "place", "survived", "outcome", "said"]
FAULTS = ["kill -9", "full disk", "read-only output", "truncated input", "flipped byte"]
# Rules that know what a photograph has to hold; of another one's picture a flipped byte is nobody's to know.
KNOWING = {"images", "figure_gradcam"}
# Rules whose finding, not failure, is the right answer to a damaged file: the gate stops the run.
GATED = {"inspect_photographs", "inspect_masks"}
REMEDY = re.compile(r"To fix it: (.*)")
_CLONE_NEWNS = 0x20000


@dataclass(frozen=True)
class Case:
    """A fault of one job.

    Attributes:
        job: The job.
        fault: The fault.
        told_by: The job whose error has to tell it.
    """

    job: Job
    fault: Fault
    told_by: Job

    @property
    def key(self) -> tuple[str, ...]:
        return self.job.rule, self.fault.name, self.fault.file, self.fault.place

    @property
    def made(self) -> set[Job]:
        """The jobs that are to be made again."""
        return {self.job, self.told_by}


def cases_of(jobs: Jobs, project: Path) -> list[Case]:
    """Return every case: for each rule its job's death, its disk, and each kind of input damaged at each place."""
    chosen, cases = jobs.chosen(), []
    for rule, job in chosen.items():
        told_by = chosen["admit"] if rule in GATED else job
        size = sum(file.stat().st_size for output in job.outputs for file in _files(project / output))
        cases += [Case(job, Killed(FAULTS[0], place=how), job) for how in ("before", "between")]
        cases += [Case(job, FullDisk(FAULTS[1], place=str(size)), job), Case(job, ReadOnly(FAULTS[2]), job)]
        for name in representative(job.inputs):
            if not (project / name).is_file():
                continue
            cases.append(Case(job, Truncated(FAULTS[3], name), told_by))
            if Path(name).suffix not in PICTURES or rule in KNOWING:
                cases += [Case(job, Flipped(FAULTS[4], name, place), told_by) for place in places(project / name)]
    return cases


def rounds_of(cases: Iterable[Case], jobs: Jobs) -> list[list[Case]]:
    """Return the cases in rounds: within one, no job or damaged file comes of another's, and each job is there once."""
    found: list[list[Case]] = []
    for case in cases:
        fitting = (one for one in found if len(one) < 8 and all(_independent(case, other, jobs) for other in one))
        one = next(fitting, None)
        found.append([case]) if one is None else one.append(case)
    return found


def _independent(one: Case, other: Case, jobs: Jobs) -> bool:
    # A folder that cannot be written keeps a run from starting.
    if one.made & other.made or isinstance(one.fault, ReadOnly) != isinstance(other.fault, ReadOnly):
        return False
    if one.fault.file and one.fault.file == other.fault.file:
        same = (one.fault.name, one.fault.place) == (other.fault.name, other.fault.place)
        roots = [job.outputs for job in (one.job, other.job)]
    else:
        same = not any(case.fault.file and case.job.rule in GATED for case in (one, other))
        roots = [(*case.job.outputs, *([case.fault.file] if case.fault.file else [])) for case in (one, other)]
    apart = not (jobs.after(*roots[0]) & other.made or jobs.after(*roots[1]) & one.made)
    return same and apart and not (_in_the_way(one, other, jobs) or _in_the_way(other, one, jobs))


def _in_the_way(one: Case, other: Case, jobs: Jobs) -> bool:
    """Return whether one's mount covers files that the other's job, fault or repair writes."""
    if not isinstance(one.fault, FullDisk | ReadOnly):
        return False
    maker = jobs.maker.get(other.fault.file)
    written = [*other.job.outputs, other.job.log, other.fault.file, *(maker.outputs if maker else [])]
    return any(name.startswith(f"{one.job.folder}/") for name in written)


class Matrix:
    """A project's working copy, in which rounds are run and undone.

    Args:
        finished: The project whose tiny run is finished; it is only read.
        work: Folder for the working copy.
        python: What runs Snakemake and the scripts.
    """

    def __init__(self, finished: TinyProject, work: Path, python: Path):
        self.finished, self.project = finished, TinyProject(work)
        self.project.python = str(python)
        self.jobs = Jobs(finished.folder)
        self._startup = work.with_name(f"{work.name}.startup")
        write_startup(self._startup)
        restore(self.project.folder, finished.folder)

    def run(self, cases: list[Case]) -> Iterator[dict[str, str]]:
        """Run one round and yield a row for each of its cases."""
        targets = sorted({output for case in cases for job in case.made for output in job.outputs})
        folder = self.project.folder
        for output in targets:
            remove(folder / output)
        injected = {case.fault.file or case.key: case for case in cases}.values()
        try:
            for case in injected:
                case.fault.inject(folder, case.job)
            code, output = self._snakemake(targets, [case.fault.environment(case.job) for case in cases])
            first = {case: self._after_fault(case, code, output) for case in cases}
            for case in injected:
                same = [one for one in cases if case is one or case.fault.file == one.fault.file != ""]
                if any(first[one][0] != "harmless" for one in same):
                    case.fault.relieve(folder, case.job)
                elif case.fault.file:
                    restore(folder, self.finished.folder, [case.fault.file])
            code, repaired = self._snakemake(targets, [])
            for case in cases:
                yield self._row(case, *first[case], code, repaired)
        finally:
            for case in injected:
                case.fault.undo(folder, case.job)
                # A flipped byte shows neither in the size nor in the time.
                if case.fault.file:
                    restore(folder, self.finished.folder, [case.fault.file])
            restore(folder, self.finished.folder)

    def _snakemake(self, targets: list[str], environments: list[dict[str, str]]) -> tuple[int, str]:
        kill = ",".join(one["FAULT_KILL"] for one in environments if one)
        environment = {"PYTHONPATH": str(self._startup), "FAULT_KILL": kill}
        done = self.project.snakemake(*targets, "--keep-going", **environment)
        return done.returncode, done.stdout

    def _after_fault(self, case: Case, code: int, output: str) -> tuple[str, str]:
        """Return what the faulty run came to, "told", "harmless" or what is wrong, and the words that it found."""
        told_by, folder = case.told_by, self.project.folder
        there = [name for name in told_by.outputs if (folder / name).exists()]
        if len(there) == len(told_by.outputs):
            wrong = self._different(told_by.outputs)
            return (f"WRONG RESULT in {wrong[0]}", "") if wrong else ("harmless", "the job does not read it")
        named = re.search(rf"rule {told_by.rule}\b", output)
        if code == 0 or not named:
            return "the run does not name the rule", _last(output)
        if there:
            return f"left behind {there[0]}", _last(output)
        if isinstance(case.fault, Killed):
            remedy = "run the same command again" in output
            return ("told", "killed; run the same command again") if remedy else ("no remedy told", _last(output))
        log = folder / told_by.log
        text = log.read_text(encoding="utf-8") if log.exists() else ""
        text = text if "To fix it" in text else output
        lines = [line for line in text.splitlines() if "To fix it" in line]
        named = [case.fault.file] if case.fault.file else [*told_by.outputs, told_by.folder]
        said = next((line.strip() for line in lines if any(name in line for name in named)), "")
        if not said:
            return "no file and remedy told", _last(text)
        return ("a traceback beside the error", said) if "Traceback" in text and text is not output else ("told", said)

    def _row(self, case: Case, outcome: str, said: str, code: int, repaired: str) -> dict[str, str]:
        if outcome in ("told", "harmless"):
            maker = self.jobs.maker.get(case.fault.file)
            wrong = self._different([*case.job.outputs, *case.told_by.outputs, *(maker.outputs if maker else [])])
            left = [file for file in self.project.results.rglob("*.part") if file.name.startswith(".")]
            if wrong:
                outcome = f"not repaired: {wrong[0]} ({_last(repaired)})"
            elif left:
                outcome = f"left over after the repair: {left[0]}"
        survived = outcome in ("told", "harmless")
        values = [*case.key, "yes" if survived else "NO", outcome, said]
        return dict(zip(COLUMNS, values, strict=True))

    def _different(self, outputs: Iterable[str]) -> list[str]:
        """Return those outputs that are not, bit for bit, the undisturbed run's."""
        pairs = [
            (file, self.project.folder / file.relative_to(self.finished.folder))
            for output in outputs
            for file in _files(self.finished.folder / output)
        ]
        return [str(made.relative_to(self.project.folder)) for one, made in pairs if not same_content(one, made)]


def same_content(one: Path, other: Path) -> bool:
    """Return whether two files hold the same: bytes, or for HDF5 values and types."""
    if not other.exists():
        return False
    if one.read_bytes() == other.read_bytes():
        return True
    return one.suffix == ".h5" and h5_content(one) == h5_content(other)


def remove(path: Path) -> None:
    """Remove an output, which may be a folder."""
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def restore(folder: Path, origin: Path, only: Iterable[str] = ()) -> None:
    """Make a folder what its origin is, modification times too, by copying what differs."""
    wanted = {file.relative_to(origin) for file in (map(origin.joinpath, only) if only else _files(origin))}
    for name in wanted:
        source, target = (origin / name).stat(), folder / name
        known = target.stat() if target.is_file() else None
        if known is None or (known.st_size, known.st_mtime_ns) != (source.st_size, source.st_mtime_ns) or only:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(origin / name, target)
    if not only:
        for file in _files(folder):
            if file.relative_to(folder) not in wanted:
                file.unlink()


def _files(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def _last(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " | ".join(lines[-6:])[-600:]


def private_mounts() -> bool:
    """Give this process mounts that nothing else sees and that end with it; return whether the system allows it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() or not hasattr(libc, "unshare") or libc.unshare(_CLONE_NEWNS):
        return False
    private = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False)
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False)
        subprocess.run(["umount", folder], capture_output=True, check=False)
    return private.returncode == tried.returncode == 0


def markdown(rows: list[dict[str, str]]) -> str:
    """Return the matrix: for each rule and fault how many cases were tried and survived, then what did not."""
    counts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        counts[row["rule"]][row["fault"]].append(row["survived"])
    lines = ["| rule | " + " | ".join(FAULTS) + " |", "|---" * (len(FAULTS) + 1) + "|"]
    total = [[r["survived"] for r in rows if r["fault"] == fault] for fault in FAULTS]
    for rule, own in [*counts.items(), ("all", dict(zip(FAULTS, total, strict=True)))]:
        cells = [f"{own[f].count('yes')} of {len(own[f])}" if own.get(f) else "–" for f in FAULTS]
        lines.append(f"| {rule} | " + " | ".join(cells) + " |")
    failed = [row for row in rows if row["survived"] != "yes"]
    lines += ["", *(f"- {' '.join(row[c] for c in COLUMNS[:4])}: {row['outcome']}; {row['said']}" for row in failed)]
    return "\n".join(lines) + "\n"


def _meant(case: Case, words: list[str]) -> bool:
    """Return whether words name a case: its rule, then parts of its fault, file and place."""
    return words[0] == case.job.rule and all(word in " ".join(case.key[1:]) for word in words[1:])


def main() -> int:
    """Run the cases that are not in the table yet and write the matrix; return 1 if a fault was not survived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--finished", type=Path, help="a project whose tiny run is finished; made if absent")
    parser.add_argument("--work", type=Path, required=True, help="folder for the working copy")
    parser.add_argument("--out", type=Path, required=True, help="the matrix, without a suffix")
    parser.add_argument("--rules", nargs="*", help="only these rules")
    parser.add_argument("--only", nargs="*", help="only cases named so: a rule, then words of fault, file and place")
    asked = parser.parse_args()
    mounts = private_mounts()
    folder = asked.finished or asked.work / "finished"
    finished = TinyProject(folder) if folder.exists() else TinyProject.checkout(folder)
    table = asked.out.with_suffix(".csv")
    with ExitStack() as stack:
        short = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="warm")))
        warm = stack.enter_context(WarmPython(short))
        finished.python = str(warm.python)
        if not (finished.results / "tables" / "resad.md").exists():
            finished.run()
        matrix = Matrix(finished, asked.work / "copy", warm.python)
        cases = [
            case
            for case in cases_of(matrix.jobs, finished.folder)
            if (not asked.rules or case.job.rule in asked.rules)
            and (not asked.only or any(_meant(case, one.split()) for one in asked.only))
            and (mounts or not isinstance(case.fault, FullDisk | ReadOnly))
        ]
        rows = list(csv.DictReader(table.open(encoding="utf-8"))) if table.exists() else []
        done = {tuple(row[column] for column in COLUMNS[:4]) for row in rows}
        waiting = rounds_of([case for case in cases if case.key not in done], matrix.jobs)
        print(f"{len(cases)} cases, {sum(map(len, waiting))} to try in {len(waiting)} rounds", flush=True)
        with table.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if not rows:
                writer.writeheader()
            for number, one in enumerate(waiting, 1):
                for row in matrix.run(one):
                    rows.append(row)
                    writer.writerow(row)
                    file.flush()
                    print(f"{number}/{len(waiting)}", *(row[column] for column in COLUMNS[:6]), flush=True)
    if not mounts:
        print("skipped: full disk and read-only output, since mounting needs root (CAP_SYS_ADMIN) on Linux")
    asked.out.with_suffix(".md").write_text(markdown(rows), encoding="utf-8")
    return int(any(row["survived"] != "yes" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
