"""Operating points keep what normals promise, say where they cannot, and count patients by either eye."""

import numpy as np
import pandas as pd
import pytest

from fundus_anomaly.evaluation.judgeable import ALL, JUDGEABLE, with_and_without
from fundus_anomaly.evaluation.operating_points import (
    NO_ABNORMALS,
    NO_NORMALS,
    Scored,
    by_patient,
    normals_needed,
    operating_points,
    rarity,
)
from fundus_anomaly.quality.verdict import NOT_JUDGED
from fundus_anomaly.report.tables.operating_points import operating_markdown
from fundus_anomaly.report.tables.unjudged import still_counted_note, with_and_without_note


def scored(scores, abnormal=False, patients=None):
    scores = np.asarray(scores, float)
    patients = np.array([f"p{n}" for n in range(len(scores))]) if patients is None else np.array(patients)
    return Scored(scores, np.broadcast_to(abnormal, scores.shape).astype(bool), patients)


def points(test, normals, promised=(0.95,), confidence=0.95):
    return pd.DataFrame(operating_points(test, normals, promised, confidence))


@pytest.mark.parametrize(("q", "confidence", "count"), [(0.95, 0.95, 59), (0.9, 0.95, 29), (0.98, 0.95, 149)])
def test_so_many_normals_a_promise_needs(q, confidence, count):
    assert normals_needed(q, confidence) == count
    # Their highest score is above the quantile q of all normals with that confidence, and with one fewer it is not.
    assert 1 - q**count >= confidence > 1 - q ** (count - 1)


def test_sensitivity_and_delivered_specificity_are_shares_of_the_test_at_the_threshold_of_normals():
    test = scored([1, 2, 96, 99, 50, 96, 97, 200], [False] * 4 + [True] * 4)
    row = points(test, scored(np.arange(1, 101))).iloc[0]
    assert row["threshold"] == 96
    assert (row["sensitivity"], row["specificity"]) == (0.75, 0.5)
    assert row["sensitivity_low"] < 0.75 < row["sensitivity_high"]
    assert (row["normals"], row["abnormals"], row["test_normals"], row["note"]) == (100, 4, 4, "")
    assert row["expected_specificity"] == pytest.approx(96 / 101)
    assert row["expected_low"] < row["expected_specificity"] < row["expected_high"]


@pytest.mark.parametrize(("count", "q"), [(59, 0.95), (100, 0.95), (40, 0.9)])
def test_how_often_a_promise_is_kept_is_what_sets_of_normals_show(count, q):
    rng = np.random.default_rng(2)
    said = points(scored([0.0]), scored(np.arange(count)), (q,)).iloc[0]["promise_kept"]
    # Of uniform scores the threshold is the specificity.
    drawn = [points(scored([0.0]), scored(rng.random(count)), (q,)).iloc[0]["threshold"] for _ in range(1500)]
    assert said == pytest.approx(np.mean(np.array(drawn) >= q), abs=0.05)
    assert 0.5 < said < 0.6


def test_the_delivered_specificity_is_the_promised_one_over_many_sets_of_normals():
    rng = np.random.default_rng(0)
    for count in (19, 60, 132):
        delivered = []
        for _ in range(600):
            drawn = points(scored(rng.standard_normal(50)), scored(rng.standard_normal(count)))
            delivered.append(drawn.iloc[0]["specificity"])
        assert 0.95 - 0.006 < np.mean(delivered) < 0.95 + 1 / (count + 1) + 0.006


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "no threshold"), (1, "TOO FEW NORMALS: 1"), (18, "TOO FEW NORMALS: 18"), (19, "few normals: 19"), (59, "")],
)
def test_too_few_normals_for_a_promise_are_said_to_be_so(count, expected):
    row = points(scored([1, 2], [False, True]), scored(np.arange(count))).iloc[0]
    assert row["note"].startswith(expected)
    assert (row["note"] == "") == (expected == "")
    assert np.isnan(row["sensitivity"]) == (count == 0)
    assert row["normals_needed"] == 59


@pytest.mark.parametrize(
    ("abnormal", "note", "missing"), [(True, NO_NORMALS, "specificity"), (False, NO_ABNORMALS, "sensitivity")]
)
def test_a_test_of_one_class_has_the_other_figure_alone(abnormal, note, missing):
    row = points(scored([1, 2], abnormal), scored(np.arange(60))).iloc[0]
    assert row["note"] == note
    other = {"specificity": "sensitivity", "sensitivity": "specificity"}[missing]
    assert np.isnan(row[[missing, f"{missing}_low", f"{missing}_high"]].astype(float)).all()
    assert np.isfinite(row[other])


def test_a_patient_is_abnormal_if_one_eye_is_and_scores_as_the_higher_eye():
    found = by_patient(scored([1, 5, 7, 2, 3], [False, True, False, False, True], list("aabbc")))
    assert found.patients.tolist() == list("abc")
    assert found.scores.tolist() == [5, 7, 3]
    assert found.abnormal.tolist() == [True, False, True]


