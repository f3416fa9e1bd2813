"""Whatever befalls a rule, the error names rule, file and remedy, no wrong result passes, and the next run mends it.

Without more, one case of each fault is tried, where a rule is most at risk. All rules × faults (an hour on two idle
cores; the matrix is left in the folder that FAULT_OUT names), and 100 runs that must give identical tables:

    FAULT_MATRIX=full FAULT_OUT=faults python -m pytest tests/faults -k matrix
    FAULT_REPEATS=100 python -m pytest tests/faults -k repeated
"""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from interruption import processes_in
from warm import WarmPython

pytestmark = pytest.mark.workflow

HERE = Path(__file__).parent
# A rule, then words of fault, file and place.
DIAGONAL = [
    "train kill -9 between",
    "coreset full disk",
    "resc truncated input",
    "memory_bank flipped byte index",
    "table_lesionpaste flipped byte results/phantom/audit/left_out.csv",
    "classify flipped byte classifier.pt",
]
_WAITING = """
import os, sys, time
if len(sys.orig_argv) > 1 and sys.orig_argv[1].endswith(".table_resad.py"):
    open(os.environ["MARK"], "w").close()
    while os.path.exists(os.environ["MARK"]):
        time.sleep(0.1)
"""
TABLES = [f"{name}.{form}" for name in ("resad", "ablations", "lesionpaste_3") for form in ("csv", "md", "html")]


def test_every_fault_is_reported_with_its_remedy_and_repaired(finished, tmp_path):
    out = Path(os.environ.get("FAULT_OUT", tmp_path)).resolve()
    only = [] if os.environ.get("FAULT_MATRIX") == "full" else ["--only", *DIAGONAL]
    out.mkdir(parents=True, exist_ok=True)
    places = ["--finished", str(finished.folder), "--work", str(tmp_path / "work"), "--out", str(out / "matrix")]
    done = subprocess.run([sys.executable, str(HERE / "matrix.py"), *places, *only], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout + (out / "matrix.md").read_text(encoding="utf-8")
    with (out / "matrix.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert all(row["survived"] == "yes" for row in rows)
    if "skipped" in done.stdout:
        pytest.skip(done.stdout.splitlines()[-1])
    assert only == [] or len(rows) >= len(DIAGONAL)


def test_the_second_of_two_runs_in_one_folder_stops_and_the_first_continues(finished, tmp_path):
    project = finished.copy(tmp_path / "copy")
    table = project.results / "tables" / "resad.csv"
    before = table.read_bytes()
    table.unlink()
    (tmp_path / "sitecustomize.py").write_text(_WAITING, encoding="utf-8")
    mark, target = tmp_path / "mark", str(table.relative_to(project.folder))
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "MARK": str(mark)}
    first = subprocess.Popen(
        project.command(target), cwd=project.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        until = time.monotonic() + 1200
        while not mark.exists():
            assert first.poll() is None, first.stdout.read().decode()
            assert time.monotonic() < until
            time.sleep(0.1)
        second = project.snakemake(target)
    finally:
        mark.unlink(missing_ok=True)
        told, _ = first.communicate(timeout=1200)
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.stdout
    assert str(project.folder) in second.stdout
    assert "no other Snakemake process" in second.stdout
    assert first.returncode == 0, told.decode()
    assert table.read_bytes() == before
    assert not processes_in(project.folder)


def test_repeated_runs_give_identical_tables(finished, tmp_path, capsys):
    repeats = int(os.environ.get("FAULT_REPEATS", "1"))
    if repeats < 2:
        pytest.skip("FAULT_REPEATS=100 compares the tables of so many runs")
    project = finished.copy(tmp_path / "copy")
    for number in range(2, repeats + 1):
        # Nothing of the run before is left to be taken for this one's.
        shutil.rmtree(project.results)
        # Each with a Python of its own, so that the order of sets is another one every time.
        with tempfile.TemporaryDirectory(prefix="warm") as folder, WarmPython(Path(folder)) as python:
            project.python = str(python.python)
            project.run("--forceall")
        for name in TABLES:
            one, other = (one.results / "tables" / name for one in (finished, project))
            assert one.read_bytes() == other.read_bytes(), f"{name} of run {number} of {repeats}"
        with capsys.disabled():
            print(f"\nrun {number} of {repeats}: the tables are those of the first", end="", flush=True)
