"""A user's own folders of photographs, in a path with spaces and letters beyond ASCII, some of the files unusable."""

import shutil

import pandas as pd
import pytest

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
    return root


@pytest.fixture(scope="module")
def settings(photographs):
    return {"dataset": "images", "data_root": str(photographs), "ablations.variants": []}


def test_all_unusable_files_are_listed_at_once_with_what_to_do(project, settings):
    project.configure(settings)
    stopped = project.snakemake("resad")
    assert stopped.returncode != 0
    for name in ("leer", "Notiz", "abgeschnitten"):
        assert name in stopped.stdout
    assert stopped.stdout.count("set on_bad_image: exclude") >= 3
    assert (project.folder / "results/images/audit/audit.html").exists()
    assert not (project.folder / "results/images/images/train.h5").exists()


def test_with_exclude_the_run_goes_through_and_says_what_it_left_out(project, settings):
    project.configure(settings | {"data.on_bad_image": "exclude"})
    project.run("resad")
    results = project.folder / "results" / "images"
    scores = pd.read_csv(next(results.glob("scores/**/region~2/**/test.csv")))
    assert len(scores) == 8
    assert scores["maximum"].gt(0).all()
    table, page = (results / "tables/resad.md").read_text(), (results / "heat_maps/index.html").read_text()
    for name in ("leer", "Notiz", "abgeschnitten"):
        assert name in table
        assert name in page
    assert "test images: 8" in table
    assert len(list(results.glob("heat_maps/png/**/*.png"))) == 8
    assert project.plan("resad") == {}
