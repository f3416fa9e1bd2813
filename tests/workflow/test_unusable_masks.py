"""Images whose masks cannot be used: left out as a whole, of the bank, of every figure and of every table."""

import re
import shutil

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def photographs(project, tmp_path_factory):
    """The phantom with a table; a mask of one image to train on and of one to test has a wrong size."""
    root = tmp_path_factory.mktemp("masks")
    rows = []
    for split in ("train", "test"):
        shutil.copytree(project.results / "data" / split, root / split)
        for photograph in sorted((root / split).glob("*.jpg")):
            masks = {kind: f"masks/{kind}/{split}/{photograph.stem}_{kind}.png" for kind in ("MA", "HE", "EX")}
            masks = {f"mask_{kind}": name for kind, name in masks.items() if (project.results / "data" / name).exists()}
            for name in masks.values():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(project.results / "data" / name, root / name)
            patient, eye = photograph.stem.split("_")
            row = {"path": f"{split}/{photograph.name}", "split": split, "patient": patient + split, "eye": eye}
            rows.append(row | {"label": int(bool(masks)), **masks})
    table = pd.DataFrame(rows).fillna("")
    bad = [table.index[table.split == "train"][0], table.index[table.label == 1][0]]
    for row, name, value in zip(bad, ("nothing", "marked"), (0, 255), strict=True):
        table.loc[row, "mask_MA"] = f"masks/{name}.png"
        cv2.imwrite(str(root / f"masks/{name}.png"), np.full((9, 7), value, np.uint8))
    table.to_csv(root / "table.csv", index=False)
    return root, [f"images/{table.path[row]}" for row in bad]


def test_they_are_in_no_bank_no_table_and_no_figure_and_the_footnote_compares_what_the_table_shows(
    project, photographs
):
    root, (trained, tested) = photographs
    project.configure(
        {
            "dataset": "images",
            "experiment": "masks",
            "data_root": str(root),
            "data.images": {"table": "table.csv"},
            "data.on_bad_image": "exclude",
            "ablations.variants": [],
        }
    )
    project.run("resad")
    results = project.folder / "results" / "masks"
    left_out = set(pd.read_csv(results / "audit/left_out.csv")["id"])
    assert {trained, tested} == left_out
    with h5py.File(results / "images/resad/train.h5") as file:
        assert trained not in file["id"].asstr()[:].tolist()
        assert len(file["id"]) == 5
    log = (results / "logs/images/resad.train.log").read_text(encoding="utf-8")
    assert f"{trained} is excluded" in log
    text = (results / "tables/resad.md").read_text(encoding="utf-8")
    assert "test images: 7 of 4 patients" in text
    assert "Published rows" not in text
    table = pd.read_csv(results / "tables/resad.csv").set_index("method")["image_auc"]
    compared = re.search(r"Image AUC, ReSAD ([0-9.]+) against PatchCore ([0-9.]+): DeLong's test", text)
    assert [float(one) for one in compared.groups()] == pytest.approx([table["ReSAD"], table["PatchCore"]], abs=6e-4)
    shown = {file.stem for file in (results / "heat_maps/png").rglob("*.png")}
    assert len(shown) == 7
    assert tested.rsplit("/", 1)[1] not in shown
    assert "Excluded: 2" in (results / "heat_maps/index.html").read_text(encoding="utf-8")
    assert project.plan("resad") == {}
