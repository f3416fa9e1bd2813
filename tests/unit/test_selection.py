"""Settings are chosen by the lesions that they find, the first of equal ones; what cannot be chosen from is refused."""

import copy
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from fundus_anomaly.errors import InputError
from fundus_anomaly.evaluation.choice import Choice, chosen
from fundus_anomaly.evaluation.evaluate import Settings
from fundus_anomaly.evaluation.lesioned import CALIBRATED, Lesioned, evaluate_lesioned
from fundus_anomaly.evaluation.rank_correlation import rank_correlation
from fundus_anomaly.files.hdf5 import create_h5, open_h5, write_array, write_ids, write_texts
from fundus_anomaly.plan.candidates import expand, require_normals, selection_digest, settings_of
from fundus_anomaly.plan.settings import require_consistent
from fundus_anomaly.report.tables.proxy import correlations, proxy_markdown, proxy_table
from fundus_anomaly.report.tables.select import p_values, select_markdown, select_table, selection_record
from fundus_anomaly.report.tables.variant import Variant
from fundus_anomaly.scoring.by_position import NormalMaps, Options
from fundus_anomaly.scoring.maps import anomaly_map
from support.configuration import combined
from support.schema import read_schema

SCHEMA = read_schema(Path(__file__).resolve().parents[2] / "workflow/schemas/config.schema.yaml")
CALIBRATION = Options(smoothing=0, shrinkage=4, floor=0.1)
SCORES = {"top_quantile": 0.99, "smoothing": 0.0, "field_of_view_only": False}
SETTINGS = Settings(0.95, 0.3, 100, 0.95, 100, 2**24, 0)
GRID, SIDE, PATIENTS = 16, 64, 12


def configuration(*candidates, **select):
    given = {"select": {"candidates": list(candidates)} | select}
    return combined([("given", given)], SCHEMA)[0]


