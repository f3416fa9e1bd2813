"""A method that gives an image score and no map: applied, evaluated and shown like any other, but for pixels."""

import re
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from sample_photographs import ArrayPhotographs, discs
from table_compared import main as table_compared

from fundus_anomaly.errors import InputError
from fundus_anomaly.evaluation.evaluate import Settings
from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.evaluation.pixel_sample import write_pixel_sample
from fundus_anomaly.evaluation.stored import evaluate_stored
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import create_h5, write_array, write_ids
from fundus_anomaly.methods.applied import apply_detector
from fundus_anomaly.methods.interface import Scores
from fundus_anomaly.plan.row_facts import row_facts
from fundus_anomaly.quality.tables import MEASURED
from fundus_anomaly.quality.verdict import JUDGED, NOT_JUDGED
from fundus_anomaly.report.tables.footnotes import without_maps_note
from fundus_anomaly.report.tables.main_tables import main_tables
from fundus_anomaly.report.tables.notes_below import Settings as TableSettings
from fundus_anomaly.report.tables.variant import Variant
from fundus_anomaly.scoring.contract import FieldsOfView, open_maps

SIDE = 16
OPTIONS = {"top_quantile": 0.99, "smoothing": 0.0, "field_of_view_only": True}
SETTINGS = Settings(0.9, 0.3, 20, 0.95, 50, 2**20, 0)
IDS = {"test": [f"t/{number}" for number in range(8)], "train": [f"n/{number}" for number in range(6)]}
MANIFEST = pd.DataFrame({"id": IDS["test"], "label": [0, 1] * 4, "grade": [0, 2] * 4, "patient": IDS["test"]})


class Brightness:
    """The mean of a photograph, and with maps each pixel's brightness."""

    def __init__(self, with_maps):
        self.with_maps = with_maps

    def score(self, images, fields_of_view):
        maps = images.mean(-1).astype(np.float32)
        return Scores(maps.mean((1, 2), dtype=np.float64), maps if self.with_maps else None)


@pytest.fixture
def case(tmp_path):
    """Photographs, and masks: abnormal ones show EX, every other of them MA too, outside the field of view."""
    for split, names in IDS.items():
        with create_h5(tmp_path / f"images.{split}.h5") as file:
            view = np.ones((len(names), SIDE, SIDE), np.uint8)
            view[:, :2] = 0
            write_array(file, "field_of_view", view)
            write_ids(file, names)
    coverage = np.zeros((4, 2, SIDE, SIDE), np.uint8)
    coverage[:, 1, 4:8, 4:8] = 255
    coverage[::2, 0, :1] = 255
    with create_h5(tmp_path / "masks.h5") as file:
        write_array(file, "coverage", coverage)
        write_ids(file, IDS["test"][1::2])
    return tmp_path


def applied(case, with_maps):
    """Apply the method to both splits, and return the paths as the evaluation takes them."""
    paths = {}
    for split, names in IDS.items():
        photographs = ArrayPhotographs(discs(len(names), SIDE, seed=len(names)))
        photographs.ids = names
        maps, scores = case / f"{split}.{with_maps}.h5", case / f"{split}.{with_maps}.csv"
        with create_h5(maps) as file, h5py.File(case / f"images.{split}.h5") as views:
            table = apply_detector(
                Brightness(with_maps),
                photographs,
                FieldsOfView(views),
                file,
                side=SIDE,
                image_size=(SIDE, SIDE),
                options=OPTIONS,
                what=split,
            )
        write_csv(scores, table)
        prefix = "" if split == "test" else "calibration_"
        paths |= {f"{prefix}maps": maps, f"{prefix}scores": scores}
    return paths


def evaluated(case, paths, *, pixels=True):
    return evaluate_stored(
        **paths,
        images=[case / "images.test.h5"],
        train_images=case / "images.train.h5",
        masks=case / "masks.h5",
        excluded={"t/7"},
        manifest=MANIFEST,
        lesions=["MA", "EX"],
        field_of_view_only=True,
        pixels=pixels,
        settings=SETTINGS,
    )


