"""Settings are chosen without the test: its photographs, masks and labels reach no job of `select`."""

import json
import os
import subprocess

import pandas as pd
import pytest
import yaml
from fundus_layouts import write_idrid
from test_without_annotated_image import write_normals
from tiny_project import REPOSITORY, TinyProject, edited

from fundus_anomaly.files.hdf5 import open_h5, read_ids, read_texts

pytestmark = pytest.mark.workflow

CHANGES = {
    "select.patients": 3,
    "select.most": 4,
    "select.candidates": [
        {"name": "ReSAD"},
        {"name": "ReSAD, calibrated", "calibrated": True},
        {"name": "PatchCore", "pool": 3, "region": 0, "spatial": "off"},
    ],
}
ANNOTATED = "idrid/segmentation/49"
OF_SELECT = {"lesioned", "score_lesioned", "evaluate_lesioned", "table_select"}
TO_THE_BANK = {"weights", "inspect_photographs", "images", "features", "resc", "coreset", "memory_bank", "calibrate"}


@pytest.fixture(scope="module")
def idrid(tmp_path_factory):
    """The project, and IDRiD with 28 normals to train on, two annotated images, one of them out of the test."""
    project = TinyProject.checkout(tmp_path_factory.mktemp("checkout"))
    root = tmp_path_factory.mktemp("idrid")
    write_normals(root)
    (root / "more").mkdir()
    write_idrid(root / "more", {"49": ("MA", "HE", "EX", "SE")})
    for file in (root / "more" / "A. Segmentation").rglob("*_49*"):
        target = root / file.relative_to(root / "more")
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
    return project, root


def jobs_of(project, root, target, lesions):
    """Return what the jobs of a target are given."""
    settings = {
        "data_root": str(root),
        "data": {"exclude": [ANNOTATED]},
        "select": {"lesions": lesions},
        "lesionpaste": {"source": {"images": [ANNOTATED]}},
    }
    (project.folder / "own.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    done = subprocess.run(
        [TinyProject.python, REPOSITORY / "tests/workflow/planned_jobs.py", target, "config/idrid.yaml", "own.yaml"],
        cwd=project.folder,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=600,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("JOBS ")]
    assert lines, done.stdout + done.stderr
    return json.loads(lines[0].removeprefix("JOBS "))


def reaching(jobs):
    """Return the rules whose jobs are given a photograph, a mask, a label or a result of the test."""
    marks = ("IDRiD_48", "segmentation/48", "b. Testing Set", "Testing Labels", "grading/test", "test.h5", "test.csv")
    marks += (".test.", "findings.csv", "left_out.csv")
    return {job["rule"] for job in jobs if any(mark in json.dumps([job["input"], job["params"]]) for mark in marks)}


@pytest.mark.parametrize("lesions", ["none", "source"])
def test_no_job_of_select_is_given_anything_of_the_test(idrid, lesions):
    jobs = jobs_of(*idrid, "select", lesions)
    rules = {job["rule"] for job in jobs}
    assert rules == TO_THE_BANK | OF_SELECT | {"select"} | ({"selection_bank"} if lesions == "source" else set())
    assert not reaching(jobs)
    # Every input is made by one of these jobs, or is a file of the data that none of the test's names is in.
    made = {file for job in jobs for file in job["output"]}
    outside = {
        file
        for job in jobs
        for value in job["input"].values()
        for file in ([value] if isinstance(value, str) else value)
        if file not in made
    }
    assert all("a. Training Set" in file for file in outside)
    assert any("IDRiD_49" in file for file in outside) is (lesions == "source")


def test_what_does_look_at_the_test_is_seen_to_do_so(idrid):
    jobs = jobs_of(*idrid, "proxy", "none")
    assert {"images", "masks", "score", "evaluate"} <= reaching(jobs)


@pytest.fixture(scope="module")
def selected(project):
    """The finished tiny run, in which settings were chosen and then held against the test."""
    project.configure(CHANGES)
    before = project.plan("select")
    project.run("select", "proxy")
    return project, before


