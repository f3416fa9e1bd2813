"""The image of oriented gradients: scikit-image's where it is installed, and everywhere that of a plain reference."""

import math

import numpy as np
import pytest

from fundus_anomaly.imaging.hog_image import hog_image, oriented_histograms

IMAGES = [
    np.random.default_rng(0).random((64, 96)),
    np.add.outer(np.arange(50.0), 3 * np.arange(39.0)) % 17,
    np.random.default_rng(1).integers(0, 256, (32, 32)),
]


def reference(grey, cell):
    """Return the image pixel by pixel and line by line; lines are drawn by whole-number errors (Bresenham)."""
    grey, image = grey.astype(float), np.zeros(grey.shape)
    histograms = np.zeros((grey.shape[0] // cell, grey.shape[1] // cell, 9))
    for y in range(histograms.shape[0] * cell):
        for x in range(histograms.shape[1] * cell):
            down = grey[y + 1, x] - grey[y - 1, x] if 0 < y < grey.shape[0] - 1 else 0.0
            along = grey[y, x + 1] - grey[y, x - 1] if 0 < x < grey.shape[1] - 1 else 0.0
            angle = math.degrees(math.atan2(down, along)) % 180
            histograms[y // cell, x // cell, min(int(angle // 20), 8)] += math.hypot(down, along) / cell**2
    for (row, column, orientation), value in np.ndenumerate(histograms):
        angle, radius = math.pi * (orientation + 0.5) / 9, cell // 2 - 1
        y, x = row * cell + cell // 2, column * cell + cell // 2
        up, right = radius * math.cos(angle), radius * math.sin(angle)
        for point in line(int(y - up), int(x + right), int(y + up), int(x - right)):
            image[point] += value
    return image


def line(y, x, last_y, last_x):
    height, width = abs(last_y - y), abs(last_x - x)
    step_y, step_x = (1 if last_y > y else -1), (1 if last_x > x else -1)
    steep, points = height > width, []
    long, short = (height, width) if steep else (width, height)
    error = 2 * short - long
    for _ in range(long):
        points.append((y, x))
        if error >= 0:
            y, x = (y, x + step_x) if steep else (y + step_y, x)
            error -= 2 * long
        y, x = (y + step_y, x) if steep else (y, x + step_x)
        error += 2 * short
    return [*points, (last_y, last_x)]


@pytest.mark.parametrize("cell", [4, 8, 16])
@pytest.mark.parametrize("image", IMAGES, ids=["noise", "ramps", "bytes"])
def test_it_is_the_plain_references(image, cell):
    np.testing.assert_allclose(hog_image(image, cell), reference(image, cell), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cell", [4, 8, 16])
@pytest.mark.parametrize("image", IMAGES, ids=["noise", "ramps", "bytes"])
def test_it_is_scikit_images(image, cell):
    feature = pytest.importorskip("skimage.feature", reason="scikit-image is not installed; it is no dependency")
    settings = {"orientations": 9, "pixels_per_cell": (cell, cell), "cells_per_block": (1, 1), "visualize": True}
    _, drawn = feature.hog(image, **settings)
    # It sums in float32.
    np.testing.assert_allclose(hog_image(image, cell), drawn, rtol=1e-6, atol=1e-6 * drawn.max())


def test_an_edge_has_all_of_its_gradient_in_one_orientation():
    image = np.zeros((16, 16))
    image[:, 8:] = 1
    found = oriented_histograms(image, 8)
    assert found.shape == (2, 2, 9)
    # In each cell one column of the two on the sides of the edge, eight pixels of magnitude 1.
    assert (found[..., 0] == 8 / 64).all()
    assert (found[..., 1:] == 0).all()


def test_what_fills_no_cell_is_black():
    assert (hog_image(np.random.default_rng(2).random((18, 16)), 16)[16:] == 0).all()
