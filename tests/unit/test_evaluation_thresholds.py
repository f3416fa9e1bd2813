"""A calibrated threshold lets as many normals pass as it says, and shares of images have intervals that cover."""

import numpy as np
import pytest
from scipy import stats

from fundus_anomaly.evaluation.proportions import mean_interval, share_interval
from fundus_anomaly.scoring.thresholds import (
    calibrate,
    calibration_in_words,
    image_threshold,
    p_values,
    percentiles,
    rank_of,
)


@pytest.mark.parametrize(
    ("count", "quantile", "rank"),
    [(32, 0.95, 32), (133, 0.95, 128), (100, 0.95, 96), (19, 0.95, 19), (39, 0.95, 38), (9, 0.9, 9), (99, 0.07, 7)],
)
def test_the_threshold_is_the_order_statistic_of_one_more_than_the_normals(count, quantile, rank):
    scores = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    assert rank_of(count, quantile) == rank
    assert image_threshold(scores, quantile) == rank


@pytest.mark.parametrize("count", [3, 18])
def test_too_few_normals_give_their_highest_score_and_the_words_say_what_can_be_expected(count):
    scores = np.arange(float(count))
    found = calibrate(scores, 0.95)
    assert (found.threshold, found.rank) == (count - 1, count)
    assert found.expected == pytest.approx(1 / (count + 1))
    assert found.expected > 0.05
    words = calibration_in_words(count, 0.95)
    assert f"too few for 0.95; of new normals like them {100 / (count + 1):.1f} %" in words
    assert "too few" not in calibration_in_words(19, 0.95)


@pytest.mark.parametrize("count", [16, 32, 48, 133])
def test_new_normals_are_above_the_threshold_as_often_as_it_says(count):
    """The linear quantile of 32 let 7.7 % of them be called abnormal, of 16 10.3 %."""
    draw = np.random.default_rng(0)
    shares = np.array([stats.norm.sf(image_threshold(draw.standard_normal(count), 0.95)) for _ in range(4000)])
    said = calibrate(np.arange(count), 0.95)
    assert shares.mean() == pytest.approx(said.expected, rel=0.05)
    assert said.expected <= max(0.05, 1 / (count + 1))
    assert np.quantile(shares, [0.05, 0.95]) == pytest.approx([said.low, said.high], rel=0.1, abs=1e-3)


def test_no_normals_give_no_threshold():
    assert np.isnan(calibrate(np.array([]), 0.95)[0])
    assert calibrate(np.array([]), 0.95).count == 0


def test_the_interval_of_a_share_is_wilsons_where_each_patient_has_one_image():
    hits = np.arange(40) < 33
    wanted = stats.binomtest(33, 40).proportion_ci(0.95, "wilson")
    assert share_interval(hits, np.arange(40), 0.95) == pytest.approx(tuple(wanted))
    low, high = share_interval(np.ones(34, bool), np.arange(34), 0.95)
    assert low == pytest.approx(stats.binomtest(34, 34).proportion_ci(0.95, "wilson").low)
    assert high == 1


def test_an_image_that_is_there_twice_under_one_patient_narrows_no_interval():
    hits, patients = np.arange(50) % 4 > 0, np.arange(50)
    once, twice = (share_interval(np.tile(hits, n), np.tile(patients, n), 0.95) for n in (1, 2))
    assert np.diff(twice) == pytest.approx(np.diff(once), rel=0.02)
    assert np.diff(twice) >= np.diff(once)
    assert np.diff(share_interval(np.tile(hits, 2), np.arange(100), 0.95)) < 0.8 * np.diff(once)
    # All alike: nothing tells how much two eyes have in common, and patients count.
    alike = share_interval(np.ones(100, bool), np.tile(patients, 2), 0.95)
    assert alike == pytest.approx(share_interval(np.ones(50, bool), patients, 0.95))
    assert np.isnan(share_interval(hits[:2], np.array(["a", "a"]), 0.95)).all()


@pytest.mark.parametrize("share", [0.6, 0.9])
def test_the_interval_of_a_share_covers_what_it_says_over_patients(share):
    draw = np.random.default_rng(0)
    patients = np.repeat(np.arange(16), 2)
    covered = 0
    for _ in range(1500):
        level = np.sqrt(0.7) * draw.standard_normal(16)[patients] + np.sqrt(0.3) * draw.standard_normal(32)
        low, high = share_interval(level < stats.norm.ppf(share), patients, 0.95)
        covered += low <= share <= high
    assert 0.92 <= covered / 1500 <= 0.98


def test_the_interval_of_the_balanced_accuracy_covers_what_it_says():
    draw = np.random.default_rng(0)
    covered = 0
    for _ in range(1500):
        shares = []
        for count, chance in ((81, 0.55), (34, 0.92)):
            hits = draw.random(count) < chance
            shares.append((hits.mean(), *share_interval(hits, np.arange(count), 0.95)))
        low, high = mean_interval(*shares)
        covered += low <= (0.55 + 0.92) / 2 <= high
    assert 0.92 <= covered / 1500 <= 0.98


def test_p_values_are_shares_of_normals_that_score_as_high_and_never_0():
    normals = np.array([4.0, 1.0, 3.0, 2.0])
    assert p_values(np.array([0.0, 2.0, 2.5, 4.0, 9.0]), normals).tolist() == [1, 0.8, 0.6, 0.4, 0.2]
    assert p_values(np.array([5.0]), np.array([])).tolist() == [1]


def test_percentiles_are_shares_of_normals_that_score_lower():
    normals = np.array([4.0, 1.0, 3.0, 2.0])
    assert percentiles(np.array([0.0, 2.0, 2.5, 4.0, 9.0]), normals).tolist() == [0, 25, 50, 75, 100]
    assert np.isnan(percentiles(np.array([5.0]), np.array([]))).all()


def test_p_values_of_new_normals_are_at_most_uniform():
    rng = np.random.default_rng(0)
    found = np.concatenate([p_values(rng.standard_normal(1), rng.standard_normal(59)) for _ in range(4000)])
    for share in (0.05, 0.1, 0.5):
        assert (found <= share).mean() == pytest.approx(share, abs=3 * np.sqrt(share * (1 - share) / 4000))