def test_two_eyes_have_a_threshold_of_their_own_without_which_a_promise_would_be_broken():
    rng = np.random.default_rng(1)
    normals = scored(rng.standard_normal(400), patients=np.arange(400) // 2)
    test = scored(rng.standard_normal(4000), patients=np.arange(4000) // 2)
    image, patient = (row for _, row in points(test, normals).iterrows())
    assert (image["unit"], patient["unit"]) == ("image", "patient")
    assert (patient["normals"], patient["test_normals"]) == (200, 2000)
    assert patient["threshold"] > image["threshold"]
    assert patient["specificity"] == pytest.approx(0.95, abs=0.035)
    assert (by_patient(test).scores < image["threshold"]).mean() < 0.92


def test_an_eye_that_is_missing_leaves_its_patient_to_the_other_eye():
    whole = scored([1, 9, 2, 2], [True, True, False, False], list("aabb"))
    left = Scored(*(one[[0, 2, 3]] for one in whole))
    normals = scored(np.arange(60) / 10)
    by_both, by_one = points(whole, normals).iloc[1], points(left, normals).iloc[1]
    assert (by_both["abnormals"], by_one["abnormals"]) == (1, 1)
    assert (by_both["sensitivity"], by_one["sensitivity"]) == (1, 0)
    none = Scored(*(one[2:] for one in whole))
    assert points(none, normals).iloc[1]["abnormals"] == 0


def test_a_test_without_any_label_has_thresholds_and_no_rates():
    for row in operating_points(scored([]), scored(np.arange(60)), (0.95,), 0.95):
        assert row["threshold"] == 57
        assert np.isnan([row["sensitivity"], row["specificity"]]).all()
        assert row["note"] == f"{NO_NORMALS}; {NO_ABNORMALS}"


def test_a_table_of_equal_scores_calls_all_or_none():
    row = points(scored([3, 3, 3], [False, True, True]), scored([3.0] * 60)).iloc[0]
    assert (row["sensitivity"], row["specificity"]) == (1, 0)


def test_rarity_has_a_p_value_for_every_image():
    table = rarity(["a", "b"], np.array([0.5, 9.0]), np.arange(9.0))
    assert table["p_value"].tolist() == [0.9, 0.2 - 0.1]


def test_every_rate_is_given_with_and_without_the_photographs_that_cannot_be_judged():
    test = scored([1, 50, 60, 70, 80], [False, False, True, True, True], list("abcdd"))
    normals = scored(np.arange(40.0))
    none, some = np.zeros(5, bool), np.array([False, True, False, False, True])
    of_normals = np.arange(40) >= 30
    plain = with_and_without(test, normals, none, np.zeros(40, bool), (0.9,), 0.95)
    assert [row["photographs"] for row in plain] == [ALL, ALL]
    table = pd.DataFrame(with_and_without(test, normals, some, of_normals, (0.9,), 0.95))
    pd.testing.assert_frame_equal(table[table["photographs"] == ALL].reset_index(drop=True), pd.DataFrame(plain))
    without = table[table["photographs"] == JUDGEABLE].set_index("unit")
    kept = points(scored([1, 60, 70], [False, True, True], list("acd")), scored(np.arange(30.0)), (0.9,))
    pd.testing.assert_frame_equal(without.drop(columns="photographs"), kept.set_index("unit"))
    assert (plain[0]["specificity"], without.loc["image", "specificity"]) == (0.5, 1.0)
    text = operating_markdown(table.assign(method="ReSAD"), "Points", 0.95, [with_and_without_note(*notes())])
    assert text.count("| that can be judged |") == 2
    assert "2 of the test's 5 photographs and 0 of the 3 normals cannot be judged by their quality" in text


def test_a_table_that_counts_what_cannot_be_judged_says_so_and_else_nothing():
    assert still_counted_note(notes()[1]) == []
    (note,) = still_counted_note(notes()[0])
    assert note.startswith("2 of the test's 5 photographs cannot be judged by their quality. They count here")


def notes():
    return pd.Series([NOT_JUDGED, "judged", NOT_JUDGED, "judged", "judged"]), pd.Series(["judged"] * 3)


def test_the_document_has_promised_and_delivered_side_by_side_and_its_warnings_first():
    rows = operating_points(scored([1, 2, 3], [False, True, True]), scored(np.arange(20)), (0.9, 0.95), 0.95)
    text = operating_markdown(pd.DataFrame(rows).assign(method="ReSAD", photographs=ALL), "Points", 0.95, [])
    assert text.index("Read with care") < text.index("## By image") < text.index("## By patient")
    assert "- By image, promised 0.950: few normals: 20;" in text
    header = next(line for line in text.splitlines() if line.startswith("| method"))
    columns = [cell.strip() for cell in header.strip("|").split("|")]
    assert columns.index("delivered") == columns.index("promised") + 1
    assert text.count("20 (too few)") == 4
