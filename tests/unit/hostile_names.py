"""Names, paths and ids as nobody wants them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
from hostile_case import Case
from hostile_tables import SETTINGS, table

from fundus_anomaly.audit.findings import Finding
from fundus_anomaly.datasets import registry
from fundus_anomaly.datasets.image_ids import is_id
from fundus_anomaly.datasets.manifest import Dataset, checked, excluding, frame
from fundus_anomaly.plan.lesion_sources import require_sources
from fundus_anomaly.report.figures.heat_map import Scale
from fundus_anomaly.report.pages.audit import page
from fundus_anomaly.report.pages.gallery_card import Finding as Scored
from fundus_anomaly.report.pages.gallery_page import Settings, pages

SHELL = "$(touch executed) `touch executed`; touch executed & 'q' \"d\" %s *?~ #.jpg"
SCRIPT = "<script>alert('x')</script>&\"'"


def names(*files: str):
    """Return a maker of two folders of images, with these files among the unknown ones."""

    def make(folder: Path) -> Path:
        for path in ("normal/a.jpg", *(f"unknown/{name}" for name in files)):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(b"x")
        return folder

    return make


def folders(root: Path, results: Path, **settings) -> pd.DataFrame:
    return registry.load("images", SETTINGS | settings, root, results, 0).manifest


def dataset(**changes) -> Dataset:
    rows = [
        {"id": f"set/{n}", "path": f"{n}.jpg", "split": split, "label": 0} for n, split in enumerate(("train", "test"))
    ]
    return Dataset("set", frame([rows[0], rows[1] | changes], ()), (), False)


def with_row(**changes):
    return Case(
        f"manifest, {next(iter(changes))} {next(iter(changes.values()))!r:.30}",
        lambda folder: dataset(**changes),
        lambda made, results: checked(made),
        ("manifest of set", next(iter(changes)), "rename"),
    )


def audit_page(made: object, results: Path) -> str:
    manifest = frame([{"id": "set/a", "path": SCRIPT, "split": SCRIPT, "patient": SCRIPT}], ())
    facts = pd.DataFrame([{"format": SCRIPT, "mode": SCRIPT, "bits": 8, "width": 1, "height": 1, "error_kind": ""}])
    found = [Finding(SCRIPT, "error", (SCRIPT,), SCRIPT, SCRIPT, exclude=(SCRIPT,))]
    return page(SCRIPT, manifest, facts, found, [SCRIPT], ["set/a"])


def heat_map_page(made: object, results: Path) -> str:
    settings = Settings(SCRIPT, SCRIPT, 0.5, SCRIPT, Scale(0, 1))
    found = [Scored(SCRIPT, 1.0, reason=SCRIPT)]
    ((_, html),) = pages(found, np.zeros(2), [(SCRIPT, SCRIPT)], settings)
    return html


def exclude(*ids: str):
    return lambda made, results: excluding(made, ids)


CASES = [
    Case("a folder of links out of the root", table(""), folders, ("link.jpg", "a file below")),
    Case(
        "ids that differ in case",
        names("b.jpg", "B.jpg"),
        folders,
        handled=lambda found: len({name.casefold() for name in found["id"]}) == 3,
    ),
    Case(
        "formula as a file name",
        names("=HYPERLINK(1).jpg"),
        folders,
        handled=lambda found: (
            found["id"].tolist()[1].startswith("images/unknown/_HYPERLINK_1_.jpg~")
            and not found["path"].str.match(r"[=+\-@]").any()
        ),
    ),
    Case(
        "shell metacharacters in a name",
        names(SHELL),
        folders,
        handled=lambda found: Path(found["path"].iloc[1]).name == SHELL and "$" not in found["id"].iloc[1],
    ),
    Case("braces in a file name", names("a{x}.jpg"), folders, ("path", "braces", "rename the file")),
    Case("newline in a file name", names("a\nb.jpg"), folders, ("path", "line breaks", "rename the file")),
    Case("dots as a folder name", names("... /..a/.b../c.jpg"), folders, ("no image of split 'test'",)),
    Case(
        "a name of 255 bytes",
        names("x" * 251 + ".jpg"),
        folders,
        handled=lambda found: len(found["id"].iloc[1].rpartition("/")[2]) == 240 and is_id(found["id"].iloc[1]),
    ),
    with_row(id="x" * 241),
    Case(
        "bytes that are no UTF-8 in a name",
        names(os.fsdecode(b"M\xfcller.jpg")),
        folders,
        ("path", r"M\xfcller.jpg", "a path in UTF-8", "on_bad_image: exclude"),
    ),
    Case(
        "names that no job can be given, left out",
        names(os.fsdecode(b"M\xfcller.jpg"), "a\nb.jpg", "a{x}.jpg", "good.jpg"),
        lambda root, results: registry.load("images", SETTINGS, root, results, 0, "exclude"),
        handled=lambda found: (
            found.manifest["path"].map(lambda path: Path(path).name).tolist() == ["a.jpg", "good.jpg"]
            and len({image.id for image in found.refused}) == 3
            and all(is_id(image.id) and image.reason.isprintable() for image in found.refused)
        ),
    ),
    Case(
        "folders out of the root",
        names("b.jpg"),
        lambda root, results: folders(root, results, normals=".."),
        ("a folder outside of the root", "data.images.normals"),
    ),
    Case(
        "exclusion with a path in it",
        lambda folder: dataset(),
        exclude("../../etc/passwd", "set/0;rm -rf ~"),
        ("config, data.exclude", "'../../etc/passwd'", "'set/0;rm -rf ~'", "Correct the id"),
    ),
    Case(
        "source image with a path in it",
        lambda folder: dataset(),
        lambda made, results: require_sources(made, {"lesionpaste.source.images": ["../x"]}, []),
        ("'../x'", "Correct"),
    ),
    with_row(id="../set/1"),
    with_row(id="set//1"),
    with_row(id="set/1\n"),
    with_row(id="=1+1"),
    with_row(id="a b"),
    with_row(path="a\x1b[2J.jpg"),
    with_row(path="@SUM(1).jpg"),
    Case(
        "names in audit.html",
        lambda folder: None,
        audit_page,
        handled=lambda html: "<script" not in html and "&lt;script" in html,
    ),
    Case(
        "names in heat_maps",
        lambda folder: None,
        heat_map_page,
        handled=lambda html: html.count("<script") == html.count('<script>"use strict";') == 1 and "&lt;script" in html,
    ),
]
