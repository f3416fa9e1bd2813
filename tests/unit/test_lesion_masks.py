"""No annotated lesion vanishes on the way to the working size."""

import numpy as np
import pytest
from PIL import Image

from fundus_anomaly.errors import InputError
from fundus_anomaly.imaging.geometry import keep_aspect, stretch
from fundus_anomaly.imaging.lesion_masks import lesion_coverage
from fundus_anomaly.imaging.lesion_truth import covered_levels, lesion_truth

FULL = (2848, 4288)


def coverage(tmp_path, mask, geometry, *, inverted=False, full_size=None):
    path = tmp_path / "mask ü.tif"
    Image.fromarray(mask ^ inverted).save(path)
    size = full_size or mask.shape
    return lesion_coverage(path, inverted=inverted, geometry=geometry, full_size=size, max_pixels=10**9)


@pytest.mark.parametrize("geometry", [stretch(784), keep_aspect(784, FULL, (0, 270, 2848, 3500))])
@pytest.mark.parametrize("place", [(1424, 2144), (1427, 2143), (777, 1111)])
def test_a_microaneurysm_of_one_pixel_survives(tmp_path, geometry, place):
    mask = np.zeros(FULL, bool)
    mask[place] = True
    found = coverage(tmp_path, mask, geometry)
    assert 0 < found.max() < 128
    truth = lesion_truth(found)
    assert truth.sum() == 1
    assert found[truth] == found.max()


def test_coverage_is_the_share_of_the_pixel_that_is_lesion(tmp_path):
    mask = np.zeros((40, 80), bool)
    mask[0:4, 0:8], mask[4:6, 0:8], mask[8, 8] = True, True, True
    found = coverage(tmp_path, mask, stretch(10))
    assert found[0, 0] == 255
    assert found[1, 0] == 128
    assert found[2, 1] == 8
    assert np.count_nonzero(found) == 3


def test_an_inverted_mask_covers_the_same(tmp_path):
    mask = np.zeros((40, 80), bool)
    mask[10:20, 30:50] = True
    straight = coverage(tmp_path, mask, stretch(16))
    np.testing.assert_array_equal(coverage(tmp_path, mask, stretch(16), inverted=True), straight)
    assert straight.any()


def test_outside_the_kept_part_there_is_no_lesion_even_if_inverted(tmp_path):
    geometry = keep_aspect(32, (40, 80), (0, 0, 40, 80))
    found = coverage(tmp_path, np.ones((40, 80), bool), geometry, inverted=True)
    assert (found[8:24] == 255).all()
    assert not found[:8].any()
    assert not found[24:].any()


def test_a_mask_of_another_size_than_its_photograph_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"mask ü\.tif.*80×40.*4288×2848"):
        coverage(tmp_path, np.ones((40, 80), bool), stretch(16), full_size=FULL)


def test_the_truth_is_where_half_of_the_pixel_is_lesion():
    covered = np.zeros((8, 8), np.uint8)
    covered[2, 2:6] = [127, 128, 255, 1]
    np.testing.assert_array_equal(np.argwhere(lesion_truth(covered)), [[2, 3], [2, 4]])


def test_each_small_lesion_keeps_its_most_covered_pixel_and_none_appears_from_nothing():
    covered = np.zeros((12, 12), np.uint8)
    covered[1, 1:3], covered[6, 6], covered[10:, 0] = [40, 90], 1, [5, 5]
    covered[6, 9:11] = [200, 20]
    truth = lesion_truth(covered)
    assert {tuple(place) for place in np.argwhere(truth)} >= {(1, 2), (6, 6), (6, 9)}
    assert truth.sum() == 4
    assert truth[10:, 0].sum() == 1
    assert not lesion_truth(np.zeros((5, 5), np.uint8)).any()


@pytest.mark.parametrize(
    ("marked", "of", "half"), [(249, 500, False), (127, 254, True), (128, 257, False), (250, 500, True), (1, 2, True)]
)
def test_a_half_is_a_half_and_nothing_less(tmp_path, marked, of, half):
    # Of 257 columns 128, a share of .49805, were 128 of 255 when rounded up: they counted as half.
    mask = np.zeros((2 * of, 2 * of), bool)
    mask[:, :marked] = True
    found = coverage(tmp_path, mask, stretch(2))
    assert (found[:, 0] >= 128).all() == half
    assert not found[:, 1].any()


def test_a_share_just_below_a_half_is_no_lesion_beside_one_above(tmp_path):
    mask = np.zeros((1000, 3000), bool)
    mask[:, :1000], mask[:, 1000:1499] = True, True
    np.testing.assert_array_equal(lesion_truth(coverage(tmp_path, mask, stretch(3))), [[True, False, False]] * 3)


def test_rounding_keeps_zero_apart_from_the_smallest_share_and_half_exact():
    shares = np.array([0, 1e-7, 1 / 255, 0.4981, 0.49995, 0.5 - 1e-7, 0.5, 0.50001, 254.5 / 255, 1], np.float32)
    np.testing.assert_array_equal(covered_levels(shares), [0, 1, 1, 127, 127, 128, 128, 128, 255, 255])


def test_no_lesion_vanishes_from_a_photograph_shrunk_500_times(tmp_path):
    mask = np.zeros((9000, 9000), bool)
    mask[4321, 1234] = True
    assert lesion_truth(coverage(tmp_path, mask, stretch(16))).sum() == 1
