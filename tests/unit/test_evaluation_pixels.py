"""Statements about pixel figures: what the streamed histograms say is what scikit-learn says of all pixels at once."""

import itertools

import numpy as np
import pytest
from scipy import ndimage
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score, roc_curve

from fundus_anomaly.evaluation import pixel_metrics
from fundus_anomaly.evaluation.pixel_histogram import LESION, NORMAL, PixelHistograms, bins_for_bootstrap
from fundus_anomaly.evaluation.region_overlap import aupro, region_histogram
from fundus_anomaly.evaluation.score_bins import BINS, Quantiser, _quantiles, bin_edges, edges_of, quantise
from fundus_anomaly.scoring.thresholds import image_threshold, pixel_threshold_bin

MEMORY = 2**24


def even(low, high):
    """Edges for scores that are spread evenly."""
    return bin_edges(np.linspace(low, high, 100_000, dtype=np.float32), low, high)


def photographs(seed=0, images=6, size=40):
    """Half of the images are abnormal, with two lesion types that overlap; lesions score higher."""
    draw = np.random.default_rng(seed)
    for number in range(images):
        scores = draw.gamma(4, 1, (size, size)).astype(np.float32)
        truth = {}
        if number % 2:
            truth = {name: np.zeros((size, size), bool) for name in ("MA", "EX")}
            for mask in truth.values():
                for _ in range(4):
                    y, x = draw.integers(0, size - 6, 2)
                    mask[y : y + draw.integers(1, 6), x : x + draw.integers(1, 6)] = True
                scores[mask] += 1.5
        yield f"image {number}", scores, truth


def filled(images, fields=None):
    images = list(images)
    edges = edges_of((scores for _, scores, _ in images), sum(scores.size for _, scores, _ in images))
    labels = np.array([int(bool(truth)) for _, _, truth in images])
    histograms = PixelHistograms([name for name, _, _ in images], labels, ["MA", "EX"], edges, MEMORY)
    for name, scores, truth in images:
        assert histograms.add(name, scores, truth, (fields or {}).get(name)) == []
    return histograms


def pixels(images, lesion=None, fields=None):
    """All pixels' truth and scores; for one lesion, the other lesions' pixels are left out."""
    truths, values = [], []
    for name, scores, truth in images:
        union = np.any([*truth.values(), np.zeros(scores.shape, bool)], axis=0)
        positive = union if lesion is None else truth.get(lesion, np.zeros(scores.shape, bool))
        kept = positive | ~union
        if fields:
            kept = kept & fields[name]
        truths.append(positive[kept])
        values.append(scores[kept])
    return np.concatenate(truths), np.concatenate(values)


@pytest.mark.parametrize("lesion", [None, "MA", "EX"])
def test_pixel_figures_are_those_of_scikit_learn_on_all_pixels_at_once(lesion):
    images = list(photographs())
    histograms = filled(images)
    channel = LESION if lesion is None else 2 + histograms.lesions.index(lesion)
    positive, negative = histograms.total[:, channel].sum(axis=0), histograms.total[:, NORMAL].sum(axis=0)
    truth, scores = pixels(images, lesion)
    assert positive.sum() == truth.sum()
    assert negative.sum() == (~truth).sum()
    assert pixel_metrics.roc_auc(positive, negative) == pytest.approx(roc_auc_score(truth, scores), abs=1e-5)
    precision = average_precision_score(truth, scores)
    assert pixel_metrics.average_precision(positive, negative) == pytest.approx(precision, abs=2e-4)
    false, hit, _ = roc_curve(truth, scores)
    best, at = pixel_metrics.best_balanced_accuracy(positive, negative)
    assert best == pytest.approx(((hit + 1 - false) / 2).max(), abs=1e-3)
    threshold = histograms.edges[at]
    assert balanced_accuracy_score(truth, scores >= threshold) == pytest.approx(best, abs=1e-3)