def test_its_files_hold_scores_and_ids_and_say_that_there_are_no_maps(case):
    paths = applied(case, with_maps=False)
    table = pd.read_csv(paths["scores"])
    assert list(table.columns) == ["id", "own"]
    assert np.allclose(table["own"], discs(8, SIDE, seed=8).mean((1, 2, 3)), rtol=1e-6)
    with open_maps(paths["maps"]) as file:
        assert (list(file), bool(file.attrs["without_maps"])) == (["id"], True)


def test_its_image_figures_are_those_of_the_same_score_beside_maps(case):
    without, beside = (evaluated(case, applied(case, with_maps)) for with_maps in (False, True))
    of_own = beside.rows[(beside.rows["level"] == "image") & (beside.rows["score"] == "own")].reset_index(drop=True)
    pd.testing.assert_frame_equal(without.rows, of_own)
    assert set(without.rows["subset"]) == {"all", "lesion:MA", "lesion:EX", "grade:2"}
    counts = without.rows[without.rows["metric"] == "auc"].set_index("subset")["positives"]
    # A lesion outside the field of view is none that the method could have seen.
    assert counts.to_dict() == {"all": 3, "lesion:MA": 0, "lesion:EX": 3, "grade:2": 3}
    assert set(without.curves["level"]) == {"image"}
    assert without.pixels.ids == []


def test_maps_without_figures_of_pixels_have_the_same_figures_of_images(case):
    paths = applied(case, with_maps=True)
    images_alone, whole = evaluated(case, paths, pixels=False), evaluated(case, paths)
    of_images = whole.rows[whole.rows["level"] == "image"].reset_index(drop=True)
    pd.testing.assert_frame_equal(images_alone.rows, of_images)
    assert set(images_alone.curves["level"]) == {"image"}


def test_a_file_that_lost_its_maps_is_not_one_of_a_method_without_any(case):
    paths = applied(case, with_maps=True)
    with h5py.File(paths["maps"], "a") as file:
        del file["distance"]
    with pytest.raises(InputError, match="dataset 'distance'"):
        evaluated(case, paths)


def test_maps_of_the_test_alone_are_refused(case):
    paths = applied(case, with_maps=True)
    others = applied(case, with_maps=False)
    with pytest.raises(InputError, match="maps in both files or in neither"):
        evaluated(case, paths | {"calibration_maps": others["calibration_maps"]})


def test_a_score_that_is_no_number_is_refused_by_the_photographs_id(case):
    class Broken:
        def score(self, images, fields_of_view):
            return Scores(np.where(np.arange(len(images)) == 1, np.nan, 0.0))

    options = {"side": SIDE, "image_size": (SIDE, SIDE), "options": OPTIONS, "what": "test"}
    with (
        pytest.raises(InputError, match="scores of image/1: found NaN"),
        h5py.File(case / "images.test.h5") as views,
        create_h5(case / "maps.h5") as file,
    ):
        apply_detector(Broken(), ArrayPhotographs(discs(2, SIDE)), FieldsOfView(views), file, **options)
    assert not (case / "maps.h5").exists()


def test_its_row_has_image_figures_and_no_figure_of_pixels(case):
    kinds = {"Mapped": True, "Unmapped": False}
    found = {name: evaluated(case, applied(case, with_maps)) for name, with_maps in kinds.items()}
    rows = [Variant(name, {}, one.rows, "own") for name, one in found.items()]
    tables = main_tables(
        rows,
        [pd.read_csv(applied(case, with_maps)["scores"]) for with_maps in kinds.values()],
        [one.pixels for one in found.values()],
        MANIFEST.to_dict("list"),
        {"t/7": "blurred"},
        TableSettings("phantom", "maximum", 0.9, 0.95, "Mapped", Resampling(0.3, 20, 0.95, 0)),
        title="Two methods",
        facts={"dataset": "phantom"},
        notes=without_maps_note(rows),
    )
    rows = tables.table.set_index("method")
    pixels = [column for column in rows if column.startswith("pixel_")]
    assert rows.loc["Unmapped", pixels].isna().all()
    assert rows.loc["Mapped", "pixel_auc"] > 0
    assert rows.loc["Unmapped", "image_auc"] == rows.loc["Mapped", "image_auc"]
    assert tables.differences.empty
    assert "No figures of pixels: Unmapped." in tables.markdown
    assert tables.lesions.query("method == 'Unmapped'")["image_auc"].notna().any()