def test_a_finished_run_has_its_banks_and_judges_them_by_lesioned_copies(selected):
    project, before = selected
    assert before == {"lesioned": 1, "features": 1, "resc": 2, "score_lesioned": 2, "evaluate_lesioned": 2} | {
        "table_select": 1
    }
    assert project.plan("select") == {}
    # The index shows the whole configuration.
    assert project.plan("all") == {"index": 1}


def test_copies_are_of_held_out_normals_and_everything_is_judged_once(selected):
    project, _ = selected
    with open_h5(project.results / "images/resad/train.h5", "id") as file:
        normals = read_ids(file)
    with open_h5(project.results / "images/resad/lesioned.h5", "image", "normal") as file:
        assert read_texts(file, "normal") == normals
        assert file["image"].shape == (6, 96, 96, 3)
    table = pd.read_csv(project.results / "tables/select.csv")
    assert list(table["method"]) == ["ReSAD", "ReSAD, calibrated", "PatchCore"]
    assert table["chosen"].sum() == 1
    assert table["image_auc"].between(0, 1).all()
    assert table["pixel_auc"].iloc[0] == table["pixel_auc"].iloc[1] != table["pixel_auc"].iloc[2]
    for scores in project.results.glob("selection/*/*/*/*/*/*/*/scores.csv"):
        found = pd.read_csv(scores)
        assert list(found["label"]) == [0] * 6 + [1] * 6
        # The very scores that calibrate the threshold: no entry of the own patient took part.
        held_out = pd.read_csv(
            project.results / "scores" / scores.parent.relative_to(project.results / "selection") / "calibration.csv"
        )
        pd.testing.assert_series_equal(found["maximum"][:6], held_out["maximum"])
    page = (project.results / "tables/select.html").read_text(encoding="utf-8")
    assert "Chosen by image AUC" in page


def test_the_choice_is_written_with_a_digest_of_configuration_and_code(selected):
    project, _ = selected
    record = json.loads((project.results / "selection.json").read_text(encoding="utf-8"))
    table = pd.read_csv(project.results / "tables/select.csv").set_index("method")
    assert record["chosen"]["name"] == table["chosen"].idxmax()
    assert record["value"] == pytest.approx(table["image_auc"].max())
    assert record["chosen"].keys() == {"name", *record["candidates"]["ReSAD"]}
    assert record["not_to_be_tested_on"] == []
    assert len(record["digest"]) == 64
    module = project.module("evaluation/choice.py")
    with edited(module, module.read_bytes() + b"\n"):
        assert project.plan("select") == {"table_select": 1}


def test_the_copies_are_held_against_the_test_in_a_table_of_its_own(selected):
    project, _ = selected
    table = pd.read_csv(project.results / "tables/proxy.csv").set_index("method")
    assert list(table.index) == ["ReSAD", "PatchCore", "70%", "eq. 4 as identity"]
    tested = pd.read_csv(project.results / "tables/resad.csv").set_index("method")
    for name in ("ReSAD", "PatchCore"):
        assert table.loc[name, "pixel_auc_test"] == pytest.approx(tested.loc[name, "pixel_auc"])
    ranks = pd.read_csv(project.results / "tables/proxy_correlation.csv").set_index("figure")
    assert list(ranks["rows"]) == [4, 4]
    assert ranks.loc["pixel_auc", "spearman"] == pytest.approx(
        table["pixel_auc_lesioned"].rank().corr(table["pixel_auc_test"].rank())
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"select.candidates": []}, "select.candidates is empty: name settings to choose from"),
        ({"select.patients": 4}, "found 6 of 3 patients; allowed: 4 patients or more"),
        (
            {"select.lesions": "source", "lesionpaste.source.images": []},
            "select.lesions is source, and lesionpaste.source.images is empty",
        ),
        (
            {"select.lesions": "source", "lesionpaste.source.images": ["phantom/test/0003_left"]},
            "'phantom/test/0003_left', an image of the benchmark itself",
        ),
    ],
    ids=["no candidate", "too few patients", "no annotated image", "an annotated image of the test"],
)
def test_what_cannot_be_chosen_by_is_named_before_any_job(project, changes, told):
    try:
        project.configure(CHANGES | changes)
        stopped = project.snakemake("select", "-n")
    finally:
        project.configure(CHANGES)
    assert stopped.returncode != 0
    assert told in stopped.stdout
