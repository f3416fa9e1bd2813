"""LesionPaste's table: normals against each grade, with intervals, repeats and the published figures."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from fundus_anomaly.tables.lesionpaste import FILE, comparisons, lesionpaste_markdown, lesionpaste_table


@pytest.fixture
def test_images():
    grades = [0] * 30 + [1] * 8 + [2] * 12 + [4] * 5 + [-1] * 3
    labels = [0] * 30 + [1] * 25 + [1] * 3
    return pd.DataFrame({"id": [f"i{n}" for n in range(58)], "label": labels, "grade": grades})


def logits(test_images, seed, gain=1.0):
    noise = np.random.default_rng(seed).standard_normal(len(test_images))
    return pd.Series(noise + gain * test_images["label"].to_numpy(), index=test_images["id"])


def test_each_grade_is_set_against_the_normals_and_all_abnormal_ones_against_them(test_images):
    scores = logits(test_images, 0)
    table = lesionpaste_table({"LesionPaste": {0: scores}}, test_images, "phantom", 0.95).set_index("against")
    assert list(table.index) == ["grade_1", "grade_2", "grade_4", "all"]
    for name, abnormal in (("grade_1", 8), ("grade_2", 12), ("grade_4", 5), ("all", 28)):
        row = table.loc[name]
        taken = test_images["label"].eq(0) | test_images["grade"].eq(int(name[-1]) if name != "all" else -9)
        taken = taken | (test_images["label"].eq(1) if name == "all" else False)
        wanted = roc_auc_score(test_images["label"][taken], scores.to_numpy()[taken])
        assert row["auc"] == pytest.approx(wanted)
        assert row["auc_low"] < row["auc"] < row["auc_high"]
        assert (row["normals"], row["abnormals"]) == (30, abnormal)


def test_several_repeats_are_shown_as_mean_and_standard_deviation(test_images):
    repeats = {seed: logits(test_images, seed) for seed in (0, 1, 2)}
    table = lesionpaste_table({"LesionPaste": repeats}, test_images, "phantom", 0.95)
    of_all = table.loc[table["against"] == "all", "auc"]
    text = lesionpaste_markdown(table, "title", ["a note"])
    assert f"{of_all.mean():.3f} ± {of_all.std(ddof=1):.3f}" in text
    assert "0 vs 1: 30 and 8" in text


def test_the_published_figures_of_a_dataset_stand_beneath_ours(test_images):
    table = lesionpaste_table({"LesionPaste": {0: logits(test_images, 0)}}, test_images, "eyeq", 0.95)
    published = table[table["source"] == "published"]
    assert (
        published.loc[(published["method"] == "LesionPaste") & (published["against"] == "all"), "auc"].item() == 0.8216
    )
    assert "LesionPaste (published)" in lesionpaste_markdown(table, "title", [])


def test_rows_are_compared_in_pairs_by_delong(test_images):
    rows = {
        "a": {0: logits(test_images, 0, 3.0)},
        "b": {0: logits(test_images, 1, 0.0)},
        "c": {0: logits(test_images, 2)},
    }
    told = comparisons(rows, test_images)
    assert len(told) == 3
    assert told[0].startswith("Image AUC, a ")
    assert "p < 0.001" in told[0]


def test_a_test_of_one_class_has_no_figure_and_says_why(test_images):
    normals = test_images[test_images["label"] == 0]
    table = lesionpaste_table({"LesionPaste": {0: logits(normals, 0)}}, normals, "phantom", 0.95)
    assert table["auc"].isna().all()
    assert "undefined" in table["note"].iloc[0]
    assert comparisons({"a": {0: logits(normals, 0)}, "b": {0: logits(normals, 1)}}, normals) == []


def test_the_published_file_holds_every_table_of_the_paper():
    figures = pd.read_csv(FILE, dtype={"table": str})
    assert figures.groupby("table").size().to_dict() == {"1": 11, "2": 25, "3": 36, "A1": 25, "A2": 25}
    assert figures["auc"].between(0.48, 1).all()
