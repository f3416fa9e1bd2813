"""Methods that ours are compared with: docs/adding-a-method.md adds one, and each reruns alone."""

import os
import re
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from tiny_project import REPOSITORY, TINY, changed, edited

pytestmark = pytest.mark.workflow

PAGE = (REPOSITORY / "docs" / "adding-a-method.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"\n`([^`\n]+)`(, below [^\n]+)?\n\n```\w+\n(.*?)```", PAGE, re.DOTALL)
# What stands on one fit, and the table that stands on all of them.
OF_A_FIT = {"fit": 1, "apply": 1, "evaluate": 1, "table_compared": 1}


def added(folder):
    """Do what the page says in a copy of the project, and return the configuration that it names."""
    for name, below, text in BLOCKS:
        path = folder / name
        if below:
            before = path.read_text(encoding="utf-8")
            # The last thing in either file's section: before what follows it.
            place = before.index("  figures:\n") if name.endswith("schema.yaml") else before.index("\nfigures:\n")
            path.write_text(before[:place] + text + before[place:], encoding="utf-8")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    mine = yaml.safe_load((folder / "mine.yaml").read_text(encoding="utf-8"))
    whole = {**TINY, "compared": TINY["compared"] | mine["compared"], "methods": TINY["methods"] | mine["methods"]}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(changed(whole, {})), encoding="utf-8")


def touched(module):
    """Give a module another line while a block lasts."""
    return edited(module, module.read_bytes() + b"\n# another line\n")


@pytest.fixture(scope="module")
def compared(project):
    """The finished run with the page's method added and compared."""
    added(project.folder)
    project.run("compared")
    return project


def test_the_page_has_a_whole_method_in_fewer_than_sixty_lines():
    names = [name for name, *_ in BLOCKS]
    method = next(text for name, _, text in BLOCKS if name.startswith("src/"))
    assert len([line for line in method.splitlines() if line.strip()]) < 60
    assert len(names) == 5


def test_its_rows_stand_in_the_table_beside_ours(compared):
    table = pd.read_csv(compared.results / "tables" / "compared.csv")
    names = ["ReSAD", "PatchCore", "Auto-Encoder", "Mean photograph", "Mean photograph, sharp"]
    assert table["method"].tolist() == names
    assert table[["image_auc", "pixel_auc", "pixel_aupro"]].notna().all(axis=None)
    text = (compared.results / "tables" / "compared.md").read_text(encoding="utf-8")
    assert "ReSAD" in text and "Mean photograph, sharp: blur 0.5" in text


def test_a_finished_comparison_plans_nothing(compared):
    assert compared.plan("compared") == {}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("methods/mean_photograph.py", {"fit": 2, "apply": 2, "evaluate": 2, "table_compared": 1}),
        ("methods/auto_encoder.py", OF_A_FIT),
        ("methods/reconstruction.py", OF_A_FIT),
        ("training/epochs.py", OF_A_FIT),
        ("methods/applied.py", {"apply": 3, "evaluate": 3, "table_compared": 1}),
        ("methods/detector_file.py", {"fit": 3, "apply": 3, "evaluate": 3, "table_compared": 1}),
    ],
)
def test_an_edit_of_a_method_reruns_that_method_alone(compared, module, expected):
    with touched(compared.module(module)):
        assert compared.plan("compared") == expected


def test_ours_do_not_depend_on_the_others(compared):
    with touched(compared.module("methods/auto_encoder.py")):
        assert compared.plan() == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"methods.auto_encoder.epochs": 1}, OF_A_FIT),
        ({"compared.held_out": 0.5}, {"fit": 3, "apply": 3, "evaluate": 3, "table_compared": 1}),
        ({"compared.size": 128}, {"images": 2, "fit": 3, "apply": 3, "evaluate": 3, "table_compared": 1}),
    ],
)
def test_a_setting_reruns_what_it_reaches(compared, change, expected):
    given = yaml.safe_load((compared.folder / "tiny.yaml").read_text(encoding="utf-8"))
    (compared.folder / "other.yaml").write_text(yaml.safe_dump(changed(given, change)), encoding="utf-8")
    assert compared.plan("compared", configfile="other.yaml") == expected


def test_its_test_passes(compared):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_mean_photograph.py"],
        cwd=compared.folder,
        env=os.environ | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
