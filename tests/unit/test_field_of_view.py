"""The field of view is the lit disc, whatever the camera cuts off of it."""

import numpy as np
import pytest

from fundus_anomaly.imaging.field_of_view import bounding_box, field_of_view


def disc(height, width, radius, noise=3.0, rim=1.0, seed=0):
    """Return an orange disc on nearly black, cut where the sensor ends, and where it is."""
    rows, columns = np.mgrid[:height, :width]
    distance = np.hypot(rows - (height - 1) / 2, columns - (width - 1) / 2)
    inside = distance <= radius
    light = np.where(inside, 1 - (1 - rim) * (distance / radius) ** 2, 0)
    colour = light[..., None] * [190, 90, 40] + np.random.default_rng(seed).normal(6, noise, (height, width, 3))
    return colour.clip(0, 255).astype(np.uint8), inside


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize(
    ("shape", "radius"),
    [((427, 643), 230), ((427, 643), 200), ((480, 560), 300), ((200, 200), 90)],
    ids=["cut at top and bottom", "whole", "cut at all sides", "small"],
)
@pytest.mark.parametrize("rim", [1.0, 0.4])
def test_the_disc_is_found_even_if_cut_or_dark_at_its_rim(shape, radius, rim):
    photograph, inside = disc(*shape, radius, rim=rim)
    assert overlap(field_of_view(photograph), inside) > 0.98


def test_a_dark_lesion_at_the_rim_does_not_dent_it_and_a_label_beside_it_does_not_count():
    photograph, inside = disc(427, 643, 200)
    photograph[200:230, 121:160] = 5
    photograph[5:25, 5:60] = 255
    assert overlap(field_of_view(photograph), inside) > 0.98


def test_a_dim_photograph_has_the_same_field_of_view():
    photograph, inside = disc(427, 643, 200, noise=1.0)
    assert overlap(field_of_view(photograph // 4), inside) > 0.98


@pytest.mark.parametrize("shape", [(300, 400), (40, 40), (1, 1), (3000, 3)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_photograph_of_one_colour_is_all_field_of_view(shape, level):
    assert field_of_view(np.full((*shape, 3), level, np.uint8)).all()


def test_a_photograph_without_a_border_is_nearly_all_field_of_view():
    photograph, _ = disc(400, 400, 2000)
    assert field_of_view(photograph).mean() > 0.98


def test_a_few_lit_pixels_are_no_retina():
    photograph = np.zeros((200, 200, 3), np.uint8)
    photograph[50:60, 50:60] = 200
    assert field_of_view(photograph).all()


def test_the_bounding_box_holds_all_and_no_more():
    mask = np.zeros((20, 30), bool)
    mask[3, 7] = mask[11, 22] = True
    assert bounding_box(mask) == (3, 7, 9, 16)
