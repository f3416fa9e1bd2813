"""Photographs judged once: what is kept, what is judged again, and what a folder may hold."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fundus_anomaly.api import Calibrated, Found
from fundus_anomaly.errors import InputError
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.imaging.geometry import source_geometry
from fundus_anomaly.imaging.preprocess import preprocess
from fundus_anomaly.predict.images_table import (
    ABOVE,
    BELOW,
    COLUMNS,
    EXCLUDED,
    KNOWN,
    NO_THRESHOLD,
    heat_maps_in,
    images_table,
    judged_together,
    with_excluded,
    write_images_table,
)
from fundus_anomaly.predict.judge import FIGURES, judge, read_judged
from fundus_anomaly.predict.photographs import new_photographs, state_of, unseen
from fundus_anomaly.predict.shown import pictured
from fundus_anomaly.predict.store import Store, made_by
from fundus_anomaly.quality.statistics import statistics
from fundus_anomaly.quality.verdict import JUDGED, NOT_JUDGED, Quality

SIDE = 32


class Counting:
    """A detector whose score is the photograph's mean, and which counts what it was asked."""

    trained = SimpleNamespace(colours=(0.0, 1.0))
    refuses = ()

    def __init__(self):
        self.asked = []

    def score(self, path):
        self.asked.append(path)
        seen = preprocess(path, size=SIDE, aspect="stretch", graham=False, max_pixels=10**6)
        score = float(seen.image.mean())
        map_ = np.zeros((SIDE, SIDE), np.float32)
        calibrated = Calibrated(score, 50.0, 0.5, score > 100, map_)
        refused = Path(path).name in self.refuses
        said = Quality(NOT_JUDGED, "blurred") if refused else Quality(JUDGED, "")
        measured = statistics(seen.image, seen.field_of_view, *source_geometry(seen.source))
        return Found(score, 50.0, score > 100, map_, seen.image, seen.field_of_view, calibrated, said, measured, 0.5)


@pytest.fixture
def folder(tmp_path):
    for number in range(4):
        file = tmp_path / "photographs" / f"{number}.png"
        file.parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 30), (50 * number, 90, 10)).save(file)
    return tmp_path / "photographs"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store", "judged.csv")


def rows(folder, store, detector, made="one"):
    paths = sorted(map(str, folder.iterdir()))
    return dict(zip([Path(path).name for path in paths], judge(paths, detector, store, made, 2), strict=True))


def test_a_photograph_is_judged_once_and_a_further_one_costs_one(folder, store):
    first, second = Counting(), Counting()
    before = rows(folder, store, first)
    assert len(first.asked) == 4
    Image.new("RGB", (40, 30), "red").save(folder / "new.png")
    after = rows(folder, store, second)
    assert second.asked == [str(folder / "new.png")]
    for name, row in before.items():
        assert after[name].judged.score == row.judged.score
        np.testing.assert_array_equal(after[name].judged.levels, row.judged.levels)


def test_a_photograph_that_was_renamed_is_known_and_one_with_another_content_is_not(folder, store):
    rows(folder, store, Counting())
    (folder / "3.png").rename(folder / "renamed.png")
    shutil.copy2(folder / "1.png", folder / "0.png")
    again = Counting()
    assert rows(folder, store, again)["0.png"].judged.score == rows(folder, store, again)["1.png"].judged.score
    assert again.asked == []
    Image.new("RGB", (40, 30), "blue").save(folder / "0.png")
    rows(folder, store, again)
    assert again.asked == [str(folder / "0.png")]


def test_another_detector_another_library_or_other_code_judges_all_again(folder, store):
    code = "digest of the code"
    one = made_by("detector", code, {"numpy": "1"}, "cpu")
    others = {made_by("another", code, {"numpy": "1"}, "cpu"), made_by("detector", code, {"numpy": "2"}, "cpu")}
    others.add(made_by("detector", code, {"numpy": "1"}, "cuda"))
    others.add(made_by("detector", "digest of other code", {"numpy": "1"}, "cpu"))
    assert len(others | {one}) == 5
    rows(folder, store, Counting(), one)
    for made in others:
        again = Counting()
        rows(folder, store, again, made)
        assert len(again.asked) == 4


def test_what_was_said_survives_a_kill_in_the_middle(folder, store):
    killed = Counting()
    paths = sorted(map(str, folder.iterdir()))
    for _ in range(2):
        next(judge(paths, killed, store, "one", 1))
    again = Counting()
    rows(folder, store, again)
    assert len(killed.asked) == 1
    assert len(again.asked) == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:200],
        lambda data: data[:-300] + bytes(300),
        lambda data: b"",
        lambda data: data.replace(b'"score": ', b'"score": 9', 1),
        lambda data: data.replace(b'"unusual": false', b'"unusual":  true', 1),
    ],
)
def test_a_damaged_record_is_judged_again(folder, store, tmp_path, spoil, caplog):
    good = rows(folder, store, Counting())["2.png"]
    file = tmp_path / "store" / f"{good.key}.h5"
    file.write_bytes(spoil(file.read_bytes()))
    again = Counting()
    assert rows(folder, store, again)["2.png"].judged.score == good.judged.score
    assert again.asked == [str(folder / "2.png")]
    assert "damaged" in caplog.text


