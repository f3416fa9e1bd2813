"""What one photograph is painted like depends on no other photograph that is shown."""

from types import SimpleNamespace

import figure_misses
import heat_maps
import numpy as np
import pandas as pd
import pytest
from sample_eye import LESIONS, SIZE, eye

from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import create_h5, write_array, write_ids
from fundus_anomaly.quality.shift import Light
from fundus_anomaly.quality.tables import MEASURED, summary
from fundus_anomaly.quality.verdict import JUDGED, NOT_JUDGED, WITH_CARE

CELLS = 12
EXTREME = "unknown/letter"


def write_maps(path, ids, maps):
    with create_h5(path) as file:
        write_array(file, "distance", np.array(maps, np.float32))
        write_ids(file, ids)
        file.attrs["image_size"] = (SIZE, SIZE)
    table = pd.DataFrame({"id": ids, "maximum": [float(one.max()) for one in maps]})
    write_csv(path.with_suffix(".csv"), table)


def made(folder, more=(), outcome=JUDGED):
    """Write what the scripts read: three photographs with a lesion, and ``more``, whose map is far above all."""
    folder.mkdir()
    said = [JUDGED] * 3 + [outcome] * len(more)
    random = np.random.default_rng(5)
    normals = random.normal(40, 4, (4, CELLS, CELLS))
    write_maps(folder / "calibration.h5", [f"normal/{n}" for n in range(4)], normals)
    ids, maps = [f"unknown/{n}" for n in range(3)], random.normal(40, 4, (3, CELLS, CELLS))
    maps[:, 4:7, 4:7] = [[[60]], [[75]], [[90]]]
    maps = [*maps, *(np.full((CELLS, CELLS), 5000.0) for _ in more)]
    ids += more
    write_maps(folder / "test.h5", ids, maps)
    photograph, field = eye()
    with create_h5(folder / "images.h5") as file:
        write_array(file, "image", np.array([photograph] * len(ids)))
        write_array(file, "field_of_view", np.array([field] * len(ids)))
        write_ids(file, ids)
    (folder / "left_out.csv").write_text("id,split,by,reason\n", encoding="utf-8")
    reasons = ["" if one == JUDGED else "blurred" for one in said]
    measured = dict.fromkeys(MEASURED, 1.0)
    write_csv(folder / "quality.csv", pd.DataFrame({"id": ids, "quality": said, "reason": reasons}).assign(**measured))
    write_csv(folder / "summary.csv", summary(said, Light("green", "the photographs are like the normals")))
    files = {name: [folder / f"{name}.h5"] for name in ("calibration",)}
    inputs = SimpleNamespace(
        images=folder / "images.h5",
        masks=[],
        maps=[folder / "test.h5"],
        scores=[folder / "test.csv"],
        calibration_scores=[folder / "calibration.csv"],
        left_out=folder / "left_out.csv",
        quality=folder / "quality.csv",
        summary=folder / "summary.csv",
        **files,
    )
    manifest = {"id": ids, "path": ids, "label": [1, 1, 0, *(0 for _ in more)], "grade": [-1] * len(ids)}
    manifest |= {"patient": ids, "eye": [""] * len(ids)}
    params = SimpleNamespace(
        manifest=manifest,
        roots=["unknown"],
        title="Own",
        backbone="lite",
        method="ReSAD",
        lesions=list(LESIONS),
        all_lesions=list(LESIONS),
        scale_quantile=0.99,
        opacity=0.8,
        page={"title": "Own", "method": "ReSAD", "opacity": 0.8},
        calibrated=True,
        dpi=50,
        normal_quantile=0.95,
        image_score="maximum",
        tiles=12,
        tiles_a_row=6,
    )
    return inputs, params


