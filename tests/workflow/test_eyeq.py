"""LesionPaste's EyeQ benchmark through the real workflow, lesions from IDRiD, on small copies of both layouts."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from fundus_layouts import TEST, TRAIN, write_eyeq, write_idrid
from PIL import Image
from tiny_project import TinyProject

from fundus_anomaly.datasets.subsets import share_of_patients
from fundus_anomaly.files.hdf5 import open_h5, read_ids

pytestmark = pytest.mark.workflow

ANNOTATED = ("48", "49", "03", "13", "39", "08", "14", "18", "19", "22")
TINY = {
    "preprocessing": {"size": 96},
    "lesionpaste": {
        "preprocessing": {"size": 64},
        "network": {"name": "efficientnet_lite0"},
        "training": {"epochs": 1, "batch": 4, "tested_every": 1, "validation": 0.3},
    },
    "figures": {"rows": 2},
}
VALIDATION = TINY["lesionpaste"]["training"]["validation"]
GOOD_TEST = {f"eyeq/test/{name}" for name, quality, _ in TEST if quality == 0}
NORMAL_TRAIN = {f"eyeq/train/{name}" for name, quality, grade in TRAIN if quality == 0 and grade == 0}


class EyeqProject(TinyProject):
    """A project whose command line is the one that config/eyeq.yaml gives, with a second file for the small size."""

    def command(self, *arguments: str, configfile: str | None = "tiny.yaml") -> list[str]:
        root = f"lesionpaste={{source: {{root: {str(self.idrid)!r}}}}}"
        files = ["--configfile", "config/eyeq.yaml", configfile]
        return [*super().command(*arguments, configfile=None), *files, "--config", f"data_root={self.eyepacs}", root]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("eyeq")
    project = EyeqProject(TinyProject.checkout(folder / "project").folder)
    project.results = project.folder / "results" / "eyeq"
    project.eyepacs, project.idrid = folder / "Fundus Bilder" / "EyePACS ñ", folder / "Fundus Bilder" / "IDRiD Köln"
    (project.folder / "tiny.yaml").write_text(yaml.safe_dump(TINY), encoding="utf-8")
    write_eyeq(project.eyepacs)
    write_idrid(project.idrid, dict.fromkeys(ANNOTATED, ("MA", "HE", "EX", "SE")))
    return project


@pytest.fixture(scope="module")
def trained(project):
    project.run("lesionpaste")
    return project


def test_the_papers_tables_can_be_planned_from_two_folders(project):
    jobs = project.plan("lesionpaste_ablations")
    # Tables 1 and 2 share the row without MixUp, and A1 and A2 the one with IDRiD_48 alone.
    assert jobs["train"] == jobs["classify"] == 11 + 4 + 5 + 4
    assert jobs["lesion_bank"] == 9
    assert jobs["table_lesionpaste"] == 4


def test_every_grade_that_is_there_has_its_area_beside_the_published_ones(trained):
    table = pd.read_csv(trained.results / "tables/lesionpaste_3.csv")
    ours = table[table["source"] != "published"]
    assert set(ours["method"]) == {"LesionPaste", "LesionPaste w.o. MixUp", "control: twins without lesions"}
    for _, lines in ours.groupby("method"):
        counts = lines.set_index("against")[["normals", "abnormals"]].astype(int).T.to_dict("list")
        assert counts == {"grade_1": [6, 2], "grade_2": [6, 2], "grade_4": [6, 2], "all": [6, 6]}
    assert ours["auc"].between(0, 1).all()
    published = table[(table["source"] == "published") & (table["method"] == "LesionPaste")]
    assert published.set_index("against")["auc"].to_dict()["all"] == 0.8216


def test_the_epoch_chosen_on_the_test_stands_in_a_column_of_its_own(trained):
    table = pd.read_csv(trained.results / "tables/lesionpaste_3.csv")
    ours = table[table["source"] != "published"]
    assert ours["epoch_chosen_on_test"].eq(1).all()
    # After the only epoch both ways choose the same weights.
    np.testing.assert_allclose(ours["auc_epoch_chosen_on_test"], ours["auc"])
    text = (trained.results / "tables/lesionpaste_3.md").read_text(encoding="utf-8")
    assert "0 vs all, epoch chosen on the test" in text
    assert "lesions of: idrid/segmentation/48" in text


def test_images_of_another_quality_are_in_no_score_file(trained):
    files = list(trained.results.glob("scores/lesionpaste/**/test.csv"))
    assert len(files) == 3
    for file in files:
        assert set(pd.read_csv(file)["id"]) == GOOD_TEST
    with open_h5(trained.results / "images/lesionpaste/train.h5", "id") as file:
        assert set(read_ids(file)) == NORMAL_TRAIN


def test_no_patient_who_chooses_the_epoch_is_trained_on(trained):
    with open_h5(trained.results / "images/lesionpaste/train.h5", "id") as file:
        ids = read_ids(file)
    patients = [name.rsplit("_", 1)[0] for name in ids]
    held_out = share_of_patients([f"eyeq/{name.rsplit('/', 1)[1]}" for name in patients], VALIDATION, 0)
    chosen = {patient for patient, held in zip(patients, held_out, strict=True) if held}
    assert chosen.isdisjoint(patient for patient, held in zip(patients, held_out, strict=True) if not held)
    for log in trained.results.glob("logs/train/**/*.log"):
        told = re.search(r"(\d+) normal images to train on, (\d+) to choose the epoch by", log.read_text("utf-8"))
        assert tuple(map(int, told.groups())) == ((~held_out).sum(), held_out.sum()) == (6, 4)


def test_a_finished_run_plans_nothing(trained):
    assert trained.plan("lesionpaste") == {}


def test_a_folder_of_annotated_images_that_is_not_there_is_named(project, tmp_path):
    other = EyeqProject(project.folder)
    other.eyepacs, other.idrid = project.eyepacs, tmp_path / "IDRiD ø"
    stopped = other.snakemake("lesionpaste", "-n")
    assert stopped.returncode != 0
    assert "IDRiD, root" in stopped.stdout
    assert "IDRiD ø" in stopped.stdout


def test_all_annotated_images_that_are_missing_are_named_at_once(project, tmp_path):
    other = EyeqProject(project.folder)
    other.eyepacs, other.idrid = project.eyepacs, tmp_path / "IDRiD"
    shutil.copytree(project.idrid, other.idrid)
    for file in [*other.idrid.rglob("IDRiD_13*"), *other.idrid.rglob("IDRiD_19_*")]:
        file.unlink()
    stopped = other.snakemake("lesionpaste_ablations", "-n")
    assert stopped.returncode != 0
    assert "lesionpaste.ablations.A1, row 'idrid_13', sources" in stopped.stdout
    assert "'idrid/segmentation/19', which has no lesion mask" in stopped.stdout


def test_an_annotated_image_of_another_dataset_that_is_a_photograph_of_the_test_stops_the_run(project, tmp_path):
    other = EyeqProject(project.folder)
    other.eyepacs, other.idrid = project.eyepacs, tmp_path / "IDRiD"
    shutil.copytree(project.idrid, other.idrid)
    copy, again = (next(other.idrid.rglob(f"IDRiD_{number}.jpg")) for number in ("22", "48"))
    shutil.copy(project.eyepacs / "test" / "4_left.jpeg", copy)
    # The same photograph in another file, and smaller.
    with Image.open(project.eyepacs / "train" / "10_left.jpeg") as photograph:
        photograph.resize((120, 105)).save(again, quality=80)
    (project.folder / "leak.yaml").write_text(yaml.safe_dump(TINY | {"experiment": "leak"}), encoding="utf-8")
    stopped = other.snakemake("results/leak/audit/left_out.csv", configfile="leak.yaml")
    assert stopped.returncode != 0
    told = " ".join(stopped.stdout.split())
    assert "lesions of an image of the benchmark, eyeq/test/4_left, source/idrid/segmentation/22" in told
    assert "lesions of an image of the benchmark, eyeq/train/10_left, source/idrid/segmentation/48" in told
    # Their patients' other eyes would be trained on and tested too.
    findings = pd.read_csv(project.folder / "results/leak/audit/findings.csv")
    errors = findings[findings["severity"] == "error"].groupby("kind")["exclude"].agg(list).to_dict()
    assert errors == {
        "lesions of an image of the benchmark": ["eyeq/test/4_left", "eyeq/train/10_left"],
        "nearly identical photographs with two labels": ["eyeq/train/10_left"],
        "lesions of a patient of the benchmark": [
            "eyeq/train/10_left eyeq/train/10_right",
            "eyeq/test/4_left eyeq/test/4_right",
        ],
    }
    # The other annotated images were looked at, and nothing is wrong with them.
    assert len(pd.read_csv(project.folder / "results/leak/audit/photographs.source.csv")) == len(ANNOTATED)


def test_broken_photographs_a_test_of_one_class_and_shares_below_one_are_reported_and_stop_nothing(project, tmp_path):
    other = EyeqProject(project.folder)
    other.results = project.folder / "results" / "hard"
    other.eyepacs, other.idrid = tmp_path / "EyePACS ø", project.idrid
    shutil.copytree(project.eyepacs, other.eyepacs)
    (other.eyepacs / "train" / "10_left.jpeg").write_bytes(b"")
    (other.eyepacs / "test" / "1_left.jpeg").write_bytes(b"no photograph" * 100)
    abnormal = [f"eyeq/test/{name}" for name, quality, grade in TEST if quality == 0 and grade]
    section = {"control": False, "rows": [], "mix": [{"types": ["MA"], "share": 0.3}, {"types": ["HE"], "share": 0.2}]}
    hard = TINY | {"experiment": "hard", "data": {"on_bad_image": "exclude", "exclude": abnormal}}
    hard["lesionpaste"] = TINY["lesionpaste"] | section
    (project.folder / "hard.yaml").write_text(yaml.safe_dump(hard), encoding="utf-8")
    other.run("lesionpaste", configfile="hard.yaml")

    scores = pd.read_csv(other.one("scores/lesionpaste/**/test.csv"))
    assert set(scores["id"]) == GOOD_TEST - {*abnormal, "eyeq/test/1_left"}
    text = (other.results / "tables/lesionpaste_3.md").read_text(encoding="utf-8")
    assert (
        "LesionPaste, 0 vs all: undefined: the test needs images labelled normal and images labelled abnormal" in text
    )
    assert re.search(r"Excluded images: .*eyeq/test/1_left .*eyeq/train/10_left|10_left.*1_left", text)
    assert not (other.results / "figures/gradcam.png").exists()
    log = other.one("logs/train/**/*.log").read_text(encoding="utf-8")
    assert "the shares of lesionpaste.mix sum to 0.5 and are rescaled to sum to 1: MA 0.6, HE 0.4" in log
    assert "9 of the manifest's 10 normal images: the audit excluded the others" in log
    assert "5 of the manifest's 6 test images" in other.one("logs/classify/**/*.log").read_text(encoding="utf-8")
    bank = other.one("logs/lesion_bank/*.log").read_text(encoding="utf-8")
    assert re.search(r"of types that lesionpaste.mix never names, not in the bank: .* EX, .* SE", bank)
    assert other.plan("lesionpaste", configfile="hard.yaml") == {}


def test_the_papers_ablations_are_made_with_the_published_rows_beside_ours(trained):
    trained.run("lesionpaste_ablations")
    rows = {}
    for name in ("1", "2", "A1", "A2"):
        table = pd.read_csv(trained.results / f"tables/lesionpaste_{name}.csv")
        ours, published = (table[(table["source"] == "published") == there] for there in (False, True))
        assert ours["auc"].between(0, 1).all()
        rows[name] = (set(ours["method"]), set(published["method"]))
        assert (trained.results / f"figures/learning_curves_{name}.png").stat().st_size > 0
    assert {name: len(ours) for name, (ours, _) in rows.items()} == {"1": 11, "2": 5, "A1": 5, "A2": 5}
    # Each of our rows has the paper's of the same name.
    assert not [name for name, (ours, published) in rows.items() if ours - published]
    assert trained.plan("lesionpaste_ablations") == {}
