"""LesionPaste on chest CT, from NIfTI volumes to a table over folds, through the real workflow."""

import json

import mosmed_samples
import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from tiny_project import TinyProject, changed

from fundus_anomaly.datasets.manifest import read_manifest
from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank
from support.private import private

pytestmark = pytest.mark.workflow

CONFIGURATION = ("--configfile", "config/mosmed.yaml", "small.yaml")
ROWS = {"LesionPaste", "LesionPaste w.o. MixUp"}
RUNS = {"fold~0/repeat~0", "fold~1/repeat~0"}
LUNG_WINDOW = {"level": -600, "width": 1500}
CHANGES = {
    "data.mosmed": {"normal_slices": 10, "folds": 2},
    "lesionpaste.preprocessing": {"size": 64},
    "lesionpaste.network": {"name": "efficientnet_lite0"},
    "lesionpaste.training": {"epochs": 1, "batch": 4, "tested_every": 1},
    "lesionpaste.control": False,
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return mosmed_samples.write_dataset(tmp_path_factory.mktemp("dataset") / "Lungen, Köln")


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    project = TinyProject.checkout(tmp_path_factory.mktemp("mosmed"))
    project.results = project.folder / "results" / "mosmed"
    configure(project, CHANGES | {"data_root": str(dataset)})
    project.run("lesionpaste", *CONFIGURATION, configfile=None)
    return project


def configure(project, changes):
    """Write what is smaller than in the benchmark's configuration, which counts in all else."""
    (project.folder / "small.yaml").write_text(yaml.safe_dump(changed({}, changes)), encoding="utf-8")


def plan(project):
    return project.plan("lesionpaste", *CONFIGURATION, configfile=None)


def patients_trained_on(project, run):
    """Return the patients of the images that the trainings of a run were given.

    Snakemake's own records of the trainings hold a digest of the images, which must be that of the training images of
    the other folds.
    """
    table = read_manifest(project.results / "audit" / "manifest.csv")
    fold = int(run.partition("/")[0].removeprefix("fold~"))
    others = table[(table["split"] == "train") & (table["fold"].astype(int) != fold)]
    digest = repr(private(others[["id", "patient"]].to_dict("list")))
    records = [
        json.loads(file.read_text(encoding="utf-8"))
        for file in (project.folder / ".snakemake/metadata").rglob("*")
        if file.is_file()
    ]
    given = [
        record["params"] for record in records if record["rule"] == "train" and any(run in log for log in record["log"])
    ]
    assert given
    assert all(digest in parameters for parameters in given)
    return set(others["patient"])


def ids_tested(project, run):
    """Return the ids that each classifier of a run was tested on."""
    return [pd.read_csv(file)["id"] for file in project.results.glob(f"scores/lesionpaste/*/*/{run}/test.csv")]


def patients(ids):
    return set(ids.str.rpartition("/")[0])


def picture(study, number):
    """Return a slice of a study in the paper's window, written out by hand: -1000 HU is black, 400 HU white."""
    values = mosmed_samples.hounsfield(study)[::-1, ::-1, number].T.astype(float)
    return ((values + 1000) / 1400 * 255).clip(0, 255).round().astype(np.uint8)


def test_no_person_is_trained_on_and_tested_and_the_source_is_neither(trained):
    for run in RUNS:
        known = patients_trained_on(trained, run)
        assert len(known) == 2
        for ids in ids_tested(trained, run):
            assert known.isdisjoint(patients(ids))
            assert f"mosmed/{mosmed_samples.SOURCE}" not in patients(ids) | known


def test_every_normal_and_every_abnormal_image_is_tested_once_over_the_folds(trained):
    by_row = zip(*(ids_tested(trained, run) for run in sorted(RUNS)), strict=True)
    for folds in by_row:
        ids = pd.concat(folds)
        assert ids.is_unique
        studies = ids.str.split("/").str[1]
        assert studies.isin(mosmed_samples.HEALTHY).sum() == 10
        annotated = {study: len(n) for study, n in mosmed_samples.ANNOTATED.items() if study != mosmed_samples.SOURCE}
        assert studies[~studies.isin(mosmed_samples.HEALTHY)].value_counts().to_dict() == annotated


def test_the_table_has_one_auc_for_each_fold_and_method_beside_the_published_ones(trained):
    table = pd.read_csv(trained.results / "tables/lesionpaste_3.csv")
    ours = table[table["source"] == "this run"]
    assert {tuple(line) for line in ours[["method", "run"]].values} == {(row, run) for row in ROWS for run in RUNS}
    assert len(ours) == 4
    assert (ours["against"] == "all").all()
    assert ours["auc"].between(0, 1).all()
    assert ours["auc_epoch_chosen_on_test"].between(0, 1).all()
    published = table[table["source"] == "published"].set_index("method")["auc"]
    assert (published["LesionPaste"], published["LesionPaste w.o. MixUp"]) == (0.9546, 0.9441)


def test_slices_and_masks_are_the_windowed_volumes_however_those_are_stored(trained):
    images = [file for file in trained.results.glob("slices/*/*.png") if "_lesion" not in file.name]
    assert {file.parent.name for file in images} == {*mosmed_samples.HEALTHY, *mosmed_samples.ANNOTATED}
    for file in images:
        study, number = file.parent.name, int(file.stem)
        assert np.array_equal(np.asarray(Image.open(file)), picture(study, number)), file
        mask = file.with_name(f"{file.stem}_lesion.png")
        assert mask.exists() == (study in mosmed_samples.ANNOTATED)
        if mask.exists():
            lesion = mosmed_samples.lesion_mask(study)[::-1, ::-1, number].T * 255
            assert np.array_equal(np.asarray(Image.open(mask)), lesion), mask


def test_a_lesion_of_the_bank_has_the_colours_of_the_windowed_study(trained):
    (lesion,) = read_bank(trained.one("lesion_bank/*/bank.h5"))
    top, left, height, width = lesion.box
    window = slice(top, top + height), slice(left, left + width)
    largest = max(mosmed_samples.ANNOTATED[mosmed_samples.SOURCE], key=mosmed_samples.ANNOTATED["study_0255"].get)
    marked = mosmed_samples.lesion_mask(mosmed_samples.SOURCE)[::-1, ::-1, largest].T > 0
    assert lesion.area == marked.sum()
    assert np.array_equal(lesion.mask, marked[window])
    expected = picture(mosmed_samples.SOURCE, largest)[window]
    assert np.array_equal(lesion.patch[lesion.mask], np.repeat(expected[marked[window]][:, None], 3, axis=1))


def test_the_audit_finds_nothing_in_the_slices_but_that_they_are_grey(trained):
    findings = pd.read_csv(trained.results / "audit/findings.csv")
    assert findings[["severity", "kind"]].values.tolist() == [["warning", "grey photograph"]]
    page = (trained.results / "audit/audit.html").read_text(encoding="utf-8")
    assert "annotated studies" in page


def test_figures_are_drawn(trained):
    for name in ("twins", "gradcam", "learning_curves_3"):
        assert (trained.results / f"figures/{name}.png").stat().st_size > 10_000
    assert trained.one("lesion_bank/*/lesions.png").stat().st_size > 10_000


def test_a_finished_run_plans_nothing(trained):
    assert plan(trained) == {}


def test_table_3_whole_adds_the_control_of_patches_in_each_fold_and_no_other_method(trained):
    planned = trained.plan("rivals", *CONFIGURATION, configfile=None)
    assert planned == {"train": 2, "classify": 2, "evaluate": 2, "table_rivals": 1}


def test_another_window_cuts_the_slices_anew_and_another_training_does_not(trained, dataset):
    settings = CHANGES | {"data_root": str(dataset)}
    try:
        configure(trained, settings | {"data.mosmed": CHANGES["data.mosmed"] | {"window": LUNG_WINDOW}})
        assert {"slices", "inspect_photographs", "lesion_bank", "train"} <= plan(trained).keys()
        configure(trained, settings | {"lesionpaste.repeats": [0, 1]})
        jobs = plan(trained)
    finally:
        configure(trained, settings)
    assert jobs.pop("train") == jobs.pop("classify") == jobs.pop("evaluate") == 4
    assert jobs == {"table_lesionpaste": 1, "figure_learning_curves": 1}


def test_a_volume_that_changed_is_cut_anew(trained, dataset):
    file = dataset / "studies/CT-0/study_0003.nii.gz"
    before = file.read_bytes()
    try:
        mosmed_samples.write_volume(file, mosmed_samples.hounsfield("study_0003") + np.int16(50))
        assert "volumes" in plan(trained)
    finally:
        file.write_bytes(before)