def test_the_table_of_all_methods_has_them_in_the_papers_order_and_how_each_was_made(case):
    rows = {"ReSAD": True, "PatchCore": True, "WDMT-Net": False, "Auto-Encoder": True}
    files = {"metrics": [], "pixels": [], "scores": []}
    for number, with_maps in enumerate(rows.values()):
        paths = applied(case, with_maps)
        found = evaluated(case, paths)
        write_csv(case / f"{number}.metrics.csv", found.rows)
        write_pixel_sample(case / f"{number}.pixels.h5", found.pixels)
        for name, path in (("metrics", "metrics.csv"), ("pixels", "pixels.h5")):
            files[name].append(case / f"{number}.{path}")
        files["scores"].append(paths["scores"])
    write_csv(case / "left_out.csv", pd.DataFrame({"id": ["t/7"], "split": ["test"], "reason": ["blurred"]}))
    tested = IDS["test"]
    quality = pd.DataFrame({"id": tested, "quality": [NOT_JUDGED] + [JUDGED] * (len(tested) - 1), "reason": ""})
    write_csv(case / "quality.csv", quality.assign(**dict.fromkeys(MEASURED, 1.0)))
    (case / "fit.tsv").write_text("s\tmax_rss\n7.5\t812.0\n", encoding="utf-8")
    compared = [
        {"name": name, "title": name, "run": "repeat~0", "settings": {"epochs": 3}}
        | {"facts": row_facts({"settings": {"epochs": 3}}, 64, "", {"epochs": 3 + number})}
        | {"benchmarks": {"fit": case / "fit.tsv", "apply": case / "none.tsv"}}
        for number, name in enumerate(["WDMT-Net", "Auto-Encoder"])
    ]
    output = {name: case / f"compared.{name}" for name in ("csv", "lesions", "differences", "md", "html")}
    settings = {"dataset": "idrid", "image_score": "maximum", "normal_quantile": 0.9, "confidence": 0.95}
    table_compared(
        SimpleNamespace(left_out=case / "left_out.csv", quality=case / "quality.csv", **files),
        output,
        SimpleNamespace(
            names=["ReSAD", "PatchCore"],
            patchcores=[],
            compared=compared,
            apart={},
            method_of={},
            facts={"dataset": "idrid", "image size": f"{SIDE}×{SIDE}"},
            side=64,
            held_out=0.2,
            test=MANIFEST.to_dict("list"),
            settings=settings | {"against": "ReSAD"},
            resampling={"false_positive_limit": 0.3, "resamples": 20, "confidence": 0.95, "seed": 0},
        ),
    )
    table = pd.read_csv(output["csv"])
    ours = table[table["source"] == "this run"].set_index("method")
    assert list(ours.index) == ["Auto-Encoder", "WDMT-Net", "PatchCore", "ReSAD"]
    assert ours["fit_seconds"].tolist()[:2] == [7.5, 7.5]
    assert ours["peak_mb"].isna().tolist() == 2 * [False] + 2 * [True]
    assert ours["protocol"].tolist()[:2] == ["common protocol", "own paper"]
    text = output["md"].read_text(encoding="utf-8")
    # Each row is tested against ReSAD, whatever the order in which they are printed.
    assert all(
        f"Image AUC, ReSAD {ours.loc['ReSAD', 'image_auc']:.3f} against {name}" in text for name in list(rows)[1:]
    )
    assert f"1 of the test's {len(tested)} photographs cannot be judged by their quality." in text
    assert "## How the other methods were made" in text and ".687 and .638" in text
    made = text[text.index("## How the other methods were made") :]
    assert re.search(r"WDMT-Net +\| own paper +\| – +\| 3 epochs +\| +64 +\| +– +\| +8 +\| +– +\| +812 ", made), made


@pytest.mark.parametrize(("with_maps", "split"), [(False, "test"), (True, "test"), (True, "train")])
def test_a_photograph_without_a_field_of_view_is_an_error_that_names_it(case, with_maps, split):
    paths, gone = applied(case, with_maps), IDS[split][1]
    with h5py.File(case / f"images.{split}.h5", "a") as file:
        names = [name if name != gone else "other" for name in IDS[split]]
        del file["id"]
        write_ids(file, names)
    with pytest.raises(InputError, match=rf"images\.{split}\.h5, field of view of {gone}: found none"):
        evaluated(case, paths)
