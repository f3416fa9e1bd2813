"""What lies over a photograph in a browser is what is painted and annotated, at its place."""

import io
import re

import numpy as np
from PIL import Image

from fundus_anomaly.report.figures.heat_map import Scale, colours, levels, overlay
from fundus_anomaly.report.pages.layers import contour, heat_layer, jpeg, thumbnail, truth

SIDE = 40


def painted():
    """Levels of a map that rises from left to right within a square."""
    scores = np.tile(np.linspace(0, 2, SIDE, dtype=np.float32), (SIDE, 1))
    field = np.zeros((SIDE, SIDE), np.uint8)
    field[10:30, 10:30] = 1
    return scores, field, levels(scores, field, Scale(1, 2))


def points(svg):
    """The corners of each path."""
    lines = re.findall(r'd="([^"]+)"', svg)
    return [np.array([pair.split() for pair in re.findall(r"[\d.]+ [\d.]+", line)], float) for line in lines]


def test_the_faded_map_over_a_photograph_is_the_heat_map():
    scores, field, found = painted()
    photograph = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    layer = Image.open(io.BytesIO(heat_layer(found))).convert("RGBA")
    layer.putalpha(layer.getchannel("A").point(lambda alpha: round(0.8 * alpha)))
    laid = Image.alpha_composite(Image.fromarray(photograph).convert("RGBA"), layer).convert("RGB")
    wanted = overlay(photograph, scores, field, Scale(1, 2), 0.8).astype(int)
    assert np.abs(np.asarray(laid).astype(int) - wanted).max() <= 3


def test_the_layer_is_clear_where_nothing_is_painted_and_has_the_last_colour_at_the_end():
    _, _, found = painted()
    layer = np.asarray(Image.open(io.BytesIO(heat_layer(found))).convert("RGBA"))
    assert (layer[found == 0, 3] == 0).all()
    top = np.full((2, 2), 255, np.uint8)
    assert np.asarray(Image.open(io.BytesIO(heat_layer(top))).convert("RGBA"))[0, 0].tolist() == [*colours()[255], 255]


def test_the_contour_surrounds_what_is_painted():
    _, _, found = painted()
    inside = np.argwhere(found > 0)
    for corners in points(contour(found)):
        assert corners.min(axis=0).tolist() == (inside.min(axis=0)[::-1] + 0.5).tolist()
        assert corners.max(axis=0).tolist() == (inside.max(axis=0)[::-1] + 0.5).tolist()
    assert "<path" not in contour(np.zeros((SIDE, SIDE), np.uint8))
    assert f'viewBox="0 0 {SIDE} {SIDE}"' in contour(found)


def test_each_type_of_lesion_is_outlined_in_its_colour_and_a_single_pixel_too():
    coverage = np.zeros((2, SIDE, SIDE), np.uint8)
    coverage[0, 5, 7] = 255
    coverage[1, 20:30, 20:25] = 255
    # Less than half of a pixel is none.
    coverage[1, 35, 35] = 100
    svg = truth(coverage, {"MA": "#111111", "EX": "#222222"})
    drawn = dict(zip(re.findall(r'stroke="(#\w+)"', svg), points(svg), strict=True))
    assert drawn["#111111"].tolist() == [[7.5, 5.5]]
    assert drawn["#222222"].min(axis=0).tolist() == [20.5, 20.5]
    assert drawn["#222222"].max(axis=0).tolist() == [24.5, 29.5]


def test_thumbnails_are_small_and_have_the_pictures_colours():
    small = thumbnail(np.full((1500, 3000, 3), (200, 100, 50), np.uint8), 64)
    assert small.shape == (32, 64, 3)
    assert np.abs(np.asarray(Image.open(io.BytesIO(jpeg(small, 80)))).astype(int)[16, 32] - (200, 100, 50)).max() < 8
    assert thumbnail(small, 640).shape == small.shape
