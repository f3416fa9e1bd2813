"""LesionPaste's table: normals against each grade, with intervals, repeats and the published figures."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from fundus_anomaly.evaluation.comparison import p_values
from fundus_anomaly.evaluation.delong import compare
from fundus_anomaly.evaluation.evaluate import Settings, evaluate
from fundus_anomaly.report.tables.lesionpaste import (
    CHOSEN_ON_TEST,
    headline,
    lesionpaste_markdown,
    lesionpaste_table,
)
from fundus_anomaly.report.tables.published import FILE


@pytest.fixture
def test_images():
    grades = [0] * 30 + [1] * 8 + [2] * 12 + [4] * 5 + [-1] * 3
    labels = [0] * 30 + [1] * 25 + [1] * 3
    ids = [f"i{n}" for n in range(58)]
    return pd.DataFrame({"id": ids, "label": labels, "grade": grades, "patient": ids})


def logits(test_images, seed, gain=1.0):
    noise = np.random.default_rng(seed).standard_normal(len(test_images))
    logit = noise + gain * test_images["label"].to_numpy()
    return pd.DataFrame({"own": logit}, index=test_images["id"])


def measured(found, test_images):
    """The long table of one run, as the rule ``evaluate`` makes it."""
    manifest = test_images[test_images["id"].isin(found.index)]
    settings = Settings(0.95, 0.3, 1, 0.95, 10, 1, 0)
    return evaluate([], found.reset_index(), manifest, [], None, None, [], settings).rows


def own(scores):
    return {row: {run: found["own"] for run, found in runs.items()} for row, runs in scores.items()}


def comparisons(scores, test_images):
    return p_values(own(scores), test_images)


def table_of(scores, test_images, dataset="phantom", number="3"):
    metrics = {row: {run: measured(found, test_images) for run, found in runs.items()} for row, runs in scores.items()}
    return lesionpaste_table(metrics, own(scores), test_images, dataset, number)


def text_of(scores, test_images, dataset="phantom", number="3"):
    table = table_of(scores, test_images, dataset, number)
    return lesionpaste_markdown(table, comparisons(scores, test_images), number, "title", ["a note"])


def test_each_grade_is_set_against_the_normals_and_all_abnormal_ones_against_them(test_images):
    scores = logits(test_images, 0)
    table = table_of({"LesionPaste": {"repeat~0": scores}}, test_images).set_index("against")
    assert list(table.index) == ["grade_1", "grade_2", "grade_4", "all"]
    for name, abnormal in (("grade_1", 8), ("grade_2", 12), ("grade_4", 5), ("all", 28)):
        row = table.loc[name]
        taken = test_images["label"].eq(0) | test_images["grade"].eq(int(name[-1]) if name != "all" else -9)
        taken = taken | (test_images["label"].eq(1) if name == "all" else False)
        wanted = roc_auc_score(test_images["label"][taken], scores["own"].to_numpy()[taken])
        assert row["auc"] == pytest.approx(wanted)
        assert row["auc_low"] < row["auc"] < row["auc_high"]
        assert (row["normals"], row["abnormals"]) == (30, abnormal)


def test_several_runs_are_shown_as_mean_and_standard_deviation(test_images):
    runs = {f"repeat~{seed}": logits(test_images, seed) for seed in (0, 1, 2)}
    table = table_of({"LesionPaste": runs}, test_images)
    of_all = table.loc[table["against"] == "all", "auc"]
    text = text_of({"LesionPaste": runs}, test_images)
    assert f"{of_all.mean():.3f} ± {of_all.std(ddof=1):.3f}" in text
    assert "0 vs 1: 30 and 8" in text


def test_folds_are_tested_each_on_its_own_images(test_images):
    whole = logits(test_images, 0)
    folds = {f"fold~{fold}/repeat~0": whole.iloc[fold::2] for fold in (0, 1)}
    table = table_of({"LesionPaste": folds}, test_images)
    of_all = table[table["against"] == "all"].set_index("run")
    for run, part in folds.items():
        labels = test_images.set_index("id").loc[part.index, "label"]
        assert of_all.loc[run, "auc"] == pytest.approx(roc_auc_score(labels, part["own"]))
    assert "0 vs all: 15 and 14" in text_of({"LesionPaste": folds}, test_images)


def in_folds(found, offsets):
    """One row's runs over folds of every third image; the classifier of each fold adds an offset of its own."""
    return {f"fold~{fold}/repeat~0": found.iloc[fold::3] + offset for fold, offset in enumerate(offsets)}


def test_logits_of_different_folds_classifiers_are_not_ranked_together(test_images):
    a, b = logits(test_images, 0, 2.0), logits(test_images, 1, 1.0)
    plain = comparisons({"a": in_folds(a, (0, 0, 0)), "b": in_folds(b, (0, 0, 0))}, test_images)
    moved = comparisons({"a": in_folds(a, (0, 3, -7)), "b": in_folds(b, (2, 0, 0))}, test_images)
    assert moved.loc["a", "b"] == pytest.approx(plain.loc["a", "b"])
    # The areas that are compared are the means that the table shows.
    rows = {name: in_folds(found, (0, 3, -7)) for name, found in (("a", a), ("b", b))}
    table = table_of(rows, test_images)
    shown = table[table["against"] == "all"].groupby("method")["auc"].mean()
    strata = np.arange(58) % 3
    found = compare(test_images["label"].to_numpy() == 1, a["own"].to_numpy(), b["own"].to_numpy(), None, strata)
    assert (found.auc_a, found.auc_b) == pytest.approx((shown["a"], shown["b"]))
    assert found.p_value == pytest.approx(plain.loc["a", "b"])


