"""Statements about intervals of pixel figures: they hold the truth as often as they say, or there is none."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import t as student

from fundus_anomaly.errors import InputError
from fundus_anomaly.evaluation import pixel_gradients, pixel_metrics, region_overlap
from fundus_anomaly.evaluation import pixel_intervals as module
from fundus_anomaly.evaluation.bootstrap import FEWEST_PATIENTS, multiplicities, owners, resampled
from fundus_anomaly.evaluation.pixel_intervals import (
    FIGURES,
    Resampling,
    effective_patients,
    pixel_differences,
    pixel_intervals,
)
from fundus_anomaly.evaluation.pixel_sample import PixelSample, pixel_sample, read_pixel_sample, write_pixel_sample
from fundus_anomaly.evaluation.studentised import studentised

LIMIT = 0.3
DRAWING = Resampling(LIMIT, 200, 0.95, 0)


def images(seed=0, normals=8, abnormal=12, bins=64, gap=8.0, noise=2.0):
    """Images that differ in level and in the size and the contrast of their lesions."""
    draw = np.random.default_rng(seed)
    number = normals + abnormal
    counts = np.zeros((3, number, bins))
    for image in range(number):
        level = draw.normal(20, 3)
        counts[1, image] = np.bincount(draw.normal(level, 5, 3000).clip(0, bins - 1).astype(int), minlength=bins)
        if image >= normals:
            contrast = gap + draw.normal(0, noise)
            area = int(20 * np.exp(draw.normal(0, 1))) + 1
            for channel, scores in ((0, draw.normal(level + contrast, 5, area)), (2, draw.normal(level + gap, 6, 9))):
                counts[channel, image] = np.bincount(scores.clip(0, bins - 1).astype(int), minlength=bins)
    ids = [f"image {image:03d}" for image in range(number)]
    return PixelSample(ids, *counts.astype(np.float32)), (np.arange(number) >= normals).astype(int)


def values_of(sample):
    positive, negative, regions = (one.sum(axis=0, dtype=float) for one in sample[1:])
    figures = (
        pixel_metrics.roc_auc(positive, negative),
        pixel_metrics.average_precision(positive, negative),
        region_overlap.aupro(regions, round(regions.sum()), negative, LIMIT),
    )
    return dict(zip(FIGURES, map(float, figures), strict=True))


def intervals(sample, groups, patients=None, **changes):
    patients = sample.ids if patients is None else patients
    return pixel_intervals(sample, values_of(sample), patients, groups, DRAWING._replace(**changes))


def gradients(sample, weights):
    positive, negative, regions = (weights @ one.astype(float) for one in sample[1:])
    return {
        "auc": ("positive", *pixel_gradients.roc_auc(positive, negative)),
        "average_precision": ("positive", *pixel_gradients.average_precision(positive, negative)),
        "aupro": ("regions", *pixel_gradients.aupro(regions, negative, LIMIT)),
    }


@pytest.mark.parametrize("bins", [64, 7])
@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
def test_the_figures_of_resamples_are_those_of_the_tables(bins, limit):
    sample, _ = images(bins=64)
    if bins == 7:
        sample = pixel_sample(sample.ids, *sample[1:], np.ones(len(sample.ids), bool), bins)
        assert sample.positive.shape[1] <= bins
    for figure, value in values_of(sample).items():
        assert gradients(sample, np.ones(len(sample.ids)))[figure][1] == pytest.approx(value, abs=1e-12)
    totals = [one.sum(axis=0, dtype=float) for one in sample[1:]]
    exact = region_overlap.aupro(totals[2], round(totals[2].sum()), totals[1], limit)
    assert pixel_gradients.aupro(totals[2], totals[1], limit)[0] == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("figure", FIGURES)
def test_a_patients_influence_is_how_the_figure_moves_with_the_patients_weight(figure):
    sample, _ = images()
    number, step = len(sample.ids), 1e-5
    kind, value, by_found, by_negative = gradients(sample, np.ones(number))[figure]
    influence = getattr(sample, kind) @ by_found + sample.negative @ by_negative
    moved = [gradients(sample, np.ones(number) + step * np.eye(number)[image])[figure][1] for image in range(number)]
    np.testing.assert_allclose(influence, (np.array(moved) - value) / step, atol=2e-4 * np.abs(influence).max())
    assert influence.sum() == pytest.approx(0, abs=1e-9)


def test_few_bins_give_the_intervals_of_many():
    sample, groups = images(bins=2048, normals=20, abnormal=30)
    exact = values_of(sample)
    fine = pixel_intervals(sample, exact, sample.ids, groups, DRAWING)
    few = pixel_sample(sample.ids, *sample[1:], np.ones(50, bool))
    assert few.positive.shape[1] <= 256
    for one, other in zip(few[1:], sample[1:], strict=True):
        np.testing.assert_allclose(one.sum(axis=1), other.sum(axis=1), rtol=1e-5)
    for name, found in pixel_intervals(few, exact, few.ids, groups, DRAWING).items():
        assert found[:2] == pytest.approx(fine[name][:2], abs=2e-3)


def test_every_figure_has_an_interval_around_it_and_less_confidence_a_narrower_one():
    sample, groups = images()
    wide, narrow = intervals(sample, groups), intervals(sample, groups, confidence=0.5)
    for name, value in values_of(sample).items():
        assert 0 < wide[name].low < narrow[name].low < value < narrow[name].high < wide[name].high < 1
        assert wide[name].note == ""


def test_the_order_of_the_images_decides_no_interval_and_the_seed_does():
    sample, groups = images()
    order = np.random.default_rng(1).permutation(len(groups))
    shuffled = PixelSample([sample.ids[image] for image in order], *(one[order] for one in sample[1:]))
    one, other = intervals(sample, groups), intervals(shuffled, groups[order])
    for name in FIGURES:
        assert one[name][:2] == pytest.approx(other[name][:2], rel=1e-5)
    assert intervals(sample, groups, seed=1)["auc"] != one["auc"]


def test_an_image_that_is_there_twice_under_one_patient_makes_no_interval_narrower():
    sample, groups = images()
    twice = PixelSample(
        [*sample.ids, *(f"{name}, left" for name in sample.ids)], *(np.tile(x, (2, 1)) for x in sample[1:])
    )
    once, both = intervals(sample, groups), intervals(twice, np.tile(groups, 2), [*sample.ids, *sample.ids])
    apart = intervals(twice, np.tile(groups, 2))
    for name in FIGURES:
        assert both[name][:2] == pytest.approx(once[name][:2], rel=1e-4)
        assert np.diff(apart[name][:2]) < 0.9 * np.diff(once[name][:2])


@pytest.mark.parametrize("patients", [1, 2, FEWEST_PATIENTS - 1])
@pytest.mark.parametrize("group", [0, 1])
def test_too_few_patients_in_a_class_give_no_interval_and_the_reason(patients, group):
    sample, groups = images(normals=10, abnormal=10)
    owner = [
        f"{'few' if own == group else 'many'} {number % (patients if own == group else 10)}"
        for number, own in enumerate(groups)
    ]
    found = intervals(sample, groups, owner)
    assert all(np.isnan(one[:2]).all() for one in found.values())
    assert {one.note for one in found.values()} == {"no interval: fewer than 5 patients in a class"}
    compared = pixel_differences(sample, sample, values_of(sample), values_of(sample), owner, groups, DRAWING)
    assert all(np.isnan(one[1:4]).all() and "fewer than 5" in one.note for one in compared.values())
    bootstrap = resampled([pixel_metrics.roc_auc], [sample.positive], sample.negative, sample.ids, owner, groups, 20, 0)
    assert np.isnan(bootstrap).all()


def test_a_lesion_that_few_patients_show_has_no_interval_though_the_test_is_large():
    sample, groups = images(normals=10, abnormal=20)
    for shown, expected in ((FEWEST_PATIENTS - 1, True), (FEWEST_PATIENTS + 3, False)):
        rare = sample._replace(positive=sample.positive.copy(), regions=sample.regions.copy())
        rare.positive[10 + shown :], rare.regions[10 + shown :] = 0, 0
        found = intervals(rare, groups)
        assert all(("patients with a lesion" in one.note) == expected for one in found.values())
        assert all(np.isnan(one.low) == expected for one in found.values())


def test_patients_count_by_the_area_of_their_lesions():
    sample, _ = images(normals=2, abnormal=4)
    area = np.array([0, 0, 6, 2, 2, 2], np.float32)
    one_bin = sample._replace(positive=area[:, None] * np.eye(1, 64, dtype=np.float32))
    assert effective_patients(one_bin, np.arange(6)) == pytest.approx(12**2 / (36 + 3 * 4))
    # Two eyes of a patient are one: 6 + 2 beside 2 and 2.
    assert effective_patients(one_bin, np.array([0, 1, 2, 2, 3, 4])) == pytest.approx(12**2 / (64 + 2 * 4))


def test_an_average_precision_that_one_patients_lesions_decide_has_no_interval_and_one_of_few_a_wider_one():
    sample, groups = images(normals=10, abnormal=10)
    widths = {}
    for factor in (1, 4, 10_000):
        heavy = sample._replace(positive=sample.positive.copy())
        heavy.positive[10] *= factor
        found = intervals(heavy, groups)
        widths[factor] = np.diff(logit(found["average_precision"][:2]))[0]
        assert np.isfinite(found["auc"].low)
    assert widths[4] > widths[1]
    assert "one patient" in found["average_precision"].note
    other, _ = images(seed=1, normals=10, abnormal=10)
    other = other._replace(positive=np.where(np.arange(20)[:, None] == 10, 10_000, 1) * other.positive)
    compared = pixel_differences(heavy, other, values_of(heavy), values_of(other), heavy.ids, groups, DRAWING)
    assert np.isnan(compared["average_precision"][1:4]).all()
    assert "one patient" in compared["average_precision"].note
    assert np.isfinite(compared["auc"].p_value)


def test_average_precision_alone_is_widened_by_students_t(monkeypatch):
    sample, groups = images(normals=10, abnormal=10)
    wide = intervals(sample, groups)
    monkeypatch.setattr(module, "_widening", lambda *_: 1.0)
    normal = intervals(sample, groups)
    ratio = {name: np.diff(logit(wide[name][:2]))[0] / np.diff(logit(normal[name][:2]))[0] for name in FIGURES}
    effective = effective_patients(sample, np.arange(20))
    assert 2 < effective < 10
    assert ratio["average_precision"] == pytest.approx(student.ppf(0.975, effective) / 1.959964, rel=1e-5)
    assert ratio["auc"] == ratio["aupro"] == 1


def test_pixels_that_are_separated_altogether_do_not_claim_certainty():
    sample, groups = images()
    perfect = sample._replace(positive=np.roll(sample.positive, 0), negative=sample.negative.copy())
    perfect.positive[:, :-1], perfect.regions[:, :-1], perfect.negative[:, -2:] = 0, 0, 0
    perfect.positive[8:, -1], perfect.regions[8:, -1] = 5, 1
    found = intervals(perfect, groups)
    assert values_of(perfect)["auc"] == 1
    assert np.isnan(found["auc"][:2]).all()
    assert "separated altogether" in found["auc"].note


def test_images_that_are_all_alike_give_no_interval():
    sample, groups = images()
    same = PixelSample(sample.ids, *(np.tile(one[groups == 1].mean(axis=0), (20, 1)) for one in sample[1:]))
    found = intervals(same, np.ones(20, int))
    assert all(np.isnan(one.low) and "alike" in one.note for one in found.values())


def test_no_class_or_no_image_gives_no_interval():
    sample, groups = images()
    empty = PixelSample([], *np.zeros((3, 0, 1), np.float32))
    nothing = dict.fromkeys(FIGURES, float("nan"))
    for one, which in ((empty, groups[:0]), (sample._replace(positive=0 * sample.positive), groups)):
        assert all(np.isnan(found.low) for found in pixel_intervals(one, nothing, one.ids, which, DRAWING).values())


def test_patients_of_both_classes_are_drawn_apart_unless_they_are_few():
    groups = np.repeat([0, 1], 12)
    names = [
        *(f"n{n}" for n in range(6)),
        *(f"b{n}" for n in range(6)),
        *(f"b{n}" for n in range(6)),
        *(f"a{n}" for n in range(6)),
    ]
    owner, strata = owners(names, groups)
    assert np.bincount(strata).tolist() == [6, 6, 6]
    assert [sorted(set(names))[number] for number in owner] == names
    # Two patients with an eye of each class are drawn with the abnormal ones, and all together if that is not enough.
    for normal, expected in ((10, [10, 12]), (1, [13])):
        normals, both = [f"n{n}" for n in range(normal)], ["b0", "b1"]
        few = [*normals, *both, *both, *(f"a{n}" for n in range(10))]
        own = np.repeat([0, 1], [normal + 2, 12])
        assert np.bincount(owners(few, own)[1]).tolist() == expected
    for block in multiplicities(strata, 130, 0):
        for stratum in range(3):
            assert (block[:, strata == stratum].sum(axis=1) == 6).all()


def test_the_studentised_interval_of_a_mean_is_students():
    draw = np.random.default_rng(3)
    sample = draw.normal(2, 1, 30)

    def mean(weights):
        value = weights @ sample / 30
        return value[None], ((sample - value[:, None]) / 30)[None]

    found = studentised(mean, np.zeros(30, int), 20_000, 0)
    assert found.value[0] == pytest.approx(sample.mean())
    assert found.error[0] == pytest.approx(sample.std(ddof=1) / np.sqrt(30), rel=1e-6)
    assert found.half_width(0.95)[0] / found.error[0] == pytest.approx(2.045, abs=0.15)
    assert found.p_values()[0] < 0.001


def test_a_map_does_not_differ_from_itself_and_a_better_one_does():
    (worse, groups), (better, _) = images(gap=6), images(gap=9)
    same = pixel_differences(worse, worse, values_of(worse), values_of(worse), worse.ids, groups, DRAWING)
    assert all((one.value, one.p_value) == (0, 1) and "alike" in one.note for one in same.values())
    found = pixel_differences(worse, better, values_of(worse), values_of(better), worse.ids, groups, DRAWING)
    back = pixel_differences(better, worse, values_of(better), values_of(worse), worse.ids, groups, DRAWING)
    unpaired = intervals(worse, groups)
    for name, one in found.items():
        assert 0 < one.low < one.value < one.high
        assert one.p_value < 0.05
        assert back[name][:3] == pytest.approx((-one.value, -one.high, -one.low))
    assert found["auc"].high - found["auc"].low < np.diff(unpaired["auc"][:2])


@pytest.mark.parametrize("seed", range(6))
def test_an_interval_of_a_difference_leaves_out_nothing_exactly_where_p_is_small(seed):
    (one, groups), (other, _) = images(seed, gap=8, noise=5), images(seed, gap=8.8, noise=6)
    found = pixel_differences(one, other, values_of(one), values_of(other), one.ids, groups, DRAWING)
    for difference in found.values():
        assert (difference.p_value < 0.05) == (difference.low > 0 or difference.high < 0)


def simulation():
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "coverage_pixels.py"
    spec = importlib.util.spec_from_file_location("coverage_pixels", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_average_precision_of_lesions_that_differ_much_in_size_is_covered_where_percentiles_miss_it():
    simulated = simulation()
    test = simulated.TESTS[0]
    truth = simulated.figures(simulated.drawn(test._replace(patients=6000), np.random.default_rng(1))[0])[1]
    held, by_percentiles = 0, 0
    for seed in range(60):
        sample, _, patients, groups = simulated.drawn(test, np.random.default_rng([2, seed]))
        values = dict(zip(FIGURES, simulated.figures(sample), strict=True))
        low, high, _ = pixel_intervals(sample, values, patients, groups, DRAWING._replace(seed=seed))[
            "average_precision"
        ]
        held += low <= truth <= high
        low, high = simulated.percentiles(sample, patients, groups, seed)[1]
        by_percentiles += low <= truth <= high
    assert held / 60 >= 0.9
    assert held > by_percentiles


def test_a_sample_read_back_is_the_one_written(tmp_path):
    sample, _ = images()
    write_pixel_sample(tmp_path / "pixels.h5", sample)
    read = read_pixel_sample(tmp_path / "pixels.h5")
    assert read.ids == sample.ids
    for one, other in zip(read[1:], sample[1:], strict=True):
        np.testing.assert_array_equal(one, other)
    empty = PixelSample([], *np.zeros((3, 0, 1), np.float32))
    write_pixel_sample(tmp_path / "empty.h5", empty)
    assert read_pixel_sample(tmp_path / "empty.h5").ids == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"positive": np.zeros((3, 64), np.float32)},
        {"negative": np.full((20, 64), np.nan, np.float32)},
        {"regions": np.full((20, 64), -1, np.float32)},
        {"ids": ["twice"] * 20},
        {"ids": ["one"]},
    ],
)
def test_a_sample_that_is_none_is_named_with_its_remedy(tmp_path, wrong):
    sample, _ = images()
    write_pixel_sample(tmp_path / "pixels.h5", sample._replace(**wrong))
    with pytest.raises(InputError, match=r"pixels\.h5") as caught:
        read_pixel_sample(tmp_path / "pixels.h5")
    assert "delete" in str(caught.value)


def test_logit_scale_keeps_ends_between_0_and_1_where_the_figure_is_close_to_an_end():
    sample, groups = images(gap=24, noise=0.5)
    value = values_of(sample)["auc"]
    low, high, _ = intervals(sample, groups)["auc"]
    assert 0.99 < low < value < high < 1
    assert logit(value) - logit(low) == pytest.approx(logit(high) - logit(value), rel=1e-6)
