"""A detector carried elsewhere judges a folder of photographs: each once, and what it says is the workflow's own."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from urllib.parse import unquote

import h5py
import pandas as pd
import pytest
from PIL import Image
from tiny_project import TinyProject

from fundus_anomaly.quality.tables import read_summary
from fundus_anomaly.scoring.contract import read_scores

pytestmark = pytest.mark.workflow

VARIANT = "scores/backbone*/pool~1/region~2/spatial~matmul/*/normals~1.0/*/calibrated"


class Clinic:
    """A checkout of its own with a detector, and a folder of photographs without any normal one set apart."""

    def __init__(self, folder, project):
        self.project = TinyProject.checkout(folder / "the clinic's")
        self.detector = folder / "größe" / "detector.h5"
        self.detector.parent.mkdir()
        shutil.copy(project.results / "detector.h5", self.detector)
        self.photographs = folder / "new photographs"
        shutil.copytree(project.results / "data" / "test", self.photographs)
        self.results = self.project.folder / "results" / "new_photographs"

    def arguments(self, *more):
        return ("predict", *more, "--config", f"detector={self.detector}", f"data_root={self.photographs}")

    def run(self, *more):
        return self.project.run(*self.arguments(*more), configfile=None)

    def refused(self, **config):
        given = {"detector": self.detector, "data_root": self.photographs} | config
        done = self.project.snakemake(
            "predict", "--config", *(f"{key}={value}" for key, value in given.items()), configfile=None
        )
        assert done.returncode != 0
        return done.stdout

    @property
    def table(self):
        return pd.read_csv(self.results / "images.csv", encoding="utf-8-sig", keep_default_na=False)

    def kept(self):
        return {file.name: file.stat().st_mtime_ns for file in (self.results / "judged").iterdir()}


@pytest.fixture(scope="module")
def clinic(project, tmp_path_factory):
    project.run("detector")
    clinic = Clinic(tmp_path_factory.mktemp("clinic"), project)
    clinic.scores = read_scores(project.one(f"{VARIANT}/test.csv")).set_index("id")["inner_maximum"].to_dict()
    clinic.first = clinic.run()
    return clinic


def test_every_photograph_has_the_score_of_the_workflow_and_its_pictures(clinic):
    found = clinic.table
    assert {
        f"phantom/test/{name}".removesuffix(".jpg"): score
        for name, score in zip(found["id"], found["score"], strict=True)
    } == (clinic.scores)
    assert all((clinic.results / path).is_file() for path in found["heat_map"])
    assert (found["decision"] == "above the threshold").tolist() == (found["score"] >= found["threshold"]).tolist()
    page = (clinic.results / "pages" / "index.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page
    assert f"{len(found)} photographs" in page
    assert set(found["quality"]) <= {"judged", "judged with care"}
    assert read_summary(clinic.results / "quality" / "summary.csv")[1].colour == "green"
    assert f"{len(found)} of {len(found)} photographs are new" in clinic.first


def test_the_workbook_has_the_rows_of_the_table(clinic):
    with zipfile.ZipFile(clinic.results / "images.xlsx") as file:
        sheet = file.read("xl/worksheets/sheet1.xml").decode()
        texts = file.read("xl/sharedStrings.xml").decode()
    assert sheet.count("<row ") == len(clinic.table) + 1
    assert all(f">{name}<" in texts for name in [*clinic.table.columns, *clinic.table["id"]])


def test_the_index_counts_the_decisions_and_names_no_folder(clinic):
    text = (clinic.results / "index.html").read_text(encoding="utf-8")
    led = re.findall(r'href="([^"]+)"', text)
    assert led and all((clinic.results / unquote(address)).is_file() for address in led)
    for decision, count in clinic.table["decision"].value_counts().items():
        assert re.search(rf"<td>{decision}</td><td[^>]*>{count}</td>", text)
    assert re.search(r"<td>judge</td><td>1</td><td>[\d.]+ ", text)
    assert str(clinic.photographs) not in text and str(clinic.detector) not in text


def test_a_further_photograph_costs_one_and_a_withdrawn_one_leaves_nothing(clinic):
    before, count = clinic.kept(), len(clinic.table)
    assert "Nothing to be done" in clinic.run("-n")
    image = next(iter(clinic.photographs.rglob("*.jpg")))
    with Image.open(image) as photograph:
        photograph.rotate(180).save(clinic.photographs / "=one more.png")
    (clinic.photographs / "letter.jpg").write_text("Dear Sir")
    try:
        assert f"2 of {count + 2} photographs are new" in clinic.run("-n")
        clinic.run()
        table = clinic.table.set_index("path")
        after = clinic.kept()
        assert len(after) == count + 1
        assert {name: after[name] for name in before} == before
        assert len(table) == count + 2
        letter = table.loc["letter.jpg"]
        assert letter["decision"] == "cannot be judged"
        assert letter["reason"].startswith("a file that cannot be decoded")
        for file in [*clinic.results.rglob("*.html"), clinic.results / "images.csv"]:
            assert str(clinic.photographs) not in file.read_text(encoding="utf-8")
        assert "letter.jpg" in (clinic.results / "pages" / "index.html").read_text(encoding="utf-8")
    finally:
        (clinic.photographs / "=one more.png").unlink()
        (clinic.photographs / "letter.jpg").unlink()
    clinic.run()
    assert clinic.kept() == before
    assert not list((clinic.results / "pages").rglob("*one*more*"))


def test_what_cannot_be_judged_is_set_apart_and_photographs_of_another_camera_turn_the_light_red(clinic, tmp_path):
    photographs = tmp_path / "others"
    photographs.mkdir()
    for number, file in enumerate(sorted(clinic.photographs.glob("*.jpg"))[:6]):
        with Image.open(file) as photograph:
            # Another camera shows less of the eye on a larger photograph.
            photograph.resize((480, 420)).crop((120, 110, 360, 300)).save(photographs / f"{number}.jpg", quality=95)
    Image.new("RGB", (480, 420), (120, 60, 20)).save(photographs / "brown.png")
    said = clinic.project.run(
        "predict",
        *("--config", f"detector={clinic.detector}", f"data_root={photographs}", "experiment=others"),
        configfile=None,
    )
    results = clinic.project.folder / "results" / "others"
    table = pd.read_csv(results / "images.csv", encoding="utf-8-sig", keep_default_na=False).set_index("id")
    brown = table.loc["brown.png"]
    assert (brown["decision"], brown["quality"], brown["reason"]) == (
        "cannot be judged",
        "cannot be judged",
        "no fundus: one colour",
    )
    assert (brown["score"], brown["p_value"], brown["heat_map"]) == ("", "", "")
    counts, light = read_summary(results / "quality" / "summary.csv")
    assert counts["photographs"] == 7 and counts["not_judged"] >= 1
    assert light.colour == "red" and "another camera" in light.words
    page = (results / "pages" / "index.html").read_text(encoding="utf-8")
    assert light.words.replace("'", "&#39;") in page and light.words in said
    (card,) = [one for one in page.split("<article")[1:] if 'data-id="brown.png"' in one]
    assert ">cannot be judged<" in card.split("<dialog")[0]
    assert (results / "pages" / "photograph" / "brown.png.jpg").is_file()
    assert not (results / "pages" / "png" / "brown.png.png").exists()


def test_another_detector_judges_all_again(clinic):
    before, whole = clinic.kept(), clinic.detector.read_bytes()
    try:
        with h5py.File(clinic.detector, "r+") as file:
            trained = json.loads(file.attrs["trained"]) | {"normal_quantile": 0.5}
            file.attrs["trained"] = json.dumps(trained)
        clinic.run()
        assert len(clinic.kept()) == len(before)
        assert not clinic.kept().keys() & before.keys()
    finally:
        clinic.detector.write_bytes(whole)
    clinic.run()
    assert clinic.kept().keys() == before.keys()


def test_a_missing_detector_or_folder_and_another_folders_results_are_named(clinic, tmp_path):
    assert "found nothing; allowed: a detector's file" in clinic.refused(detector=tmp_path / "none.h5")
    assert "found nothing; allowed: a folder of photographs" in clinic.refused(data_root=tmp_path / "none")
    shutil.copytree(clinic.photographs, tmp_path / "others")
    said = clinic.refused(data_root=tmp_path / "others")
    assert str(clinic.photographs) in said
    assert "experiment=NAME" in said


def test_a_file_that_is_no_detector_is_refused_in_words(clinic, tmp_path):
    (tmp_path / "detector.h5").write_bytes(clinic.detector.read_bytes()[:5000])
    said = clinic.refused(detector=tmp_path / "detector.h5", experiment="cut")
    assert "detector.h5: found an unreadable file" in said
    assert "Traceback" not in said


def test_the_command_judges_and_ends_with_what_was_decided(clinic):
    folder = clinic.photographs.with_name("neue Größe")
    shutil.copytree(clinic.photographs, folder)
    line = ["-m", "fundus_anomaly.command", "predict", str(clinic.detector), str(folder), "--cores", "2"]
    environment = os.environ | {"PYTHONPATH": str(clinic.project.folder / "src")}
    done = subprocess.run(
        [sys.executable, *line], cwd=clinic.project.folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table = pd.read_csv(clinic.project.folder / "results/neue_Gr_e/images.csv", encoding="utf-8-sig")
    words = done.stdout.splitlines()[-1]
    assert words.startswith(f"{len(table)} photographs: ")
    above, expected = (table["decision"] == "above the threshold").sum(), 100 * table["false_alarms"][0]
    assert f"{above} above the threshold at {expected:.1f} % false alarms" in words
    assert words.endswith("; open results/neue_Gr_e/index.html")
