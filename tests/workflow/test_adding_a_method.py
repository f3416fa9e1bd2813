"""Methods that ours are compared with: docs/adding-a-method.md adds one, and each reruns alone."""

import os
import re
import subprocess
import sys

import h5py
import pandas as pd
import pytest
import yaml
from tiny_project import REPOSITORY, TINY, changed, edited

from fundus_anomaly.files.hdf5 import read_ids
from fundus_anomaly.scoring.contract import read_scores

pytestmark = pytest.mark.workflow

PAGE = (REPOSITORY / "docs" / "adding-a-method.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"\n`([^`\n]+)`(, below [^\n]+)?\n\n```\w+\n(.*?)```", PAGE, re.DOTALL)
# A method that learns from labels, starts from a network's file, and gives no map: the mean red of both classes.
LABELLED = """
from dataclasses import dataclass
import numpy as np
import torch
from fundus_anomaly.methods.interface import Fitted, Method, Scores

@dataclass(frozen=True)
class Settings:
    pass

class Detector:
    def __init__(self, means):
        self.means = means

    def score(self, images, fields_of_view):
        red = images[..., 0].mean((1, 2))
        return Scores(np.abs(red - self.means[0]) - np.abs(red - self.means[1]))

    def state(self):
        return {"means": torch.from_numpy(self.means)}

def fit(normals, held_out, settings, work, *, abnormal, network):
    assert network.weights.stat().st_size and network.name == "efficientnet_lite0"
    sides = (normals, abnormal.taught)
    means = np.array([side.images(range(len(side)))[..., 0].mean() for side in sides])
    return Fitted(Detector(means), [{"epoch": 1, "abnormal": len(abnormal.taught)}])

def read(state, size, settings, work):
    return Detector(state["means"].numpy())

METHOD = Method(Settings, fit, read)
"""
SECTION = """
      labelled_mean:
        title: Labelled mean
        takes: [abnormal, network]
        type: object
        additionalProperties: false
        default: {}
        description: "The nearer of two means."
        properties: {}
"""
# What stands on all fits, and on one.
OF_MAPS = {"table_compared": 1, "figure_compared": 1}
OF_ALL = OF_MAPS | {"figure_compared_learning": 1}
OF_A_FIT = {"fit": 1, "apply": 1, "evaluate": 1} | OF_ALL


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
    (folder / "src" / "fundus_anomaly" / "methods" / "labelled_mean.py").write_text(LABELLED, encoding="utf-8")
    schema = folder / "workflow" / "schemas" / "config.schema.yaml"
    text = schema.read_text(encoding="utf-8")
    schema.write_text(text.replace("\n  figures:\n", f"{SECTION}  figures:\n"), encoding="utf-8")
    mine = yaml.safe_load((folder / "mine.yaml").read_text(encoding="utf-8"))
    mine["compared"]["methods"].append("labelled_mean")
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
    names = ["Auto-Encoder", "Mean photograph", "Mean photograph, sharp", "Labelled mean"]
    names += ["PatchCore", "PatchCore, re-weighted and smoothed", "ReSAD"]
    assert table["method"].tolist() == names
    assert table["image_auc"].notna().all()
    assert (
        table["pixel_auc"].isna().tolist() == table["pixel_aupro"].isna().tolist() == 3 * [False] + [True] + 3 * [False]
    )
    text = (compared.results / "tables" / "compared.md").read_text(encoding="utf-8")
    assert "ReSAD" in text and "Mean photograph, sharp: blur 0.5" in text
    assert "No figures of pixels: Labelled mean." in text
    # How long a job took, and what it differs in from its paper, stand beside the figures.
    assert table.set_index("method").loc["Auto-Encoder", "fit_seconds"] > 0
    assert table.set_index("method").loc["Auto-Encoder", "differs_from_paper"] == "epochs, batch, learning_rate, size"


def test_a_method_that_takes_labels_sees_abnormal_photographs_of_no_tested_patient(compared):
    history = pd.read_csv(compared.one("methods/labelled_mean/*/*/history.csv"))
    with h5py.File(compared.results / "images" / "compared" / "unused.h5") as file:
        beside = read_ids(file)
    assert 0 < history["abnormal"].item() <= len(beside)
    assert not {name.rpartition("_")[0] for name in beside} & {
        name.rpartition("_")[0] for name in read_scores(compared.one("scores/labelled_mean/*/*/test.csv"))["id"]
    }


def test_a_finished_comparison_plans_nothing(compared):
    assert compared.plan("compared") == {}


def test_the_index_leads_to_the_comparison_once_it_is_there(compared):
    compared.run("index")
    text = (compared.results / "index.html").read_text(encoding="utf-8")
    for page in ("tables/compared.html", "tables/compared.csv", "figures/compared.html"):
        assert f'href="{page}"' in text
    assert "tables/rivals.html" not in text
    assert compared.plan() == {}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("methods/mean_photograph.py", {"fit": 2, "apply": 2, "evaluate": 2} | OF_ALL),
        ("methods/auto_encoder.py", OF_A_FIT),
        ("methods/reconstruction.py", OF_A_FIT),
        ("training/epochs.py", OF_A_FIT),
        ("methods/applied.py", {"apply": 4, "evaluate": 4} | OF_MAPS),
        ("methods/taught.py", {"fit": 4, "apply": 4, "evaluate": 4} | OF_ALL),
        ("methods/detector_file.py", {"fit": 4, "apply": 4, "evaluate": 4} | OF_ALL),
    ],
)
def test_an_edit_of_a_method_reruns_that_method_alone(compared, module, expected):
    with touched(compared.module(module)):
        assert compared.plan("compared") == expected


def test_ours_do_not_depend_on_the_others(compared):
    with touched(compared.module("methods/auto_encoder.py")):
        # The index shows the configuration, which names them by now.
        assert compared.plan() == {"index": 1}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"methods.auto_encoder.epochs": 1}, OF_A_FIT),
        ({"compared.held_out": 0.5}, {"fit": 4, "apply": 4, "evaluate": 4} | OF_ALL),
        ({"compared.size": 128}, {"images": 3, "fit": 4, "apply": 4, "evaluate": 4} | OF_ALL),
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
