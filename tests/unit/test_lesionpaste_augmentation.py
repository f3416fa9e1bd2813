"""Augmentation keeps size, place and colour of a lesion as far as it is not asked to change them."""

from dataclasses import replace

import numpy as np
import pytest
from lesion_samples import FULL, NEUTRAL, lesions

from fundus_anomaly.methods.lesionpaste.augmentation import changed, draw
from fundus_anomaly.methods.lesionpaste.lesion import Lesion


def one(augmentation, seed=0):
    return draw(augmentation, 1, np.random.default_rng(seed))[0]


def bar(height=30, width=10, colour=(200, 80, 40)) -> Lesion:
    patch = np.zeros((height, width, 3), np.uint8) + np.array(colour, np.uint8)
    return Lesion("HE", patch, np.ones((height, width), bool), (0, 0, height, width), "a", 100.0)


def test_nothing_changes_at_the_same_scale():
    for lesion in lesions():
        patch, mask = changed(lesion, one(NEUTRAL), (1.0, 1.0))
        np.testing.assert_array_equal(mask, lesion.mask)
        np.testing.assert_array_equal(patch[mask], lesion.patch[mask])


@pytest.mark.parametrize("scale", [0.5, 0.31, 0.1])
def test_area_follows_the_scale_and_colour_stays(scale):
    lesion = bar(60, 40)
    patch, mask = changed(lesion, one(NEUTRAL), (scale, scale))
    assert mask.sum() == pytest.approx(lesion.area * scale**2, rel=0.15)
    np.testing.assert_allclose(patch[mask], np.broadcast_to([200, 80, 40], (mask.sum(), 3)), atol=0.5)


def test_a_lesion_smaller_than_a_pixel_keeps_one():
    patch, mask = changed(bar(6, 6), one(NEUTRAL), (0.06, 0.06))
    assert mask.sum() == 1
    np.testing.assert_allclose(patch[mask][0], [200, 80, 40], atol=0.5)


def painted(lesion, factors, kind, images=60):
    """Return the area that a lesion is painted on, relative to its own at this size, over random turns and sizes."""
    changes = draw(replace(FULL, contrast=(1, 1), brightness=(1, 1), colour=0), images, np.random.default_rng(7))
    shares = []
    for change in changes:
        area = lesion.area * np.prod(factors) * np.prod(change.resize)
        shares.append(changed(lesion, change, factors, kind)[1].sum() / area)
    return float(np.mean(shares))


@pytest.mark.parametrize("factors", [(0.06, 0.06), (0.05, 0.09), (0.3, 0.3), (1.7, 1.7)])
@pytest.mark.parametrize("size", [(12, 14), (40, 31)])
def test_coverage_keeps_the_area_of_a_lesion_smaller_and_larger_than_a_pixel(size, factors):
    assert painted(bar(*size), factors, "coverage") == pytest.approx(1, abs=0.04)


def test_a_binary_mask_paints_a_lesion_of_a_fraction_of_a_pixel_as_a_whole_one():
    # As the paper's binary M does; a reader of it is warned by the schema.
    assert painted(bar(12, 14), (0.06, 0.06), "binary") > 1.5


def test_coverage_keeps_colour_and_brightness_where_the_lesion_fades():
    patch, mask = changed(bar(6, 6), one(NEUTRAL), (0.06, 0.06), "coverage")
    assert mask.sum() == pytest.approx(0.36**2, rel=0.05)
    np.testing.assert_allclose(patch[mask > 0][0], [200, 80, 40], atol=0.5)


def test_an_image_with_stretched_sides_stretches_the_lesion():
    _, mask = changed(bar(40, 40), one(NEUTRAL), (0.5, 0.25))
    rows, columns = mask.any(axis=1).sum(), mask.any(axis=0).sum()
    assert (rows, columns) == (20, 10)


@pytest.mark.parametrize("seed", range(6))
def test_rotation_clips_nothing_and_keeps_colour(seed):
    lesion = bar()
    turned, mask = changed(lesion, one(replace(NEUTRAL, rotation=45), seed), (1.0, 1.0))
    assert mask.sum() == pytest.approx(lesion.area, rel=0.06)
    # Nothing of the lesion lies at the border of its new box.
    assert not mask[[0, -1]].any()
    assert not mask[:, [0, -1]].any()
    np.testing.assert_allclose(turned[mask], np.broadcast_to([200, 80, 40], (mask.sum(), 3)), atol=1)


def test_a_flip_moves_patch_and_mask_together():
    lesion = lesions()[0]
    half = Lesion("MA", lesion.patch, np.tri(*lesion.mask.shape, dtype=bool), lesion.box, "a", 400.0)
    change = replace(one(NEUTRAL), flip=(True, False))
    patch, mask = changed(half, change, (1.0, 1.0))
    np.testing.assert_array_equal(mask, half.mask[::-1])
    np.testing.assert_array_equal(patch[mask], lesion.patch[::-1][mask])


def test_brightness_contrast_and_colour_change_what_they_say():
    lesion = lesions()[8]
    plain, mask = changed(lesion, one(NEUTRAL), (1.0, 1.0))
    bright, _ = changed(lesion, replace(one(NEUTRAL), brightness=1.1), (1.0, 1.0))
    np.testing.assert_allclose(bright[mask], plain[mask] * 1.1, rtol=1e-5)
    flat, _ = changed(lesion, replace(one(NEUTRAL), contrast=0.5), (1.0, 1.0))
    np.testing.assert_allclose(flat[mask].mean(axis=0), plain[mask].mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(flat[mask].std(axis=0), plain[mask].std(axis=0) / 2, rtol=1e-4)
    shaded, _ = changed(lesion, replace(one(NEUTRAL), hue=10.0, saturation=5.0), (1.0, 1.0))
    # Hue and saturation leave HSV's value, the largest channel, as it was.
    np.testing.assert_allclose(shaded[mask].max(axis=1), plain[mask].max(axis=1), atol=0.01)
    assert np.abs(shaded[mask] - plain[mask]).mean() > 1


def test_switching_one_operation_off_leaves_all_other_draws_as_they_were():
    whole = draw(FULL, 50, np.random.default_rng(3))
    without = draw(replace(FULL, rotation=0, contrast=(1, 1)), 50, np.random.default_rng(3))
    assert [replace(change, angle=0.0, contrast=1.0) for change in whole] == without
    assert len({change.angle for change in whole}) == 50
    assert {change.flip for change in whole} == {(a, b) for a in (True, False) for b in (True, False)}
    assert all(0.5 <= side <= 1 for change in whole for side in change.resize)