def test_scores_already_on_a_grid_give_scikit_learns_figures_exactly_ties_by_half():
    images = [(name, np.floor(scores * 2), truth) for name, scores, truth in photographs()]
    histograms = filled(images)
    positive, negative = histograms.total[:, LESION].sum(axis=0), histograms.total[:, NORMAL].sum(axis=0)
    truth, scores = pixels(images)
    assert pixel_metrics.roc_auc(positive, negative) == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    exact = average_precision_score(truth, scores)
    assert pixel_metrics.average_precision(positive, negative) == pytest.approx(exact, abs=1e-12)


def test_pixels_outside_the_field_of_view_do_not_count():
    images = list(photographs())
    fields = {name: np.random.default_rng(1).random(scores.shape) < 0.6 for name, scores, _ in images}
    histograms = filled(images, fields)
    positive, negative = histograms.total[:, LESION].sum(axis=0), histograms.total[:, NORMAL].sum(axis=0)
    truth, scores = pixels(images, fields=fields)
    assert (positive.sum(), negative.sum()) == (truth.sum(), (~truth).sum())
    assert pixel_metrics.roc_auc(positive, negative) == pytest.approx(roc_auc_score(truth, scores), abs=1e-5)


def test_histograms_of_single_images_add_up_to_the_totals():
    histograms = filled(photographs())
    merged = histograms.total.sum(axis=0).reshape(4, histograms.image_bins, -1).sum(axis=2)
    np.testing.assert_array_equal(histograms.image.sum(axis=1), merged)
    assert histograms.image[NORMAL].min() == 0


def test_an_abnormal_image_that_nobody_annotated_is_left_out():
    images = list(photographs())
    histograms = PixelHistograms(["a", "b"], np.array([0, 1]), ["MA"], even(0, 100), MEMORY)
    for name, (_, scores, _) in zip("ab", images, strict=False):
        assert histograms.add(name, scores, None) == []
    assert histograms.unannotated == ["b"]
    assert histograms.total.sum() == images[0][1].size


def test_a_class_without_pixels_gives_nan():
    some, none = np.arange(5), np.zeros(5)
    for metric in (pixel_metrics.roc_auc, pixel_metrics.average_precision):
        assert np.isnan(metric(some, none))
        assert np.isnan(metric(none, some))


def test_every_fault_of_a_score_map_is_named():
    histograms = PixelHistograms(["a"], np.array([1]), ["MA"], even(0, 1), MEMORY)
    good = np.full((4, 4), 0.5, np.float32)
    broken = good.copy()
    broken[1, 2] = np.nan

    def found(*image):
        return " ".join(str(problem) for problem in histograms.add(*image))

    assert "does not list" in found("b", good, {})
    assert "1 scores that are not finite numbers" in found("a", broken, {})
    assert "scores from 0.5 to 3" in found("a", np.where(good > 0, [0.5, 0.5, 0.5, 3], 0).astype(np.float32), {})
    both = found("a", good, {"MA": np.ones((3, 3), bool), "SE": np.ones((4, 4), np.uint8)})
    assert "mask MA of a: found bool (3, 3)" in both
    assert "mask SE of a: found uint8 (4, 4)" in both
    assert "lesions ['SE']" in both
    assert found("a", good, {"MA": np.ones((4, 4), bool)}) == ""
    assert "twice" in found("a", good, {"MA": np.ones((4, 4), bool)})


def test_quantising_keeps_order_and_the_range_fills_all_bins():
    scores = np.linspace(3, 7, 200_001, dtype=np.float32)
    edges = even(3, 7)
    bins = quantise(scores, edges)
    assert bins[0] == 0
    assert bins[-1] == BINS - 1
    assert (np.diff(bins.astype(int)) >= 0).all()
    assert np.abs(edges[bins] - scores).max() < 9 / BINS
    assert (edges[bins] <= scores).all()
    assert (scores[:-1] < edges[bins.astype(int) + 1][:-1]).all()
    assert len(set(quantise(np.full(3, 5.0, np.float32), even(5, 5)))) == 1
    assert quantise(np.array([-9, 99], np.float32), edges).tolist() == [0, BINS - 1]


def around(values):
    """Return float32 values and their neighbours on both sides."""
    values = np.asarray(values, np.float32)
    return np.concatenate([values, np.nextafter(values, np.float32(np.inf)), np.nextafter(values, np.float32(-np.inf))])


