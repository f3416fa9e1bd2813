"""Statements about the intervals: DeLong for images, resampled images for pixels."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from fundus_anomaly.evaluation.bootstrap import percentile_interval, resampled
from fundus_anomaly.evaluation.clustered_delong import components, variance
from fundus_anomaly.evaluation.delong import auc_interval, compare
from fundus_anomaly.evaluation.logit_interval import clopper_pearson
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
    values = resampled([roc_auc], [positive], negative, ids, ids, strata, 3000, 0)[0, 0]
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
    values = resampled([roc_auc], [positive], negative, ids, ids, strata, 500, 0)[0, 0]
    low, high = percentile_interval(values, 0.95)
    pixels = int(positive.sum())
    naive = 2 * 1.96 * np.sqrt(0.2 * 0.8 / pixels)
    assert high - low > 1.5 * naive


def test_intervals_depend_on_the_seed_and_the_ids_and_not_on_the_order_of_images():
    positive, negative, ids, strata = histograms()
    order = np.random.default_rng(5).permutation(len(ids))
    metrics = [roc_auc, average_precision]
    one = resampled(metrics, [positive], negative, ids, ids, strata, 130, 7)
    shuffled = [ids[number] for number in order]
    other = resampled(metrics, [positive[order]], negative[order], shuffled, shuffled, strata[order], 130, 7)
    np.testing.assert_allclose(one, other, rtol=1e-5)
    assert not np.allclose(one, resampled(metrics, [positive], negative, ids, ids, strata, 130, 8))


def test_images_of_a_negative_stratum_are_never_drawn():
    positive, negative, ids, strata = histograms()
    one = resampled([roc_auc], [positive[12:]], negative[12:], ids[12:], ids[12:], strata[12:], 50, 0)
    other = resampled([roc_auc], [positive], negative, ids, ids, np.where(strata == 1, 1, -1), 50, 0)
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_resamples_without_a_positive_are_left_out_and_too_many_of_them_leave_no_interval():
    values = np.array([0.5, 0.6, 0.7, np.nan])
    assert percentile_interval(values, 0.5) == pytest.approx((0.55, 0.65))
    assert np.isnan(percentile_interval(np.array([0.5, np.nan, np.nan]), 0.95)).all()
    assert np.isnan(percentile_interval(np.array([]), 0.95)).all()


def test_resamples_of_one_patient_claim_no_certainty():
    positive, negative = np.random.default_rng(0).integers(0, 9, (2, 1, 64)).astype(np.float32)
    values = resampled([roc_auc], [positive], negative, ["a"], ["p"], np.array([1]), 200, 0)
    assert np.isnan(percentile_interval(values[0, 0], 0.95)).all()


def scored(seed, positives=30, negatives=20, gap=1.0):
    draw = np.random.default_rng(seed)
    abnormal = np.arange(positives + negatives) < positives
    return abnormal, draw.normal(0, 1, len(abnormal)) + gap * abnormal


def test_the_interval_of_a_middling_area_is_delongs_on_the_logit_scale():
    abnormal, scores = scored(0, 300, 200)
    positive, negative = scores[abnormal], scores[~abnormal]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    area = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / len(positive) + wins.mean(axis=0).var(ddof=1) / len(negative)
    low, high, note = auc_interval(abnormal, scores, 0.95)
    half = stats.norm.ppf(0.975) * np.sqrt(variance) / (area * (1 - area))
    logit = np.log(area / (1 - area))
    assert (low, high) == pytest.approx((expit(logit - half), expit(logit + half)), abs=5e-4)
    assert note == ""
    assert auc_interval(abnormal, scores, 0.5)[0] > low


@pytest.mark.parametrize(
    ("positives", "negatives", "area"), [(81, 34, 0.98), (5, 34, 0.7), (13, 34, 0.97), (10, 100, 0.95), (200, 40, 0.99)]
)
def test_the_interval_covers_what_it_says(positives, negatives, area):
    draw = np.random.default_rng(0)
    abnormal = np.arange(positives + negatives) < positives
    gap = np.sqrt(2) * stats.norm.ppf(area)
    covered = 0
    for _ in range(800):
        low, high, _ = auc_interval(abnormal, draw.standard_normal(len(abnormal)) + gap * abnormal, 0.95)
        assert 0 <= low < high <= 1
        covered += low <= area <= high
    assert 0.92 <= covered / 800 <= 0.985


def test_the_interval_covers_what_it_says_where_patients_have_two_eyes():
    draw = np.random.default_rng(0)
    patients = np.repeat(np.arange(32), 2)
    abnormal = patients < 16
    covered = 0
    for _ in range(800):
        level = np.sqrt(0.7) * draw.standard_normal(32)[patients] + np.sqrt(0.3) * draw.standard_normal(64)
        low, high, _ = auc_interval(abnormal, level + np.sqrt(2) * stats.norm.ppf(0.95) * abnormal, 0.95, patients)
        covered += low <= 0.95 <= high
    assert 0.92 <= covered / 800 <= 0.985


def test_scores_turned_round_have_the_interval_turned_round():
    abnormal, scores = scored(5, 7, 30, 1.5)
    low, high, _ = auc_interval(abnormal, scores, 0.95)
    assert auc_interval(abnormal, -scores, 0.95)[:2] == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("positives", "negatives"), [(12, 32), (81, 34), (5, 5), (8, 200)])
def test_the_last_wrong_pair_makes_no_leap(positives, negatives):
    """One wrong pair of 384 gave [.993, 1] beside [.735, 1] without any: a narrow interval for the worse score."""
    abnormal = np.arange(positives + negatives) < positives
    separated = np.where(abnormal, 10.0, 0) + np.linspace(0, 1, len(abnormal))
    swapped = separated.copy()
    swapped[[0, positives + negatives - 1]] = 5.0, 6.0
    perfect, nearly = (auc_interval(abnormal, scores, 0.95) for scores in (separated, swapped))
    assert roc_auc_score(abnormal, swapped) == pytest.approx(1 - 1 / (positives * negatives))
    assert perfect[0] == pytest.approx(0.025 ** (1 / min(positives, negatives)))
    assert nearly[0] == pytest.approx(perfect[0], abs=0.06)
    assert nearly[1] > 0.995


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
        ([1, 1, 1], [1, 2, 3], "fewer than three"),
        ([1, 0, 0, 0], [1, 2, 3, 0], "fewer than three"),
        ([1, 1, 0, 0, 0], [1, 4, 3, 0, 2], "fewer than three"),
        ([1, 1, 0, 0], [2, 2, 2, 2], "all scores are equal"),
    ],
)
def test_where_delong_is_undefined_there_is_a_reason_and_no_number(abnormal, scores, why):
    low, high, note = auc_interval(np.array(abnormal, bool), np.array(scores, float), 0.95)
    assert np.isnan([low, high]).all()
    assert why in note


def test_a_clearly_better_score_is_reported_from_a_worse_one_and_not_from_a_like_one():
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
    few = compare(np.arange(10) < 2, np.arange(10.0), -np.arange(10.0))
    assert (few.auc_a, few.auc_b) == (0, 1)
    assert np.isnan(few.p_value)
    assert "fewer than three" in few.note
    assert np.isnan(compare(np.arange(10) < 0, np.arange(10.0), np.arange(10.0)).auc_a)


def paired(seed, patients=60):
    """Two eyes a patient, alike in their score; the second eye of some is healthy though the first is not."""
    draw = np.random.default_rng(seed)
    first = np.arange(patients) < patients // 2
    second = first & (np.arange(patients) % 5 > 0)
    abnormal = np.concatenate([first, second])
    level = np.tile(draw.normal(0, 1, patients), 2)
    scores = [level + abnormal * gap + draw.normal(0, 0.4, len(abnormal)) for gap in (1.0, 1.4)]
    return abnormal, scores, np.tile(np.arange(patients).astype(str), 2)


def test_the_variance_over_patients_is_delongs_where_each_has_one_image():
    abnormal, scores = scored(0)
    component = components(abnormal, scores)
    assert component[abnormal].mean() == pytest.approx(roc_auc_score(abnormal, scores))
    assert component[~abnormal].mean() == pytest.approx(roc_auc_score(abnormal, scores))
    assert variance(abnormal, component, np.arange(len(scores))) == pytest.approx(
        component[abnormal].var(ddof=1) / abnormal.sum() + component[~abnormal].var(ddof=1) / (~abnormal).sum()
    )
    assert auc_interval(abnormal, scores, 0.95, np.arange(len(scores))) == auc_interval(abnormal, scores, 0.95)


def test_an_image_that_is_there_twice_under_one_patient_adds_no_certainty():
    abnormal, scores = scored(3, 60, 50)
    twice = [np.concatenate([values, values]) for values in (abnormal, scores, np.arange(len(scores)))]
    once = np.diff(auc_interval(abnormal, scores, 0.95)[:2])
    assert np.diff(auc_interval(*twice[:2], 0.95, twice[2])[:2]) == pytest.approx(once, rel=1e-6)
    assert np.diff(auc_interval(*twice[:2], 0.95)[:2]) == pytest.approx(once / np.sqrt(2), rel=0.02)


def test_the_variance_over_patients_is_that_of_drawing_patients():
    abnormal, (a, b), patients = paired(0)
    draw = np.random.default_rng(1)
    names = np.unique(patients)
    images = {name: np.flatnonzero(patients == name) for name in names}

    def area(abnormal, values):
        higher = values[abnormal][:, None] - values[~abnormal]
        return (higher > 0).mean() + (higher == 0).mean() / 2

    assert area(abnormal, a) == pytest.approx(roc_auc_score(abnormal, a))
    areas = []
    for _ in range(2000):
        drawn = np.concatenate([images[name] for name in draw.choice(names, len(names))])
        areas.append([area(abnormal[drawn], values[drawn]) for values in (a, b)])
    areas = np.array(areas)
    of_a, of_b = components(abnormal, a), components(abnormal, b)
    assert np.sqrt(variance(abnormal, of_a, patients)) == pytest.approx(areas[:, 0].std(), rel=0.08)
    assert np.sqrt(variance(abnormal, of_b - of_a, patients)) == pytest.approx(np.diff(areas).std(), rel=0.08)
    assert variance(abnormal, of_a, patients) > 1.2 * variance(abnormal, of_a, np.arange(len(a)))


def test_two_scores_of_patients_with_two_eyes_are_compared_over_patients():
    abnormal, (a, b), patients = paired(0)
    found, over_images = compare(abnormal, a, b, patients), compare(abnormal, a, b)
    assert (found.auc_a, found.auc_b) == pytest.approx((over_images.auc_a, over_images.auc_b))
    assert np.sign(found.z) == np.sign(over_images.z)
    assert compare(abnormal, a, np.exp(a), patients).p_value == 1
    opposite = compare(abnormal, abnormal * 1.0, abnormal * -1.0, patients)
    assert (opposite.auc_a, opposite.auc_b) == (1, 0)
    assert "no variance" in opposite.note


def test_a_class_of_one_patients_eyes_has_no_interval_and_separated_patients_count_once():
    scores = np.array([5.0, 6, 1, 2, 3])
    abnormal = np.array([1, 1, 0, 0, 0], bool)
    low, _, note = auc_interval(abnormal, scores, 0.95, np.array(list("aabcd")))
    assert np.isnan(low)
    assert "fewer than three patients" in note
    # a and b have an eye of each class, so that they make one pair together, and e with c or d another.
    low, _, note = auc_interval(
        np.array([1, 1, 0, 0, 1, 0, 0], bool), np.array([5.0, 6, 1, 2, 7, 0, 3]), 0.95, np.array(list("ababecd"))
    )
    assert low == pytest.approx(0.025 ** (1 / 2))
    assert "separated" in note


def eyes_of(gaps):
    """Each patient's abnormal eye a little above the own normal eye, all patients apart."""
    scores = np.ravel([[10.0 * patient, 10.0 * patient + gap] for patient, gap in enumerate(gaps)])
    return np.tile([False, True], len(gaps)), scores, np.repeat(np.arange(len(gaps)), 2)