def test_what_is_no_photograph_is_named_and_stops_nothing(folder, store, tmp_path):
    (folder / "letter.jpg").write_text("Dear Sir")
    found = rows(folder, store, Counting())
    assert found["letter.jpg"].judged is None
    assert "allowed" in found["letter.jpg"].reason
    assert all(row.judged for name, row in found.items() if name != "letter.jpg")
    table = pd.DataFrame({"path": name, "id": name} | row.figures() for name, row in found.items())
    write_csv(tmp_path / "judged.csv", table)
    pd.testing.assert_frame_equal(read_judged(tmp_path / "judged.csv"), table, check_dtype=False)


def test_what_cannot_be_judged_is_kept_with_its_reason_and_without_figures_and_heat_map(folder, store):
    class Refusing(Counting):
        refuses = ("2.png",)

    rows(folder, store, Refusing())
    again = Counting()
    kept = rows(folder, store, again)
    assert again.asked == []
    assert kept["2.png"].judged.levels is None
    assert pictured(kept["2.png"].judged).photograph.shape == (SIDE, SIDE, 3)
    table = pd.DataFrame({"path": name, "id": name} | row.figures() for name, row in kept.items())
    refused = table.set_index("id").loc["2.png"]
    assert (refused["quality"], refused["reason"]) == (NOT_JUDGED, "blurred")
    assert refused[list(FIGURES)].isna().all()
    assert refused["redness"] == pytest.approx(0.5, abs=0.01)
    shown = images_table(table, [("braces.png", "its name")], 100.0, 0.05, [""] * len(table)).set_index("path")
    assert shown["quality"].tolist() == [JUDGED, JUDGED, NOT_JUDGED, JUDGED, NOT_JUDGED]
    assert shown.loc["2.png", "decision"] == NOT_JUDGED
    assert shown["false_alarms"].tolist() == [0.05] * 4 + [pytest.approx(float("nan"), nan_ok=True)]
    assert shown["reason"].tolist() == ["", "", "blurred", "", "its name"]


@pytest.fixture
def scored_together():
    """Three photographs of a run, one not judged and one of an unknown label; their scores are in another order."""
    photographs = pd.DataFrame(
        {
            "path": ["test/a.jpg", "test/b.jpg", "test/c.jpg"],
            "patient": ["7", "=7", ""],
            "eye": ["left", "right", ""],
            "label": [1, 0, -1],
            "grade": [3, -1, -1],
            "quality": [JUDGED, NOT_JUDGED, JUDGED],
            "reason": ["", "blurred", ""],
        },
        index=["a", "b", "c"],
    )
    return photographs, pd.Series({"c": 2.0, "b": 9.0, "a": 4.0})


def test_photographs_of_a_run_have_what_is_known_of_them_and_figures_where_they_were_judged(scored_together, tmp_path):
    photographs, scores = scored_together
    manifest, said = photographs.drop(columns=["quality", "reason"]), photographs.loc[["c", "a", "b"]]
    manifest.loc["d"] = ["test/d.jpg", "8", "", 1, 2]
    photographs = with_excluded(manifest, said, {"d": "its mask", "e": "its name"})
    judged = judged_together(photographs, scores, np.array([4.0, 1.0, 3.0, 2.0]), 4.0)
    maps = heat_maps_in("heat_maps", judged["id"], judged["quality"])
    assert maps == ["heat_maps/png/c.png", "heat_maps/png/a.png", "", "", ""]
    table = images_table(judged, [], 4.0, 0.2, maps)
    assert list(table) == [*COLUMNS[:2], *KNOWN, *COLUMNS[2:]]
    assert table["id"].tolist() == ["c", "a", "b", "d", "e"]
    assert table["decision"].tolist() == [BELOW, ABOVE, NOT_JUDGED, EXCLUDED, EXCLUDED]
    assert table["score"].fillna(-1).tolist() == [2.0, 4.0, -1, -1, -1]
    assert table["percentile"].fillna(-1).tolist() == [25.0, 75.0, -1, -1, -1]
    assert table["p_value"].fillna(-1).tolist() == [0.8, 0.4, -1, -1, -1]
    write_images_table(tmp_path / "images.csv", table)
    written = pd.read_csv(tmp_path / "images.csv", encoding="utf-8-sig", dtype="str", keep_default_na=False)
    assert written[["patient", "eye", "label", "grade"]].to_numpy().tolist() == [
        ["", "", "", ""],
        ["7", "left", "1", "3"],
        ["'=7", "right", "0", ""],
        ["8", "", "1", "2"],
        ["", "", "", ""],
    ]
    assert written["path"].tolist() == ["test/c.jpg", "test/a.jpg", "test/b.jpg", "test/d.jpg", ""]
    assert written["reason"].tolist() == ["", "", "blurred", "its mask", "its name"]