DRAW = np.random.default_rng(2)


@pytest.mark.parametrize(
    "scores",
    [
        DRAW.gamma(2, 1, 50_000),
        np.append(DRAW.gamma(2, 1, 50_000), 1e6),
        DRAW.normal(-3, 1, 50_000),
        np.repeat(DRAW.integers(0, 9, 50), 1000),
        DRAW.uniform(-1e38, 1e38, 50_000),
        DRAW.uniform(0, 1e-42, 50_000),
        1000 + DRAW.uniform(0, 1e-3, 50_000),
        np.zeros(10),
    ],
    ids=["plain", "long tail", "negative", "ties", "huge", "denormal", "far from zero", "all equal"],
)
def test_the_table_of_cells_gives_the_bins_of_a_search_to_the_last_one(scores):
    scores = scores.astype(np.float32)
    edges = bin_edges(scores, scores.min(), scores.max())
    tried = np.concatenate([scores, around(edges), around(scores[:1000]), np.float32([-np.inf, np.inf, 0])])
    expected = np.searchsorted(edges[1:-1], tried, side="right")
    np.testing.assert_array_equal(Quantiser(edges)(tried), expected)


@pytest.mark.parametrize("positions", [1, 2, 7, 30_000, 100_000])
def test_half_of_the_edges_are_the_quantiles_of_the_scores_bit_by_bit(positions):
    draw = np.random.default_rng(positions)
    ranks = np.linspace(0, 1, BINS // 2 + 2)[1:-1][:: max(1, positions // 100)]
    for scores in (draw.gamma(2, 1, positions), np.sort(draw.normal(0, 9, positions)), draw.integers(0, 3, positions)):
        scores = scores.astype(np.float32)
        np.testing.assert_array_equal(_quantiles(scores, ranks), np.quantile(scores, ranks))


def test_the_edges_do_not_depend_on_the_order_of_the_maps_and_their_number_is_fixed():
    maps = [scores for _, scores, _ in photographs()]
    edges = edges_of(maps, sum(scores.size for scores in maps))
    assert len(edges) == BINS + 1
    assert (edges[0], edges[-1]) == (np.min(maps), np.max(maps))
    np.testing.assert_array_equal(edges_of(maps[::-1], sum(scores.size for scores in maps)), edges)
    # A share of the positions gives nearly the same ranks.
    some = edges_of(maps, 3 * 4_000_000)
    assert np.abs(np.searchsorted(some, np.median(maps)) - np.searchsorted(edges, np.median(maps))) < BINS / 50


@pytest.mark.parametrize("spread", [0.3, 2.5, 5])
def test_a_long_tail_of_the_scores_moves_no_figure_and_no_resample(spread):
    images = [(name, np.exp(spread * scores).astype(np.float32), truth) for name, scores, truth in photographs(size=80)]
    histograms = filled(images)
    truth, scores = pixels(images)
    area, precision = roc_auc_score(truth, scores), average_precision_score(truth, scores)
    total = histograms.total[:, [LESION, NORMAL]].sum(axis=0)
    merged = histograms.image[[LESION, NORMAL]].sum(axis=1)
    for tolerance, counts in ((1e-5, total), (1e-4, merged)):
        assert pixel_metrics.roc_auc(*counts) == pytest.approx(area, abs=tolerance)
        assert pixel_metrics.average_precision(*counts) == pytest.approx(precision, abs=20 * tolerance)


def test_memory_of_ten_thousand_images_stays_within_its_limit():
    limit = 300 * 2**20
    bins = bins_for_bootstrap(10_000, 7, limit)
    assert bins == 1024
    assert 10_000 * 7 * bins * 4 <= limit
    assert bins_for_bootstrap(115, 6, limit) == 8192


def test_thinned_curves_keep_their_ends_and_their_area():
    draw = np.random.default_rng(3)
    positive = np.bincount(quantise(draw.normal(1, 1, 20_000).astype(np.float32), even(-5, 6)), minlength=BINS)
    negative = np.bincount(quantise(draw.normal(0, 1, 20_000).astype(np.float32), even(-5, 6)), minlength=BINS)
    curves = pixel_metrics.thinned_curves(positive, negative, 200)
    for curve in curves.values():
        assert 100 < len(curve) <= 200
        assert (np.diff(curve[:, 2]) < 0).all()
    roc = curves["roc"]
    assert roc[0].tolist()[:2] == [0, 0]
    assert roc[-1].tolist() == [1, 1, 0]
    area = pixel_metrics.roc_auc(positive, negative)
    assert np.trapezoid(roc[:, 1], roc[:, 0]) == pytest.approx(area, abs=2e-3)
    assert curves["precision_recall"][-1, :2].tolist() == [1, 0.5]


def plain_aupro(images, limit):
    """Every threshold one by one, regions by scipy, integration by hand."""
    normal = np.concatenate([scores[~np.any([*t.values(), scores < 0], axis=0)] for _, scores, t in images])
    regions = []
    for _, scores, truth in images:
        if truth:
            found, count = ndimage.label(np.any(list(truth.values()), axis=0), structure=np.ones((3, 3)))
            regions += [scores[found == number + 1] for number in range(count)]
    curve = [(0.0, 0.0)]
    for threshold in np.unique(np.concatenate([normal, *regions]))[::-1]:
        overlap = np.mean([(region >= threshold).mean() for region in regions])
        curve.append(((normal >= threshold).mean(), overlap))
    area = 0.0
    for (x0, y0), (x1, y1) in itertools.pairwise(curve):
        if x1 > limit:
            area += (limit - x0) * (y0 + (y1 - y0) * (limit - x0) / (x1 - x0) / 2)
            break
        area += (x1 - x0) * (y0 + y1) / 2
    return area / limit


@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
def test_aupro_is_that_of_a_plain_computation(limit):
    images = [(name, np.floor(scores * 4), truth) for name, scores, truth in photographs(size=30)]
    histograms = filled(images)
    value = aupro(
        histograms.regions[:, 0].sum(axis=0),
        histograms.region_counts[:, 0].sum(),
        histograms.total[:, NORMAL].sum(axis=0),
        limit,
    )
    assert value == pytest.approx(plain_aupro(images, limit), abs=1e-9)


def test_a_microaneurysm_counts_as_much_as_a_large_haemorrhage():
    mask = np.zeros((30, 30), bool)
    mask[2, 2] = mask[10:20, 10:20] = True
    bins = np.where(mask, 9, 0).astype(np.uint16)
    bins[2, 2] = 5
    weights, regions = region_histogram(bins, mask, 16)
    assert regions == 2
    assert weights[5] == pytest.approx(1)
    assert weights[9] == pytest.approx(1)


def test_pixels_that_touch_at_a_corner_are_one_region():
    assert region_histogram(np.zeros((8, 8), np.uint16), np.eye(8, dtype=bool), 4)[1] == 1


def test_aupro_is_one_for_a_perfect_map_half_the_limit_for_a_flat_one_and_nan_without_regions():
    normal = np.array([50, 0, 0])
    assert aupro(np.array([0, 0, 7.0]), 7, normal, 0.3) == pytest.approx(1)
    assert aupro(np.array([7.0, 0, 0]), 7, normal, 0.3) == pytest.approx(0.15)
    assert np.isnan(aupro(np.zeros(3), 0, normal, 0.3))


def test_the_calibrated_thresholds_leave_the_wanted_share_of_normals_below():
    scores = np.random.default_rng(0).normal(5, 1, 100_000).astype(np.float32)
    counts = np.bincount(quantise(scores, even(0, 10)), minlength=BINS)
    at = pixel_threshold_bin(counts, 0.95)
    assert (scores < even(0, 10)[at]).mean() == pytest.approx(0.95, abs=1e-3)
    assert (scores < image_threshold(scores, 0.9)).mean() == pytest.approx(0.9, abs=1e-3)
    assert pixel_threshold_bin(np.zeros(8), 0.95) is None
    assert np.isnan(image_threshold(np.array([]), 0.95))