@pytest.mark.parametrize("patients", [3, 5, 10, 40])
def test_scores_that_hang_on_the_patient_alone_do_not_claim_certainty(patients):
    """Obuchowski's variance is zero: .55 [.55, .55] of ten patients."""
    abnormal, scores, owner = eyes_of([0.1] * patients)
    low, high, note = auc_interval(abnormal, scores, 0.95, owner)
    area = roc_auc_score(abnormal, scores)
    assert area == pytest.approx(0.5 + 0.5 / patients)
    assert (low, high) == pytest.approx(clopper_pearson(area * (patients // 2), patients // 2, 0.95))
    assert low < 0.5 < area < high
    assert "not above zero" in note


@pytest.mark.parametrize("patients", [3, 5])
def test_few_patients_with_both_kinds_of_eye_never_have_an_interval_of_no_width(patients):
    draw = np.random.default_rng(0)
    abnormal, owner = np.tile([False, True], patients), np.repeat(np.arange(patients), 2)
    without = 0
    for _ in range(300):
        scores = draw.standard_normal(patients)[owner] + 0.2 * draw.standard_normal(2 * patients)
        low, high, note = auc_interval(abnormal, scores, 0.95, owner)
        assert high - low > 0.25
        if variance(abnormal, components(abnormal, scores), owner) <= 1e-15:
            without += 1
            assert "Clopper" in note
    assert without > 5


def test_a_variance_just_above_zero_is_not_believed_either():
    abnormal, scores, owner = eyes_of([0.1] * 4 + [10.2] + [0.1] * 5)
    spread = variance(abnormal, components(abnormal, scores), owner)
    assert 0 < spread < 0.001
    low, high, note = auc_interval(abnormal, scores, 0.95, owner)
    assert note == ""
    assert low < 0.5
    assert high - low > 2 * 2 * 1.96 * np.sqrt(spread)


def folds(seed, offsets=(0.0, 0.0, 0.0)):
    """A cross-validation of 3 x 40 images, two eyes a patient; each fold's classifier has an offset of its own."""
    draw = np.random.default_rng(seed)
    patients = np.repeat(np.arange(60), 2)
    strata = patients % 3
    abnormal = patients // 3 % 2 == 0
    level = draw.standard_normal(60)[patients]
    scores = [level + gap * abnormal + draw.normal(0, 0.5, 120) + np.array(offsets)[strata] for gap in (1.0, 2.0)]
    return abnormal, scores, patients, strata


def test_classifiers_of_different_folds_are_not_ranked_together():
    abnormal, (a, b), patients, strata = folds(0)
    plain = compare(abnormal, a, b, patients, strata)
    assert plain.auc_a == pytest.approx(
        np.mean([roc_auc_score(abnormal[strata == fold], a[strata == fold]) for fold in range(3)])
    )
    abnormal, (a, b), patients, strata = folds(0, (0, 5, -9))
    moved = compare(abnormal, a, b, patients, strata)
    assert (moved.z, moved.p_value) == pytest.approx((plain.z, plain.p_value))
    assert compare(abnormal, a, b, patients).auc_a < plain.auc_a - 0.1
    stretched = compare(abnormal, a, np.exp(b / 5), patients, strata)
    assert stretched.p_value == pytest.approx(plain.p_value)


def test_the_variance_over_folds_is_that_of_their_mean():
    abnormal, (a, b), patients, strata = folds(1)
    found = compare(abnormal, a, b, patients, strata)
    parts = [compare(abnormal[own], a[own], b[own], patients[own]) for own in (strata == fold for fold in range(3))]
    differences = [part.auc_b - part.auc_a for part in parts]
    errors = [difference / part.z for difference, part in zip(differences, parts, strict=True)]
    assert found.z == pytest.approx(np.sum(differences) / np.sqrt(np.square(errors).sum()))


def test_a_patient_with_images_in_two_folds_is_one_witness():
    abnormal, (a, b), patients, _ = folds(2)
    twice = [np.concatenate([values, values]) for values in (abnormal, a, b, patients)]
    both = compare(*twice, np.repeat([0, 1], 120))
    once = compare(abnormal, a, b, patients)
    assert both.auc_b == pytest.approx(once.auc_b)
    assert abs(both.z) == pytest.approx(abs(once.z), rel=0.02)


def test_repeated_trainings_are_not_ranked_together_either():
    abnormal, (a, b), patients, _ = folds(3)
    runs = np.stack([a, b])
    found = compare(abnormal, runs, a)
    assert found.auc_a == pytest.approx(np.mean([roc_auc_score(abnormal, run) for run in runs]))
    assert compare(abnormal, runs * [[1], [100]], a).z == pytest.approx(found.z)
    assert compare(abnormal, np.stack([a, a]), b, patients).z == pytest.approx(compare(abnormal, a, b, patients).z)
    assert compare(abnormal, np.stack([a, a]), b).z == pytest.approx(compare(abnormal, a, b).z)


def test_patients_are_drawn_whole_and_images_of_their_own_as_before():
    positive, negative, ids, strata = histograms()
    alone = resampled([roc_auc], [positive], negative, ids, ids, strata, 200, 0)[0, 0]
    # Each image a second time, as the patient's other eye: the same resamples.
    doubled = [np.concatenate([counts, counts]) for counts in (positive, negative)]
    names, owners = [*ids, *(f"{name}, left" for name in ids)], [*ids, *ids]
    both = resampled([roc_auc], [doubled[0]], doubled[1], names, owners, np.tile(strata, 2), 200, 0)[0, 0]
    np.testing.assert_allclose(both, alone, rtol=1e-5)
    # Patients with a normal and an abnormal eye are a stratum of their own: both eyes or neither.
    mixed = resampled([roc_auc], [positive], negative, ids, [*ids[:12], *ids[:12]], strata, 200, 0)[0, 0]
    assert np.isfinite(mixed).all()
    assert not np.allclose(mixed, alone)