def test_logits_of_repeated_trainings_are_not_averaged(test_images):
    a, b, c = (logits(test_images, seed, gain) for seed, gain in ((0, 2.0), (1, 1.0), (2, 1.5)))
    plain = comparisons({"a": {"repeat~0": a, "repeat~1": c}, "b": {"repeat~0": b}}, test_images)
    scaled = comparisons({"a": {"repeat~0": a * 50 - 3, "repeat~1": c}, "b": {"repeat~0": b}}, test_images)
    assert scaled.loc["a", "b"] == pytest.approx(plain.loc["a", "b"])
    twice = comparisons({"a": {"repeat~0": a, "repeat~1": a}, "b": {"repeat~0": b}}, test_images)
    once = comparisons({"a": {"repeat~0": a}, "b": {"repeat~0": b}}, test_images)
    assert twice.loc["a", "b"] == pytest.approx(once.loc["a", "b"])


def test_repeats_within_folds_and_folds_of_one_class(test_images):
    a, b = logits(test_images, 0, 2.0), logits(test_images, 1, 1.0)
    folds = {**in_folds(a, (0, 1, 2)), **{f"fold~{fold}/repeat~1": b.iloc[fold::3] for fold in range(2)}}
    found = comparisons({"a": folds, "b": in_folds(b, (0, 0, 0))}, test_images)
    assert 0 < found.loc["a", "b"] < 1
    # The normals alone are a fold of one class, which has no area.
    parted = {"fold~0": a.iloc[:15], "fold~1": a.iloc[15:]}
    other = {"fold~0": b.iloc[:15], "fold~1": b.iloc[15:]}
    left = test_images.iloc[15:]
    one, two = comparisons({"a": parted, "b": other}, test_images), comparisons({"a": parted, "b": other}, left)
    assert one.loc["a", "b"] == pytest.approx(two.loc["a", "b"])


def test_the_epoch_that_the_test_chooses_has_a_column_of_its_own(test_images):
    scores = logits(test_images, 0, 0.0)
    scores["epoch_10"] = logits(test_images, 1, 1.0)["own"]
    scores["epoch_20"] = logits(test_images, 2, 3.0)["own"]
    table = table_of({"LesionPaste": {"repeat~0": scores}}, test_images).set_index("against")
    assert set(table["epoch_chosen_on_test"]) == {20}
    best = roc_auc_score(test_images["label"], scores["epoch_20"])
    assert table.loc["all", "auc_epoch_chosen_on_test"] == pytest.approx(best)
    assert table.loc["all", "auc"] == pytest.approx(roc_auc_score(test_images["label"], scores["own"]))
    text = text_of({"LesionPaste": {"repeat~0": scores}}, test_images)
    assert CHOSEN_ON_TEST in text
    assert f"{best:.3f} |" in text
    assert CHOSEN_ON_TEST not in text_of({"LesionPaste": {"repeat~0": logits(test_images, 0)}}, test_images)


@pytest.mark.parametrize(
    ("number", "method", "auc"),
    [("3", "LesionPaste", 0.8216), ("1", "Flip", 0.7803), ("2", "0.7", 0.8177), ("A1", "idrid_48", 0.7851)],
)
def test_the_published_figures_of_a_table_stand_beneath_ours(test_images, number, method, auc):
    scores = {"ours": {"repeat~0": logits(test_images, 0)}}
    published = table_of(scores, test_images, "eyeq", number).query("source == 'published'")
    assert published.loc[(published["method"] == method) & (published["against"] == "all"), "auc"].item() == auc
    text = text_of(scores, test_images, "eyeq", number)
    assert f"{method} (published)" in text
    assert f"Medical Images, Table {number};" in text


def test_the_headline_shows_our_rows_alone(test_images):
    table = table_of({"ours": {"repeat~0": logits(test_images, 0)}}, test_images, "eyeq")
    auc = table.loc[(table["source"] == "this run") & (table["against"] == "all"), "auc"].item()
    assert f"{auc:.3f}" in headline(table)
    assert "published" not in headline(table)


def test_any_two_rows_are_compared_by_delong(test_images):
    rows = {
        "a": {"repeat~0": logits(test_images, 0, 3.0)},
        "b": {"repeat~0": logits(test_images, 1, 0.0)},
        "c": {"repeat~0": logits(test_images, 2)},
    }
    found = comparisons(rows, test_images)
    assert found.shape == (3, 3)
    assert np.isnan(np.diag(found)).all()
    assert found.loc["a", "b"] == found.loc["b", "a"] < 0.001
    assert found.loc["a", "c"] > found.loc["a", "b"]
    assert "< 0.001" in text_of(rows, test_images)


def test_a_test_of_one_class_has_no_figure_and_says_why(test_images):
    normals = test_images[test_images["label"] == 0]
    rows = {name: {"repeat~0": logits(normals, seed)} for seed, name in enumerate("ab")}
    table = table_of(rows, normals)
    assert table["auc"].isna().all()
    assert "undefined" in table["note"].iloc[0]
    assert comparisons(rows, normals).empty
    assert "DeLong's test of two rows" not in text_of(rows, normals)


def test_the_published_file_holds_every_table_of_the_paper():
    figures = pd.read_csv(FILE, dtype={"table": str})
    figures = figures[figures["paper"] == "lesionpaste"]
    assert figures.groupby("table").size().to_dict() == {"1": 11, "2": 25, "3": 36, "A1": 25, "A2": 25}
    assert figures["value"].between(0.48, 1).all()
