"""Statements about a whole evaluation: what goes in as maps and scores comes out as one long table."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score

from fundus_anomaly.errors import InputError
from fundus_anomaly.evaluation.evaluate import HeldOutNormal, ScoredImage, Settings, evaluate
from fundus_anomaly.evaluation.image_metrics import FALSE_ALARMS
from fundus_anomaly.evaluation.rows import Row
from fundus_anomaly.evaluation.score_bins import bin_edges

SETTINGS = Settings(
    normal_quantile=0.9,
    false_positive_limit=0.3,
    resamples=100,
    confidence=0.95,
    curve_points=100,
    memory_limit=2**20,
    seed=0,
)
LESIONS = ["MA", "EX"]
EDGES = bin_edges(np.linspace(0, 40, 100_000, dtype=np.float32), 0, 40)


def photographs(normals=8, abnormal=12):
    """EX in every abnormal image, MA in every other one."""
    images, rows = [], []
    for number in range(normals + abnormal):
        draw = np.random.default_rng(number)
        scores = draw.gamma(4, 1, (24, 24)).astype(np.float32)
        truth = {}
        if number >= normals:
            truth = {"EX": np.zeros((24, 24), bool)}
            truth["EX"][3:7, 3:7] = True
            if number % 2:
                truth["MA"] = np.zeros((24, 24), bool)
                truth["MA"][15:17, 15:17] = True
            for mask in truth.values():
                scores[mask] += 3
        images.append(ScoredImage(f"set/{number}", scores, truth, None))
        rows.append((f"set/{number}", int(number >= normals), 0 if number < normals else 1 + number % 3))
    manifest = pd.DataFrame(rows, columns=["id", "label", "grade"])
    return images, manifest


def image_scores(images):
    return pd.DataFrame(
        {
            "id": [image.id for image in images],
            "maximum": [float(image.scores.max()) for image in images],
            "mean": [float(image.scores.mean()) for image in images],
        }
    )


def held_out():
    images = [
        HeldOutNormal(f"n{n}", np.random.default_rng(n + 99).gamma(4, 1, (24, 24)).astype(np.float32), None)
        for n in range(10)
    ]
    return image_scores(images), images


def run(images, manifest, scores=None, settings=SETTINGS, held=None):
    held_scores, held_maps = held_out() if held is None else held
    scores = image_scores(images) if scores is None else scores
    return evaluate(iter(images), scores, manifest, LESIONS, EDGES, held_scores, iter(held_maps), settings)


def figure(rows, level, metric, score="", subset="all"):
    found = rows[(rows.level == level) & (rows.metric == metric) & (rows.score == score) & (rows.subset == subset)]
    assert len(found) == 1
    return found.iloc[0]


@pytest.fixture(scope="module")
def case():
    images, manifest = photographs()
    return images, manifest, run(images, manifest)


def test_each_figure_stands_in_one_row_of_the_declared_columns(case):
    rows = case[2].rows
    assert list(rows.columns) == list(Row._fields)
    assert not rows.duplicated(["level", "metric", "score", "subset"]).any()
    assert rows.value.notna().all()
    grades = {f"grade:{grade}" for grade in (1, 2, 3)}
    assert set(rows[rows.level == "image"].subset) == {"all", "lesion:MA", "lesion:EX"} | grades
    assert set(rows[rows.level == "pixel"].subset) == {"all", "abnormal_only", "lesion:MA", "lesion:EX"}


@pytest.mark.parametrize("score", ["maximum", "mean"])
def test_image_figures_are_those_of_scikit_learn(case, score):
    images, manifest, found = case
    truth, scores = manifest.label == 1, image_scores(images)[score]
    assert figure(found.rows, "image", "auc", score).value == pytest.approx(roc_auc_score(truth, scores))
    precision = figure(found.rows, "image", "average_precision", score)
    assert precision.value == pytest.approx(average_precision_score(truth, scores))
    assert (precision.positives, precision.negatives) == (12, 8)
    for way in ("best_on_test", "at_normal_quantile"):
        threshold = figure(found.rows, "image", f"threshold_{way}", score).value
        accuracy = figure(found.rows, "image", f"balanced_accuracy_{way}", score).value
        assert accuracy == pytest.approx(balanced_accuracy_score(truth, scores >= threshold))


def test_the_best_balanced_accuracy_on_the_test_is_never_below_the_calibrated_one(case):
    rows = case[2].rows
    named = rows.set_index(["level", "score", "subset", "metric"]).value.unstack()
    best, calibrated = named.balanced_accuracy_best_on_test, named.balanced_accuracy_at_normal_quantile
    assert (best >= calibrated - 1e-12).all()
    assert (best > calibrated).any()


def test_the_calibrated_threshold_comes_from_held_out_normals_alone(case):
    images, manifest, found = case
    held_scores, held_maps = held_out()
    assert figure(found.rows, "image", "threshold_at_normal_quantile", "mean").value == pytest.approx(
        np.sort(held_scores["mean"])[9]  # rank ⌈11 · 0.9⌉ of 10
    )
    pixel = figure(found.rows, "pixel", "threshold_at_normal_quantile").value
    assert pixel == pytest.approx(np.quantile([image.scores for image in held_maps], 0.9), abs=2e-2)
    raised = [image._replace(scores=image.scores + 2) for image in images]
    assert figure(run(raised, manifest).rows, "pixel", "threshold_at_normal_quantile").value == pixel


def test_the_false_alarms_to_be_expected_stand_beside_the_threshold(case):
    row = figure(case[2].rows, "image", FALSE_ALARMS, "mean")
    assert (row.value, row.negatives) == (pytest.approx(1 / 11), 10)
    assert (row.low, row.high) == pytest.approx(tuple(stats.beta.ppf([0.05, 0.95], 1, 10)))


def test_sensitivity_specificity_and_their_mean_have_intervals(case):
    _, _, found = case
    for metric in ("sensitivity", "specificity", "balanced_accuracy"):
        row = figure(found.rows, "image", f"{metric}_at_normal_quantile", "mean")
        assert 0 <= row.low <= row.value <= row.high <= 1
        assert row.high - row.low > 0.1
    row = figure(found.rows, "image", "specificity_at_normal_quantile", "mean")
    assert (row.low, row.high) == pytest.approx(
        tuple(stats.binomtest(round(8 * row.value), 8).proportion_ci(0.95, "wilson"))
    )


def test_two_eyes_of_a_patient_widen_the_intervals_at_the_threshold():
    images, manifest = photographs(16, 16)
    eyes = manifest.assign(patient=[f"p{number // 2}" for number in range(32)])
    alone, paired = (run(images, table).rows for table in (manifest, eyes))
    for metric in ("sensitivity", "specificity", "balanced_accuracy"):
        one, other = (figure(rows, "image", f"{metric}_at_normal_quantile", "maximum") for rows in (alone, paired))
        assert one.value == other.value
        assert other.high - other.low >= one.high - one.low - 1e-12


def test_a_lesion_type_is_judged_by_the_images_and_pixels_that_show_it(case):
    images, manifest, found = case
    shows = np.array(["MA" in image.truth for image in images])
    taken = shows | (manifest.label == 0).to_numpy()
    area = roc_auc_score(shows[taken], image_scores(images)["mean"][taken])
    row = figure(found.rows, "image", "auc", "mean", "lesion:MA")
    assert row.value == pytest.approx(area)
    assert row.positives == shows.sum() < 12
    pixels = figure(found.rows, "pixel", "auc", subset="lesion:MA")
    assert pixels.positives == 4 * shows.sum()
    assert pixels.negatives == figure(found.rows, "pixel", "auc").negatives


def test_abnormal_images_alone_have_all_lesion_pixels_and_fewer_normal_ones(case):
    alone, everything = (figure(case[2].rows, "pixel", "auc", subset=name) for name in ("abnormal_only", "all"))
    assert alone.positives == everything.positives
    assert everything.negatives - alone.negatives == 8 * 24 * 24


def test_pixel_and_image_auc_have_intervals_around_them(case):
    rows = case[2].rows
    areas = rows[rows.metric == "auc"]
    assert (areas.low < areas.value).all()
    assert (areas.value < areas.high).all()


def test_every_ranked_pixel_figure_has_an_interval_around_it(case):
    rows = case[2].rows
    ranked = rows[(rows.level == "pixel") & rows.metric.isin(["auc", "average_precision", "aupro"])]
    assert len(ranked) == 3 * 4
    assert (ranked.low < ranked.value).all()
    assert (ranked.value < ranked.high).all()


@pytest.mark.parametrize("one_class", [0, 1])
def test_pixel_figures_of_a_class_of_one_patient_have_no_interval_and_say_why(one_class):
    images, manifest = photographs()
    patient = np.where(manifest.label == one_class, "the only one", manifest.id)
    rows = run(images, manifest.assign(patient=patient)).rows
    of_pixels = rows[(rows.level == "pixel") & rows.metric.isin(["auc", "average_precision", "aupro"])]
    if one_class == 0:
        alone = of_pixels.subset == "abnormal_only"
        assert of_pixels[alone].low.notna().all(), "normal images have no part in it"
        of_pixels = of_pixels[~alone]
    assert of_pixels.value.notna().all()
    assert of_pixels.low.isna().all()
    assert of_pixels.high.isna().all()
    assert of_pixels.note.str.contains("no interval: fewer than 5 patients").all()


def test_a_lesion_type_of_few_patients_has_no_interval_and_the_others_have(case):
    images, manifest = photographs()
    few = [
        image._replace(truth={name: mask for name, mask in image.truth.items() if name == "EX" or number < 14})
        for number, image in enumerate(images)
    ]
    rows = run(few, manifest).rows
    assert np.isnan(figure(rows, "pixel", "auc", subset="lesion:MA").low)
    assert "fewer than 5 patients with a lesion" in figure(rows, "pixel", "aupro", subset="lesion:MA").note
    assert np.isfinite(figure(rows, "pixel", "auc", subset="lesion:EX").low)


def test_the_pixels_for_comparisons_are_those_of_all_figures(case):
    images, manifest, found = case
    sample = found.pixels
    assert sample.ids == manifest.id.tolist()
    auc = figure(found.rows, "pixel", "auc")
    assert (sample.positive.sum(), sample.negative.sum()) == (auc.positives, auc.negatives)
    unlabelled = run([image._replace(truth=None) for image in images], manifest.assign(label=-1)).pixels
    assert unlabelled.ids == []


def test_the_order_of_the_images_decides_nothing(case):
    images, manifest, found = case
    again = run(images[::-1], manifest, image_scores(images).sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(found.rows, again.rows)
    pd.testing.assert_frame_equal(found.curves, again.curves)
    turned = run(images, manifest[::-1].reset_index(drop=True))
    pd.testing.assert_frame_equal(found.rows, turned.rows, rtol=1e-5)


def test_unlabelled_photographs_get_a_table_that_says_why_it_is_empty():
    images, manifest = photographs()
    found = run([image._replace(truth=None) for image in images], manifest.assign(label=-1, grade=-1))
    calibrated = found.rows.metric.str.startswith("threshold_at") | (found.rows.metric == FALSE_ALARMS)
    figures = found.rows[~calibrated]
    assert figures.value.isna().all()
    assert figures.note.str.startswith("undefined").all()
    assert found.curves.empty


def test_without_held_out_normals_only_the_calibrated_figures_are_missing():
    images, manifest = photographs()
    rows = run(images, manifest, held=(None, [])).rows
    calibrated = rows.metric.str.endswith("normal_quantile")
    assert rows[calibrated].value.isna().all()
    assert rows[calibrated].note.str.contains("no held-out normals").all()
    assert rows[~calibrated].value.notna().all()


def test_images_of_unknown_label_have_no_part_in_the_image_figures(case):
    images, manifest, found = case
    extra = ScoredImage("set/unknown", np.full((24, 24), 30, np.float32), None, None)
    row = pd.DataFrame({"id": ["set/unknown"], "label": [-1], "grade": [-1]})
    more = run([*images, extra], pd.concat([manifest, row], ignore_index=True)).rows
    pd.testing.assert_series_equal(found.rows.value, more.value)


def test_an_abnormal_image_without_masks_is_left_out_of_the_pixels_and_said_to_be():
    images, manifest = photographs()
    images[-1] = images[-1]._replace(truth=None)
    rows = run(images, manifest).rows
    assert figure(rows, "pixel", "auc").note == "excluded images that are not labelled normal and have no mask: 1"
    assert figure(rows, "image", "auc", "mean").positives == 12


def test_curves_have_the_area_of_the_figures(case):
    found = case[2]
    curves = found.curves
    roc = curves[(curves.level == "image") & (curves.curve == "roc") & (curves.score == "mean")]
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(figure(found.rows, "image", "auc", "mean").value)
    roc = curves[(curves.level == "pixel") & (curves.curve == "roc") & (curves.subset == "all")]
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(figure(found.rows, "pixel", "auc").value, abs=5e-3)
    assert curves.groupby(["level", "curve", "score", "subset"]).size().max() <= 100


def test_all_faulty_scores_are_named_at_once():
    images, manifest = photographs()
    scores = image_scores(images)
    scores.loc[2, "mean"] = np.nan
    scores.loc[5, "maximum"] = np.inf
    with pytest.raises(InputError) as caught:
        run(images, manifest, scores.drop(index=7))
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert all(part in text for part in ("mean of set/2", "maximum of set/5", "without a score: set/7"))


def test_all_faulty_score_maps_are_named_at_once():
    images, manifest = photographs()
    for number in (1, 4):
        images[number].scores[0, 0] = np.nan
    with pytest.raises(InputError, match=r"set/1[\s\S]*set/4") as caught:
        run(images, manifest, image_scores(photographs()[0]))
    assert len(caught.value.problems) == 2


def test_a_missing_score_map_is_named():
    images, manifest = photographs()
    with pytest.raises(InputError, match="score map of set/3: found none"):
        run(images[:3] + images[4:], manifest, image_scores(images))
