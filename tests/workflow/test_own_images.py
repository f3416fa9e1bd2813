"""A user's own folders of photographs, in a path with spaces and letters beyond ASCII, some of the files unusable."""

import os
import shutil

import pandas as pd
import pytest
from PIL import Image

from fundus_anomaly.predict.images_table import ABOVE, BELOW, EXCLUDED
from fundus_anomaly.quality.verdict import JUDGED, WITH_CARE

pytestmark = pytest.mark.workflow

BAD = {"normal/leer ñ.jpg": b"", "unknown/Notiz.jpg": "kein Bild, só texto".encode() * 50}


@pytest.fixture(scope="module")
def photographs(project, tmp_path_factory):
    """Six normal and eight unknown photographs, and three files that only look like photographs."""
    root = tmp_path_factory.mktemp("own") / "Fundus Bilder" / "Möller ñ"
    for split, folder in (("train", "normal"), ("test", "unknown")):
        (root / folder).mkdir(parents=True)
        for number, source in enumerate(sorted((project.results / "data" / split).glob("*.jpg"))):
            shutil.copy(source, root / folder / f"Auge ß {number}.jpg")
    for name, content in BAD.items():
        (root / name).write_bytes(content)
    whole = (root / "unknown" / "Auge ß 0.jpg").read_bytes()
    (root / "unknown" / "abgeschnitten é.jpg").write_bytes(whole[: len(whole) // 2])
    # A format that is not read, and a folder whose name is that of a heat map.
    Image.open(root / "unknown" / "Auge ß 0.jpg").save(root / "unknown" / "Handy.webp")
    (root / "unknown" / "u1.png").mkdir()
    (root / "unknown" / "Auge ß 1.jpg").rename(root / "unknown" / "u1.jpg")
    (root / "unknown" / "Auge ß 2.jpg").rename(root / "unknown" / "u1.png" / "2.jpg")
    # Braces in a note are no wildcards.
    (root / "unknown" / "Liste {1}.txt").write_text("")
    return root


@pytest.fixture(scope="module")
def settings(photographs):
    return {"dataset": "images", "data_root": str(photographs), "ablations.variants": []}


def test_all_unusable_files_are_listed_at_once_with_what_to_do(project, settings):
    project.configure(settings)
    stopped = project.snakemake("resad")
    assert stopped.returncode != 0
    for name in ("leer", "Notiz", "abgeschnitten", "Handy.webp"):
        assert name in stopped.stdout
    assert stopped.stdout.count("set on_bad_image: exclude") >= 4
    assert (project.folder / "results/images/audit/audit.html").exists()
    assert not list((project.folder / "results/images").glob("images/**/*.h5"))


def test_names_that_no_job_can_be_given_are_refused_at_once_when_planned(project, settings, photographs):
    good = photographs / "unknown" / "u1.jpg"
    for name in (b"M\xfcller.jpg", b"br{1}.jpg"):
        shutil.copy(good, os.fsencode(photographs / "unknown") + b"/" + name)
    project.configure(settings)
    stopped = project.snakemake("resad", "-n")
    assert stopped.returncode != 0
    assert "2 problems with the input" in stopped.stdout
    assert r"M\xfcller.jpg" in stopped.stdout
    assert "br{1}.jpg" in stopped.stdout
    assert "Traceback" not in stopped.stdout


def test_with_exclude_the_run_goes_through_and_says_what_it_left_out(project, settings):
    project.configure(settings | {"data.on_bad_image": "exclude"})
    said = project.run("resad")
    results = project.folder / "results" / "images"
    scores = pd.read_csv(next(results.glob("scores/**/region~2/**/test.csv")))
    assert len(scores) == 8
    assert scores["maximum"].gt(0).all()
    table, page = (results / "tables/resad.md").read_text(), (results / "heat_maps/index.html").read_text()
    left_out = (results / "audit/left_out.csv").read_text(encoding="utf-8")
    audit = (results / "audit/audit.html").read_text(encoding="utf-8")
    for name in ("leer", "Notiz", "abgeschnitten", "Handy.webp", r"M\xfcller.jpg", "br{1}.jpg"):
        for where in (table, page, left_out, audit, said):
            assert name in where
    for name in ("u1.jpg.png", "u1.png_/2.jpg.png"):
        assert (results / "heat_maps/png/images/unknown" / name).is_file()
    assert "test images: 8" in table
    assert len(list(results.glob("heat_maps/png/**/*.png"))) == 8
    images = pd.read_csv(results / "images.csv", encoding="utf-8-sig", keep_default_na=False)
    seen = images["decision"].isin([ABOVE, BELOW])
    assert (images["decision"] != EXCLUDED).sum() == len(scores) < len(images)
    assert seen.tolist() == (images["quality"].isin([JUDGED, WITH_CARE])).tolist() and seen.any()
    assert all((results / file).is_file() for file in images.loc[seen, "heat_map"])
    assert not any("Fundus Bilder" in file.read_text() for file in results.glob(".images.*"))
    assert {"unknown/u1.jpg", "unknown/u1.png/2.jpg"} <= set(images["path"])
    assert any("Notiz" in path for path in images["path"])
    assert (results / "images.xlsx").is_file()
    assert project.plan("resad") == {}