def test_without_normals_there_is_no_threshold_and_no_percentile(scored_together):
    judged = judged_together(*scored_together, np.array([]), float("nan"))
    table = images_table(judged, [], float("nan"), float("nan"), [""] * 3)
    assert table["decision"].tolist() == [NO_THRESHOLD, NOT_JUDGED, NO_THRESHOLD]
    assert table["percentile"].isna().all()


def test_a_record_whose_heat_map_is_lost_is_judged_again(folder, store, tmp_path):
    key = rows(folder, store, Counting())["2.png"].key
    with h5py.File(tmp_path / "store" / f"{key}.h5", "r+") as file:
        del file["levels"]
    again = Counting()
    rows(folder, store, again)
    assert again.asked == [str(folder / "2.png")]


def test_a_withdrawn_photograph_leaves_nothing(folder, store, tmp_path):
    before = rows(folder, store, Counting())
    (folder / "1.png").unlink()
    after = rows(folder, store, Counting())
    store.keep_only({row.key for row in after.values()})
    assert {file.stem for file in (tmp_path / "store").iterdir()} == {row.key for row in after.values()}
    assert before["1.png"].key not in {row.key for row in after.values()}


def test_the_pictures_are_of_the_photograph_in_its_colours(folder, store):
    row = rows(folder, store, Counting())["2.png"]
    shown = pictured(row.judged)
    assert shown.photograph.shape == (SIDE, SIDE, 3)
    assert shown.levels.shape == (SIDE, SIDE)
    np.testing.assert_allclose(shown.photograph.mean((0, 1)), [100, 90, 10], atol=3)
    assert shown.encoded == row.judged.photograph.tobytes()


def test_a_folder_without_photographs_or_that_is_none_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    for root, found in ((tmp_path / "empty", "no photograph"), (tmp_path / "nowhere", "found nothing")):
        with pytest.raises(InputError, match=found):
            new_photographs(root, tmp_path / "results")


def test_results_within_the_photographs_are_refused(folder):
    with pytest.raises(InputError, match="without the results"):
        new_photographs(folder, folder / "results" / "predicted")


def test_a_name_that_no_job_can_be_given_is_set_apart_and_links_outside_are_refused(folder, tmp_path):
    (folder / "3.png").rename(folder / "{3}.png")
    found = new_photographs(folder, tmp_path / "results")
    assert found.ids == ["0.png", "1.png", "2.png"]
    assert "braces" in found.refused[0][1]
    (folder / "linked.png").symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(InputError, match="link that leads out"):
        new_photographs(folder, tmp_path / "results")


def test_what_is_new_is_known_from_names_sizes_and_times(folder, tmp_path):
    paths = new_photographs(folder, tmp_path / "results").paths
    known = [state_of(path) for path in paths]
    assert unseen(paths, known) == 0
    Image.new("RGB", (40, 30), "red").save(folder / "1.png")
    Image.new("RGB", (40, 30), "red").save(folder / "9.png")
    assert unseen(new_photographs(folder, tmp_path / "results").paths, known) == 2


def test_a_file_that_is_written_to_while_it_is_judged_is_refused_and_nothing_is_kept_of_it(folder, store, tmp_path):
    class Late(Counting):
        def score(self, path):
            if path.endswith("1.png"):
                Image.new("RGB", (40, 30), "white").save(path)
            return super().score(path)

    shutil.copy(folder / "1.png", folder / "z.png")
    paths = sorted(map(str, folder.iterdir()))
    with pytest.raises(InputError, match=r"1\.png: found a file that was written to meanwhile"):
        list(judge(paths, Late(), store, "one", 2))
    # Its old content, which another file has, was judged as what it is, and all others with it.
    again = Counting()
    found = rows(folder, store, again)
    assert again.asked == [str(folder / "1.png")]
    assert found["z.png"].judged.score < found["1.png"].judged.score == 255


def test_files_that_cannot_be_read_are_errors_after_all_others_are_judged(folder, store):
    (folder / "1.png").unlink()
    (folder / "1.png").mkdir()
    counting = Counting()
    with pytest.raises(InputError, match=r"1\.png: found a file that cannot be read"):
        rows(folder, store, counting)
    assert len(counting.asked) == 3


def test_a_record_under_another_photographs_name_is_judged_again(folder, store, tmp_path):
    first = rows(folder, store, Counting())
    shutil.copy(tmp_path / "store" / f"{first['0.png'].key}.h5", tmp_path / "store" / f"{first['3.png'].key}.h5")
    assert rows(folder, store, Counting())["3.png"].judged.score == first["3.png"].judged.score


def test_a_record_that_is_lost_names_the_table_to_delete(store):
    with pytest.raises(InputError, match=r"delete judged\.csv"):
        store.require("0" * 64)
