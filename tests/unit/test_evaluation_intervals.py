"""Statements about the intervals: DeLong for images, resampled images for pixels."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from fundus_anomaly.evaluation.bootstrap import percentile_interval, resampled
from fundus_anomaly.evaluation.delong import auc_interval, compare
from fundus_anomaly.evaluation.pixel_metrics import average_precision, roc_auc


def histograms(seed=0, images=24, bins=64):
    """Images that differ in their level, the second half with lesion pixels."""
    draw = np.random.default_rng(seed)
    negative, positive = np.zeros((2, images, bins), np.float32)
    for number in range(images):
        level = draw.normal(20, 4)
        negative[number] = np.bincount(draw.normal(level, 5, 300).clip(0, 63).astype(int), minlength=bins)
        if number >= images // 2:
            positive[number] = np.bincount(draw.normal(level + 6, 5, 30).clip(0, 63).astype(int), minlength=bins)
    return positive, negative, [f"image {n}" for n in range(images)], np.arange(images) * 2 // images


def test_the_bootstrap_over_images_is_that_of_scipy():
    positive, negative, ids, strata = histograms()
    values = resampled([roc_auc], [positive], negative, ids, strata, 3000, 0)[0, 0]
    low, high = percentile_interval(values, 0.95)
    healthy, ill = np.flatnonzero(strata == 0), np.flatnonzero(strata == 1)

    def area(healthy, ill):
        drawn = np.concatenate([healthy.astype(int), ill.astype(int)])
        return roc_auc(positive[drawn].sum(axis=0), negative[drawn].sum(axis=0))

    reference = stats.bootstrap(
        (healthy, ill), area, n_resamples=3000, vectorized=False, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert high - low > 0.05
    assert (low, high) == pytest.approx((reference.low, reference.high), abs=0.006)


def test_pixels_of_one_image_are_not_taken_for_independent():
    positive, negative, ids, strata = histograms()
    values = resampled([roc_auc], [positive], negative, ids, strata, 500, 0)[0, 0]
    low, high = percentile_interval(values, 0.95)
    pixels = int(positive.sum())
    naive = 2 * 1.96 * np.sqrt(0.2 * 0.8 / pixels)
    assert high - low > 1.5 * naive


def test_intervals_depend_on_the_seed_and_the_ids_and_not_on_the_order_of_images():
    positive, negative, ids, strata = histograms()
    order = np.random.default_rng(5).permutation(len(ids))
    metrics = [roc_auc, average_precision]
    one = resampled(metrics, [positive], negative, ids, strata, 130, 7)
    shuffled = [ids[number] for number in order]
    other = resampled(metrics, [positive[order]], negative[order], shuffled, strata[order], 130, 7)
    np.testing.assert_allclose(one, other, rtol=1e-5)
    assert not np.allclose(one, resampled(metrics, [positive], negative, ids, strata, 130, 8))


def test_images_of_a_negative_stratum_are_never_drawn():
    positive, negative, ids, strata = histograms()
    one = resampled([roc_auc], [positive[12:]], negative[12:], ids[12:], strata[12:], 50, 0)
    other = resampled([roc_auc], [positive], negative, ids, np.where(strata == 1, 1, -1), 50, 0)
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_resamples_without_a_positive_are_left_out_and_too_many_of_them_leave_no_interval():
    values = np.array([0.5, 0.6, 0.7, np.nan])
    assert percentile_interval(values, 0.5) == pytest.approx((0.55, 0.65))
    assert np.isnan(percentile_interval(np.array([0.5, np.nan, np.nan]), 0.95)).all()
    assert np.isnan(percentile_interval(np.array([]), 0.95)).all()


def scored(seed, positives=30, negatives=20, gap=1.0):
    draw = np.random.default_rng(seed)
    abnormal = np.arange(positives + negatives) < positives
    return abnormal, draw.normal(0, 1, len(abnormal)) + gap * abnormal


def test_delongs_interval_is_that_of_the_definition():
    abnormal, scores = scored(0)
    positive, negative = scores[abnormal], scores[~abnormal]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    variance = wins.mean(axis=1).var(ddof=1) / len(positive) + wins.mean(axis=0).var(ddof=1) / len(negative)
    low, high, note = auc_interval(abnormal, scores, 0.95)
    half = stats.norm.ppf(0.975) * np.sqrt(variance)
    assert (low, high) == pytest.approx((wins.mean() - half, min(1, wins.mean() + half)), abs=1e-9)
    assert note == ""
    assert auc_interval(abnormal, scores, 0.5)[0] > low


def test_a_perfect_separation_does_not_claim_certainty():
    abnormal = np.arange(60) < 40
    low, high, note = auc_interval(abnormal, abnormal * 10.0 + np.arange(60) / 100, 0.95)
    assert (low, high) == pytest.approx((0.025 ** (1 / 20), 1))
    assert "separated" in note
    low, high, _ = auc_interval(abnormal, abnormal * -10.0 + np.arange(60) / 100, 0.95)
    assert (low, high) == pytest.approx((0, 1 - 0.025 ** (1 / 20)))


@pytest.mark.parametrize(
    ("abnormal", "scores", "why"),
    [
        ([1, 1, 1], [1, 2, 3], "fewer than two"),
        ([1, 0, 0, 0], [1, 2, 3, 0], "fewer than two"),
        ([1, 1, 0, 0], [2, 2, 2, 2], "all scores are equal"),
    ],
)
def test_where_delong_is_undefined_there_is_a_reason_and_no_number(abnormal, scores, why):
    low, high, note = auc_interval(np.array(abnormal, bool), np.array(scores, float), 0.95)
    assert np.isnan([low, high]).all()
    assert why in note


def test_a_clearly_better_score_is_told_from_a_worse_one_and_not_from_a_like_one():
    abnormal, good = scored(0, 60, 60, 2.0)
    draw = np.random.default_rng(1)
    bad, like = good + draw.normal(0, 4, len(good)), good + draw.normal(0, 0.01, len(good))
    found = compare(abnormal, bad, good)
    assert found.auc_b == pytest.approx(roc_auc_score(abnormal, good))
    assert found.z > 0
    assert found.p_value < 0.001
    assert compare(abnormal, good, like).p_value > 0.05


def test_scores_that_rank_alike_do_not_differ_significantly():
    abnormal, scores = scored(0)
    found = compare(abnormal, scores, np.exp(scores))
    assert (found.z, found.p_value) == (0, 1)
    assert found.auc_a == found.auc_b


def test_opposite_perfect_scores_and_single_images_are_not_tested():
    abnormal = np.arange(10) < 5
    perfect = compare(abnormal, abnormal * 1.0, abnormal * -1.0)
    assert (perfect.auc_a, perfect.auc_b) == (1, 0)
    assert np.isnan(perfect.p_value)
    assert "no variance" in perfect.note
    assert np.isnan(compare(np.arange(10) < 1, np.arange(10.0), np.arange(10.0)).auc_a)
