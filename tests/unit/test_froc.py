"""FROC: held against an independent count of marks and lesions, and what a mark is."""

import numpy as np
import pytest
from scipy import ndimage

from fundus_anomaly.evaluation.froc import RATES, froc_table, lesions_of, marks, threshold_at
from fundus_anomaly.report.tables.froc import froc_markdown

WHOLE = np.ones((60, 60), bool)


def blurred(seed):
    return ndimage.gaussian_filter(np.random.default_rng(seed).random((60, 60)), 2).astype(np.float32)


def spots(seed, count=6):
    rng = np.random.default_rng(seed)
    mask = np.zeros((60, 60), bool)
    for row, column in rng.integers(3, 56, (count, 2)):
        mask[row : row + rng.integers(1, 4), column : column + rng.integers(1, 4)] = True
    return mask


@pytest.mark.parametrize("tolerance", [0, 2])
def test_it_is_what_an_independent_count_gives(tolerance):
    abnormal = [(blurred(n), {"MA": spots(n), "HE": spots(n + 50, 3)}) for n in range(5)]
    normal = [blurred(n + 100) for n in range(4)]
    found = [one for map_, truth in abnormal for one in lesions_of(marks(map_, WHOLE, 3), truth, tolerance)]
    table = froc_table(found, [marks(map_, WHOLE, 3).scores for map_ in normal])

    def peaks(map_):
        return (map_ == ndimage.maximum_filter(map_, 7, mode="constant", cval=-np.inf)).astype(bool)

    square = np.ones((3, 3))
    for kind in ("MA", "HE"):
        for rate in RATES:
            row = table[(table["lesion"] == kind) & (table["size"] == "all") & (table["false_marks"] == rate)].iloc[0]
            # Of all thresholds that allow the rate the lowest one, by trying each.
            every = sorted({-np.inf, *(float(v) for map_ in normal for v in map_[peaks(map_)])})
            allowed = [t for t in every if sum((map_[peaks(map_)] > t).sum() for map_ in normal) <= rate * len(normal)]
            limit = allowed[0]
            hits = total = 0
            for map_, truth in abnormal:
                labels, count = ndimage.label(truth[kind], square)
                for number in range(1, count + 1):
                    near = labels == number
                    near = ndimage.binary_dilation(near, square, iterations=tolerance) if tolerance else near
                    hits += bool((map_[near & peaks(map_)] > limit).any())
                    total += 1
            assert row["lesions"] == total
            assert row["sensitivity"] == pytest.approx(hits / total)


def test_a_mark_is_the_highest_of_its_neighbourhood_and_a_plateau_one_mark():
    map_ = np.zeros((60, 60), np.float32)
    map_[10, 10], map_[10, 12], map_[30:33, 30:33], map_[50, 5] = 5, 4, 3, 9
    view = WHOLE.copy()
    view[45:] = False
    found = marks(map_, view, 3)
    high = found.scores > 0
    assert list(zip(found.rows[high], found.columns[high], found.scores[high], strict=True)) == [
        (10, 10, 5),
        (30, 30, 3),
    ]


def test_more_false_marks_find_no_fewer_lesions():
    found = lesions_of(marks(blurred(1), WHOLE, 3), {"MA": spots(1, 20)}, 1)
    table = froc_table(found, [marks(blurred(2), WHOLE, 3).scores])
    for _, part in table.groupby(["lesion", "size"]):
        assert part["sensitivity"].is_monotonic_increasing


def test_a_lesion_without_a_mark_is_never_found():
    found = lesions_of(marks(np.zeros((60, 60), np.float32), np.eye(60, dtype=bool), 3), {"MA": spots(1)}, 0)
    table = froc_table(found, [np.array([0.0])])
    missed = np.mean([not np.isfinite(one.score) for one in found])
    assert table["sensitivity"].max() <= 1 - missed + 1e-12


def test_the_threshold_lets_no_more_marks_pass_than_allowed_even_where_scores_are_equal():
    false = [np.array([3.0, 3.0, 1.0]), np.array([3.0])]
    assert (np.concatenate(false) >= threshold_at(false, 0.5)).sum() == 0
    assert (np.concatenate(false) >= threshold_at(false, 1.5)).sum() == 3
    assert threshold_at(false, 8) == -np.inf


def test_without_lesions_or_without_normals_there_is_no_figure():
    lesion = lesions_of(marks(blurred(1), WHOLE, 3), {"MA": spots(1)}, 1)
    for table in (froc_table([], [np.array([1.0])]), froc_table(lesion, [])):
        assert table.empty
        assert "No figures" in froc_markdown(table.assign(method=[]), "T")


def test_the_document_has_all_sizes_and_each():
    found = lesions_of(marks(blurred(1), WHOLE, 3), {"MA": spots(1, 12)}, 1)
    text = froc_markdown(froc_table(found, [marks(blurred(2), WHOLE, 3).scores]).assign(method="ReSAD"), "T")
    assert text.index("## All sizes") < text.index("## By size")
    assert "0.125 false" in text
    assert "8 false" in text