def write_case(folder, strength, order=0):
    """Maps of normals, two eyes a patient, whose distances are high and vary on one side, and of lesioned copies.

    A lesion of 2×2 positions adds ``strength`` on the other side.
    """
    random = np.random.default_rng(0)
    names = [f"p{patient}/{eye}" for patient in range(PATIENTS) for eye in "lr"]
    level = np.where(np.arange(GRID) < GRID // 2, 0.3, 4.0)
    normals = (10 + level * random.standard_normal((len(names), GRID, GRID))).astype(np.float32)
    copies, truth = normals.copy(), np.zeros((len(names), 1, SIDE, SIDE), np.uint8)
    for number in range(len(names)):
        y, x = random.integers(0, GRID // 2 - 2, 2)
        copies[number, y : y + 2, x : x + 2] += strength
        truth[number, 0, 4 * y : 4 * y + 8, 4 * x : 4 * x + 8] = 255
    order = np.random.default_rng(order).permutation(len(names))
    for file, maps, ids in (("normals", normals, names), ("copies", copies[order], [f"{names[n]}+" for n in order])):
        with create_h5(folder / f"{file}.h5") as one:
            write_array(one, "distance", maps)
            write_ids(one, ids)
            one.attrs["image_size"], one.attrs["displacement"] = (SIDE, SIDE), (0, 0)
    for file, ids, origin in (
        ("train", names, names),
        ("lesioned", [f"{names[n]}+" for n in order], [names[n] for n in order]),
    ):
        with create_h5(folder / f"{file}.h5") as one:
            write_array(one, "field_of_view", np.ones((len(ids), SIDE, SIDE), np.uint8))
            write_ids(one, ids)
            write_texts(one, "normal", origin)
    with create_h5(folder / "masks.h5") as one:
        write_array(one, "coverage", truth[order])
        write_ids(one, [f"{names[n]}+" for n in order])
        one.attrs["lesions"] = ["dark dot"]
    return normals, names


def judged(folder, patient=lambda name: name.split("/")[0]):
    """Return image scores, manifest and figures of a case."""
    files = {name: folder / f"{name}.h5" for name in ("normals", "copies", "lesioned", "train", "masks")}
    with (
        open_h5(files["normals"], "distance", "id") as normals,
        open_h5(files["copies"], "distance", "id") as copies,
        open_h5(files["lesioned"], "id", "normal") as images,
        open_h5(files["train"], "field_of_view", "id") as train,
        open_h5(files["masks"], "coverage", "id") as masks,
    ):
        owners = {f"p{number}/{eye}": patient(f"p{number}/{eye}") for number in range(PATIENTS) for eye in "lr"}
        lesioned = Lesioned(normals, copies, images, train, masks, owners)
        scores = lesioned.scores(CALIBRATION, SCORES)
        return scores, lesioned.manifest(), evaluate_lesioned(lesioned, scores, SETTINGS, field_of_view_only=False)


def figure(rows, level, metric, score=""):
    found = rows[(rows["level"] == level) & (rows["metric"] == metric) & (rows["score"] == score)]
    return found[found["subset"] == "all"].iloc[0]


def test_lesions_where_normals_are_steady_are_found_by_calibrated_maps_and_not_by_plain_ones(tmp_path):
    write_case(tmp_path, 4.0)
    _, manifest, rows = judged(tmp_path)
    plain, calibrated = (figure(rows, "image", "auc", f"{prefix}maximum") for prefix in ("", CALIBRATED))
    assert plain["value"] < 0.6
    assert calibrated["value"] > 0.95
    assert calibrated["low"] < calibrated["value"] <= calibrated["high"]
    assert (calibrated["positives"], calibrated["negatives"]) == (2 * PATIENTS, 2 * PATIENTS)
    pixels = figure(rows, "pixel", "auc")
    assert 0.7 < pixels["low"] < pixels["value"] < pixels["high"]
    assert manifest["patient"].nunique() == PATIENTS
    assert np.isfinite([figure(rows, "pixel", metric)["value"] for metric in ("average_precision", "aupro")]).all()


def test_copies_without_a_lesion_that_shows_are_at_chance(tmp_path):
    write_case(tmp_path, 0.0)
    _, _, rows = judged(tmp_path)
    for name in ("maximum", "inner_quantile", f"{CALIBRATED}maximum"):
        assert figure(rows, "image", "auc", name)["value"] == pytest.approx(0.5)


def test_a_copy_is_calibrated_by_normals_of_other_patients_alone(tmp_path):
    normals, names = write_case(tmp_path, 3.0)
    scores, _, _ = judged(tmp_path)
    by_id = scores.set_index("id")
    owners = [name.split("/")[0] for name in names]
    own = NormalMaps(normals, names, owners, CALIBRATION)
    z = own.without("p3").calibrate(normals[names.index("p3/l")])
    assert by_id.loc["p3/l", f"{CALIBRATED}maximum"] == pytest.approx(
        float(anomaly_map(z, (SIDE, SIDE)).max()), rel=1e-6
    )
    with open_h5(tmp_path / "copies.h5", "distance", "id") as file:
        place = [name.decode() for name in file["id"][:]].index("p3/l+")
        lesioned = own.without("p3").calibrate(file["distance"][place])
    assert by_id.loc["p3/l+", f"{CALIBRATED}maximum"] == pytest.approx(
        float(anomaly_map(lesioned, (SIDE, SIDE)).max()), rel=1e-6
    )


def test_figures_are_the_same_every_time_and_whatever_the_order_of_the_copies(tmp_path):
    for folder, order in (("a", 0), ("again", 0), ("b", 1)):
        (tmp_path / folder).mkdir()
        write_case(tmp_path / folder, 2.0, order)
    first, again, other = (judged(tmp_path / folder)[2] for folder in ("a", "again", "b"))
    pd.testing.assert_frame_equal(first, again)
    pd.testing.assert_frame_equal(first, other, rtol=1e-6)


def test_a_copy_of_a_normal_without_a_map_is_refused(tmp_path):
    write_case(tmp_path, 1.0)
    with create_h5(tmp_path / "fewer.h5") as one, open_h5(tmp_path / "normals.h5", "distance", "id") as whole:
        write_array(one, "distance", whole["distance"][:4])
        write_ids(one, [name.decode() for name in whole["id"][:4]])
        one.attrs.update(dict(whole.attrs))
    (tmp_path / "fewer.h5").replace(tmp_path / "normals.h5")
    with pytest.raises(InputError, match="no map of p11/r, which has lesioned copies"):
        judged(tmp_path)


def test_the_highest_is_chosen_of_equal_ones_the_first():
    assert chosen({"a": 0.7, "b": 0.9, "c": math.nan, "d": 0.9}, "image_auc") == Choice("b", 0.9, ("d",))
    assert chosen({"a": 0.7}, "image_auc") == Choice("a", 0.7, ())


@pytest.mark.parametrize("values", [{}, {"a": math.nan, "b": math.nan}])
def test_without_any_figure_nothing_is_chosen(values):
    with pytest.raises(InputError, match="no candidate with a pixel_auc"):
        chosen(values, "pixel_auc")


def test_candidates_start_from_resad_and_change_what_they_name():
    config = configuration(
        {"name": "plain"},
        {"name": "z", "calibrated": True},
        {"name": "quantile", "image_score": "inner_quantile", "region": 3, "coreset": 0.5},
        {"name": "off", "spatial": "off"},
    )
    plain, z, quantile, off = expand(config)
    assert settings_of(plain) == {
        "backbone": config["backbone"]["name"],
        **config["resad"],
        "normals": 1.0,
        "coreset": config["bank"]["coreset"],
        "image_score": "maximum",
        "calibrated": False,
    }
    assert (z["image_score"], z["calibrated"], z["variant"] | {"variant": "plain"}) == (
        config["calibration"]["image_score"],
        True,
        plain["variant"],
    )
    assert {key for key in settings_of(quantile) if settings_of(quantile)[key] != settings_of(plain)[key]} == {
        "image_score",
        "region",
        "coreset",
    }
    assert off["variant"]["scale"] == "none"


@pytest.mark.parametrize(
    ("candidates", "told"),
    [
        ([{"name": "a"}, {"name": "a", "region": 3}], "'a' more than once"),
        ([{"name": "a"}, {"name": "b", "image_score": "maximum"}], "'a' and 'b' with the same settings"),
        ([{"name": "a", "spatial": "off"}, {"name": "b", "spatial": "off", "scale": "none"}], "'a' and 'b'"),
    ],
)
def test_candidates_that_do_not_differ_are_refused(candidates, told):
    with pytest.raises(InputError, match=told):
        expand(configuration(*candidates))


@pytest.mark.parametrize(
    ("candidate", "told"),
    [
        ({"name": "a", "regoin": 3}, "regoin"),
        ({"name": "a", "image_score": "largest"}, "largest"),
        ({"name": "a", "calibrated": "yes"}, "yes"),
        ({"region": 3}, "name"),
        ({"name": "=1+1"}, "=1"),
    ],
)
def test_a_candidate_that_the_schema_does_not_know_is_refused(candidate, told):
    with pytest.raises(InputError, match=told):
        configuration(candidate)


def test_a_scale_without_a_softmax_and_more_normals_than_are_held_out_are_refused():
    with pytest.raises(InputError, match=r"select.candidates\[0\].scale"):
        require_consistent(configuration({"name": "a", "spatial": "off", "scale": "cosine-0.1"}), SCHEMA)
    with pytest.raises(InputError, match=r"config, select.normals: found 1001; allowed: at most 1000"):
        require_consistent(configuration(normals=1001), SCHEMA)


def test_too_few_normals_or_patients_are_refused_at_once():
    patients = [f"p{number // 2}" for number in range(8)]
    require_normals(patients, configuration(patients=4))
    with pytest.raises(InputError) as raised:
        require_normals(patients, configuration(patients=5, normals=9))
    assert "config, select.normals: found 9; allowed: at most 8" in str(raised.value)
    assert "found 8 of 4 patients; allowed: 5 patients or more" in str(raised.value)
    with pytest.raises(InputError, match="found 4 of 2 patients"):
        require_normals(patients, configuration(patients=3, normals=4))


def test_the_digest_follows_what_decides_the_choice_and_nothing_else():
    config, code = configuration({"name": "a"}), {"x.py": "1", "y.py": "2"}
    known = selection_digest(config, code)
    assert known == selection_digest(copy.deepcopy(config), dict(reversed(code.items())))
    assert known == selection_digest(config | {"data_root": "elsewhere", "experiment": "other"}, code)
    assert known == selection_digest(config | {"lesionpaste": {}}, code)
    assert known != selection_digest(config, code | {"y.py": "3"})
    assert known != selection_digest(configuration({"name": "a"}, most=9), code)
    assert known != selection_digest(config | {"seed": 1}, code)
    for changes in (
        {"exclude": ["phantom/train/0001_left"]},
        {"phantom": config["data"]["phantom"] | {"train_patients": 9}},
    ):
        assert known != selection_digest(config | {"data": config["data"] | changes}, code)
    assert known == selection_digest(config | {"data": config["data"] | {"near_duplicate_share": 0.2}}, code)
    pasted = configuration({"name": "a"}, lesions="source")
    other = copy.deepcopy(pasted)
    other["lesionpaste"]["source"]["images"] = ["another"]
    assert selection_digest(pasted, code) != selection_digest(other, code)
    moved = copy.deepcopy(pasted)
    moved["lesionpaste"]["source"]["root"] = "elsewhere"
    assert selection_digest(pasted, code) == selection_digest(moved, code)


def test_the_table_names_the_choice_and_how_far_the_others_are_from_it(tmp_path):
    write_case(tmp_path, 4.0)
    scores, manifest, rows = judged(tmp_path)
    names = {"plain": "maximum", "calibrated": f"{CALIBRATED}maximum"}
    variants = [Variant(name, {"calibrated": name != "plain"}, rows, score) for name, score in names.items()]
    table = select_table(variants)
    best = chosen(dict(zip(table["method"], table["image_auc"], strict=True)), "image_auc")
    assert best.name == "calibrated"
    by_id = scores.set_index("id")
    table["p_value"] = p_values({name: by_id[score] for name, score in names.items()}, manifest, best.name)
    assert table["p_value"][0] < 0.001
    assert math.isnan(table["p_value"][1])
    # Pixels are those of one map.
    assert table["pixel_auc"].nunique() == 1
    text = select_markdown(table, best, "image_auc", "Title", {"lesions": "drawn"}, 0.95)
    assert "Chosen by image AUC: **calibrated**" in text
    assert "< 0.001" in text
    settings = {name: {"calibrated": name != "plain"} for name in names}
    record = selection_record(table, best, "image_auc", settings, {"lesions": "drawn"}, ["set/48"], "abc")
    assert record["chosen"] == {"name": "calibrated", "calibrated": True}
    assert record["interval"][0] < record["value"] <= record["interval"][1]
    assert record["not_to_be_tested_on"] == ["set/48"]


def test_the_rank_correlation_is_scipys_and_its_interval_holds_it():
    random = np.random.default_rng(0)
    first = random.integers(0, 8, 20).astype(float)
    second = first + random.normal(0, 2, 20)
    found = rank_correlation(first, second, resamples=500, confidence=0.9, seed=0)
    assert found.value == pytest.approx(spearmanr(first, second).statistic)
    assert found.low < found.value < found.high
    assert found.rows == 20
    assert found == rank_correlation(first, second, resamples=500, confidence=0.9, seed=0)
    wider = rank_correlation(first, second, resamples=500, confidence=0.99, seed=0)
    assert wider.low < found.low
    assert rank_correlation(first, -first, resamples=100, confidence=0.9, seed=0)[:3] == pytest.approx((-1, -1, -1))


@pytest.mark.parametrize(
    ("first", "second", "note"),
    [
        ([1, 2, 3], [1, 2, 3], "fewer than 4 rows"),
        ([1, 2, 3, math.nan], [1, 2, 3, 4], "fewer than 4 rows"),
        ([1, 1, 1, 1], [1, 2, 3, 4], "all rows have the same figure"),
    ],
)
def test_a_rank_correlation_of_too_little_is_undefined_and_says_why(first, second, note):
    found = rank_correlation(first, second, resamples=10, confidence=0.9, seed=0)
    assert math.isnan(found.value)
    assert note in found.note


def test_rows_that_do_not_fit_are_the_callers_mistake():
    with pytest.raises(ValueError, match="3 and 2 rows"):
        rank_correlation([1, 2, 3], [1, 2], resamples=10, confidence=0.9, seed=0)


def long_table(image, pixel):
    rows = [("image", "auc", "maximum", image), ("pixel", "auc", "", pixel)]
    table = pd.DataFrame(rows, columns=["level", "metric", "score", "value"])
    return table.assign(subset="all", low=math.nan, high=math.nan)


def test_the_proxy_is_held_against_the_test_row_by_row():
    pairs = [(0.6, 0.5), (0.7, 0.8), (0.8, 0.7), (0.9, 0.9), (0.95, 0.95)]
    lesioned = [Variant(str(n), {}, long_table(a, b), "maximum") for n, (a, b) in enumerate(pairs)]
    tested = [Variant(str(n), {}, long_table(b, -b), "maximum") for n, (a, b) in enumerate(pairs)]
    table = proxy_table(lesioned, tested)
    found = correlations(table, resamples=200, confidence=0.95, seed=0)
    assert found["image_auc"].value == pytest.approx(0.9)
    assert found["pixel_auc"].value == pytest.approx(-1)
    text = proxy_markdown(table, found, "Title", {"lesions": "drawn"}, 0.95)
    assert "0.900 [" in text
    assert "decides nothing" in text
