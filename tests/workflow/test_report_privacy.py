"""A report may be passed on: it holds no name of a patient, no folder of the clinic and no list of the images.

The run is one of a user's own photographs without labels: what it says at its end and in its tables is tested, too.
"""

import base64
import json
import re
import shutil
import urllib.parse
import zipfile
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.workflow

NAMES = ("Erika", "Mustermann", "Klinik", "Musterstadt")


@pytest.fixture(scope="module")
def settings(project, tmp_path_factory):
    """Own photographs in a folder with a name in it, a table with patients, and a file that cannot be used."""
    root = tmp_path_factory.mktemp("own") / "Klinik Musterstadt" / "Erika"
    root.mkdir(parents=True)
    lines = ["path,split,patient"]
    for split in ("train", "test"):
        for number, source in enumerate(sorted((project.results / "data" / split).glob("*.jpg"))):
            shutil.copy(source, root / f"{split}_{number}.jpg")
            lines.append(f"{split}_{number}.jpg,{split},Erika Mustermann {split} {number // 2}")
    (root / "broken_Erika.jpg").write_bytes(b"no picture")
    lines.append("broken_Erika.jpg,test,Erika Mustermann 99")
    (root / "images.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {
        "dataset": "images",
        "data_root": str(root),
        "data.images": {"table": "images.csv"},
        "data.on_bad_image": "exclude",
        "ablations.variants": [],
        "lesionpaste.source": {"images": []},
    }


@pytest.fixture(scope="module")
def said(project, settings):
    """What the run said, all of it."""
    project.configure(settings)
    return project.run("resad")


def opened(text: str) -> str:
    """Return a report's text with all that it holds in another form: base64, escapes of JSON and of addresses."""
    held = re.findall(r"data:[\w/+.-]+(?:;charset=[\w-]+)?;base64,([A-Za-z0-9+/=]+)", text)
    decoded = [opened(base64.b64decode(data).decode("utf-8", "ignore")) for data in held]
    return "\n".join([text, urllib.parse.unquote(text), *decoded])


def entries(page: str) -> dict:
    return json.loads(re.search(r'var results = (\{".*\});?\n', page)[1])


@pytest.mark.parametrize("form", ["html", "zip"])
def test_no_name_is_in_the_report(project, said, form):
    project.run("resad", "--report", f"report.{form}")
    if form == "html":
        texts = {"report.html": (project.folder / "report.html").read_text(encoding="utf-8")}
    else:
        with zipfile.ZipFile(project.folder / "report.zip") as file:
            texts = {name: file.read(name).decode("utf-8", "ignore") for name in file.namelist()}
    assert any("var results" in text for text in texts.values())
    for name, text in texts.items():
        found = [word for word in NAMES if word in opened(text)]
        assert not found, (name, found)
        assert "test_0" not in opened(text), name
        assert str(project.folder) not in opened(text), name


def test_no_name_is_on_the_index(project, said, settings):
    text = (project.folder / "results" / "images" / "index.html").read_text(encoding="utf-8")
    assert [word for word in (*NAMES, settings["data_root"], str(project.folder)) if word in text] == []
    assert "1 image was excluded" in text
    assert "data.images.table" in text


def test_no_page_and_no_table_that_pages_are_made_of_says_where_the_photographs_lie(project, said, settings):
    results = project.folder / "results" / "images"
    files = [*results.rglob("*.html"), *results.rglob("*.md"), *(results / "audit").glob("[fl]*.csv")]
    assert {"audit.html", "resad.md", "findings.csv", "left_out.csv"} <= {file.name for file in files}
    assert [file for file in files if settings["data_root"] in file.read_text(encoding="utf-8")] == []
    reason = pd.read_csv(results / "audit" / "left_out.csv")["reason"][0]
    assert "broken_Erika.jpg: a file that cannot be decoded" in reason


def test_every_part_of_the_report_can_be_seen_whole_and_pages_come_before_tables_for_machines(project, said):
    project.run("resad", "--report", "report.html")
    parts = entries((project.folder / "report.html").read_text(encoding="utf-8"))
    assert not [name for name, part in parts.items() if part["mime_type"].startswith("image/")]
    tables = {}
    for part in parts.values():
        if "table" in part["labels"]:
            tables.setdefault(part["labels"]["table"], {})[part["labels"]["form"]] = part["mime_type"]
    assert tables
    for forms in tables.values():
        assert forms[min(forms)] == "text/html"
    assert not any("misses" in name for name in parts)


def test_photographs_without_labels_are_counted_for_each_method_at_the_end_and_in_the_table(project, said):
    results = project.folder / "results" / "images"
    scored = len(pd.read_csv(next(results.glob("scores/**/region~2/**/test.csv"))))
    for method in ("ReSAD", "PatchCore"):
        words = rf"{method}: {scored} photographs, (\d+) above the threshold \(false alarms expected: [\d.]+ if all"
        above = re.search(words, said)[1]
        assert f"{above} of {scored}" in (results / "tables" / "resad.md").read_text(encoding="utf-8")
    assert " –" not in (results / "tables" / "resad.md").read_text(encoding="utf-8").split("- Run:")[0]
    assert not (results / "figures" / "misses.png").exists()
    assert f"{scored} photographs" in (results / "heat_maps" / "index.html").read_text(encoding="utf-8")


def test_the_audit_says_that_the_run_went_on(project, said):
    for page in ("audit.html", "summary.html"):
        text = (project.folder / "results/images/audit" / page).read_text(encoding="utf-8")
        assert "The run continues without 1 image" in text
        assert "stops here" not in text


def test_another_patient_is_seen_though_nothing_names_it(project, said, settings):
    assert project.plan("resad") == {}
    file = Path(settings["data_root"]) / "images.csv"
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace("Erika Mustermann train 1", "Erika Mustermann train 0"), encoding="utf-8")
    assert project.plan("resad")["audit"] == 1
    file.write_text(before, encoding="utf-8")