def written(folder):
    """Return where the script writes."""
    names = {"page": "heat_maps", "table": "images.csv", "workbook": "images.xlsx"}
    return SimpleNamespace(**{output: folder / name for output, name in names.items()})


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Pages and figures without and with a map that is far above all."""
    results = []
    for name, more in (("few", []), ("more", [EXTREME])):
        folder = tmp_path_factory.mktemp("scale") / name
        inputs, params = made(folder, more)
        heat_maps.main(inputs, written(folder), params)
        figure_misses.main(inputs, SimpleNamespace(picture=folder / "m.png", page=folder / "m.html"), params)
        results.append(folder)
    return results


def test_a_page_that_is_no_fundus_changes_nobodys_heat_map(drawn):
    few, more = ({p.name: p.read_bytes() for p in folder.glob("heat_maps/png/**/*.png")} for folder in drawn)
    assert set(more) - set(few) == {"letter.png"}
    assert {name: more[name] for name in few} == few


def test_what_cannot_be_judged_comes_last_with_its_reason_and_has_neither_rank_nor_heat_map(tmp_path):
    inputs, params = made(tmp_path / "refused", [EXTREME], NOT_JUDGED)
    heat_maps.main(inputs, written(tmp_path), params)
    page = (tmp_path / "heat_maps" / "index.html").read_text(encoding="utf-8")
    *ranked, last = page.split("<article")[1:]
    assert len(ranked) == 3 and not any(EXTREME in card for card in ranked)
    assert EXTREME in last and ">cannot be judged<" in last and ">blurred<" in last
    assert "score " not in last.split("<dialog")[0] and "percentile" not in last.split("<dialog")[0]
    assert (tmp_path / f"heat_maps/photograph/{EXTREME}.jpg").is_file()
    assert not (tmp_path / f"heat_maps/png/{EXTREME}.png").exists()
    assert "3 photographs, scored by" in page and "1 more cannot be judged" in page
    table = pd.read_csv(tmp_path / "images.csv", encoding="utf-8-sig").set_index("id")
    assert table.loc[EXTREME, ["decision", "reason"]].tolist() == ["cannot be judged", "blurred"]
    assert np.isnan(table.loc[EXTREME, "score"]) and table["score"].notna().sum() == 3
    assert table["path"].tolist()[:3] == ["0", "1", "2"]


def test_what_cannot_be_judged_is_no_miss(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figure_misses, "draw", lambda *tiles, **_: drawn.append(tiles))
    monkeypatch.setattr(figure_misses, "save_with_page", lambda *_: None)
    for outcome in (NOT_JUDGED, WITH_CARE):
        inputs, params = made(tmp_path / outcome, [EXTREME], outcome)
        figure_misses.main(inputs, SimpleNamespace(picture="", page=""), params)
    refused, kept = ([tile.id for tile in tiles[1]] for tiles in drawn)
    assert kept == [EXTREME, *refused] and refused == ["unknown/2"]


def test_what_is_judged_with_care_stays_in_the_ranking_and_says_why(tmp_path):
    inputs, params = made(tmp_path / "care", [EXTREME], WITH_CARE)
    heat_maps.main(inputs, written(tmp_path), params)
    page = (tmp_path / "heat_maps" / "index.html").read_text(encoding="utf-8")
    assert "cannot be judged" not in page
    assert "with care: blurred" in page.split("<article")[1]
    assert "1 are judged with care" in page or "1 is judged with care" in page


def test_the_page_says_what_its_colours_are_and_which_light_the_photographs_have(drawn):
    page = (drawn[0] / "heat_maps" / "index.html").read_text(encoding="utf-8")
    assert '<p class="light green"><strong>green</strong>' in page
    assert "Standard deviations of the normals above their mean at the same place. 99 % of all places" in page


def test_lesions_are_painted_beside_it(drawn):
    import cv2

    photograph, _ = eye()
    for folder in drawn:
        painted = cv2.imread(str(folder / "heat_maps/png/unknown/2.png"))[..., ::-1]
        changed = np.abs(painted.astype(int) - photograph).max(axis=2) > 40
        assert changed[40:48, 40:48].all()
        assert not changed[70:80, 50:60].any()


def test_each_heat_map_has_the_photograph_that_it_was_painted_over_beside_it(drawn):
    for folder in drawn:
        names = [sorted(p.stem for p in folder.glob(f"heat_maps/{kind}/**/*.*")) for kind in ("png", "photograph")]
        assert names[0] == names[1] != []


def test_the_colour_bar_of_the_worst_misses_is_the_same_beside_it(drawn):
    import cv2

    pictures = [cv2.imread(str(folder / "m.png")) for folder in drawn]
    footer = slice(-int(0.5 * 50), None)
    assert np.array_equal(pictures[0][footer], pictures[1][footer])
