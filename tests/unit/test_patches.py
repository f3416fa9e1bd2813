"""Patches: drawn in the field of view, cut so that they cover a photograph, blended as means."""

import numpy as np
import pytest
import torch
from sample_photographs import ArrayPhotographs, discs

from fundus_anomaly.methods.patches import SIDE, Judged, PatchDetector, blended, corners, drawn


class Viewed(ArrayPhotographs):
    """Photographs whose pixels tell their place, with a given field of view."""

    def __init__(self, size, view):
        y, x = np.mgrid[:size, :size]
        super().__init__(np.stack([y, x, np.full_like(y, 7)], -1)[None].astype(np.uint8))
        self.view = view

    def fields_of_view(self, places):
        return np.repeat(self.view[None], len(places), 0)


def test_a_patchs_centre_lies_in_the_field_of_view():
    view = np.zeros((200, 200), bool)
    view[60:90, 100:120] = True
    patches = drawn(Viewed(200, view), 40, 0, "test")
    assert patches.shape == (40, 64, 64, 3)
    assert set(patches[:, 32, 0, 0]) <= set(range(60, 90))
    # The centre's column stands at 32, or at 31 of a mirrored patch.
    mirrored = patches[:, 0, 0, 1] > patches[:, 0, 1, 1]
    columns = np.where(mirrored, patches[:, 0, 31, 1], patches[:, 0, 32, 1])
    assert set(columns) <= set(range(100, 120))
    assert 5 < mirrored.sum() < 35


def test_without_a_place_in_the_field_of_view_a_patch_is_drawn_anywhere():
    view = np.zeros((128, 128), bool)
    view[0, 0] = True
    assert drawn(Viewed(128, view), 3, 0, "test").shape == (3, 64, 64, 3)


def test_fewer_photographs_than_patches_are_drawn_again():
    assert drawn(ArrayPhotographs(discs(1, 64)), 5, 0, "test").shape == (5, 64, 64, 3)


def test_patches_depend_on_seed_and_purpose_alone():
    photographs = ArrayPhotographs(discs(4, 128))
    one, same = (drawn(photographs, 6, 1, "a", 2) for _ in range(2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, drawn(photographs, 6, 1, "a", 3))
    assert not np.array_equal(one, drawn(photographs, 6, 2, "a", 2))


@pytest.mark.parametrize(("size", "stride"), [(64, 32), (128, 32), (128, 64), (256, 48), (512, 64)])
def test_the_grid_covers_a_photograph_and_blending_undoes_the_cut(size, stride):
    image = np.random.default_rng(0).random((size, size))
    places = corners(size, stride)
    parts = [image[y : y + SIDE, x : x + SIDE] for y, x in places]
    assert all(part.shape == (SIDE, SIDE) for part in parts)
    np.testing.assert_allclose(blended(parts, places, size), image, rtol=1e-6)


def test_where_patches_overlap_a_pixel_has_their_mean():
    places = corners(96, 32)
    map_ = blended([np.full((SIDE, SIDE), number) for number in range(4)], places, 96)
    assert (map_[0, 0], map_[0, -1], map_[0, 48], map_[48, 48]) == (0, 1, 0.5, 1.5)


def brightness(patches, seeds):
    return Judged(patches.amax((1, 2, 3)), patches.mean(1))


def test_the_image_score_is_that_of_the_worst_patch_within_the_field_of_view():
    detector = PatchDetector(torch.nn.Identity(), brightness, 64, "cpu")
    image = np.zeros((1, 128, 128, 3), np.uint8)
    image[0, :64, :64], image[0, 64:, 64:] = 255, 128
    view = np.zeros((1, 128, 128), bool)
    view[0, 64:, 64:] = True
    assert detector.score(image, view).own[0] == pytest.approx(2 * 128 / 255 - 1, abs=1e-6)
    for whole in (np.ones_like(view), np.zeros_like(view)):
        assert detector.score(image, whole).own[0] == 1


def test_a_patchs_seed_depends_on_its_photograph_and_place_alone():
    seen = []

    def judge(patches, seeds):
        seen.append(list(seeds))
        return brightness(patches, seeds)

    detector = PatchDetector(torch.nn.Identity(), judge, 64, "cpu")
    images, views = discs(2, 128), np.ones((2, 128, 128), bool)
    detector.score(images, views)
    detector.score(images[1:], views[1:])
    assert len(set(seen[0])) == 8
    assert seen[0][4:] == seen[1]
