"""A photograph, its field of view and its masks go through one geometry and stay in register."""

import json

import numpy as np
import pytest

from fundus_anomaly.imaging.geometry import Geometry, keep_aspect, stretch

BOX = (20, 31, 301, 402)


def both(size, shape):
    return {"stretch": stretch(size), "keep": keep_aspect(size, shape, BOX)}


@pytest.mark.parametrize("which", ["stretch", "keep"])
@pytest.mark.parametrize("shape", [(400, 500), (401, 503)])
@pytest.mark.parametrize("part", [1, 2])
def test_a_dot_lands_where_it_does_in_the_mask(which, shape, part):
    geometry = both(112, shape)[which]
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    mask = np.hypot(rows - 133, columns - 250) < 12
    # The photograph as a JPEG decoder gives it at a smaller scale: means of blocks, the last one filled up.
    filled = np.pad(mask * np.float32(1), [(0, -side % part) for side in shape], mode="edge")
    small = filled.reshape(filled.shape[0] // part, part, -1, part).mean((1, 3)).astype(np.float32)
    centres = [
        np.array([(image * axis).sum() / image.sum() for axis in np.mgrid[:112, :112]])
        for image in (geometry.apply(mask.astype(np.float32)), geometry.apply(small))
    ]
    assert np.abs(centres[0] - centres[1]).max() < 0.5
    if which == "stretch":
        wanted = (np.array([133, 250]) + 0.5) * 112 / shape - 0.5
    else:
        top, left, height, width = BOX
        wanted = (np.array([133 - top, 250 - left]) + 0.5) * 112 / max(height, width) - 0.5
        wanted[0] += (112 - round(height * 112 / width)) // 2
    assert np.abs(centres[0] - wanted).max() < 0.3


def test_stretching_keeps_all_and_keeping_the_aspect_keeps_the_box_undistorted():
    image = np.full((401, 503, 3), 200, np.uint8)
    assert (stretch(64).apply(image) == 200).all()
    kept = keep_aspect(64, (401, 503), BOX).apply(image)
    assert kept.shape == (64, 64, 3)
    lit = kept[..., 0] == 200
    assert lit.any(axis=0).all()
    assert lit.any(axis=1).sum() == round(64 * 301 / 402)
    # As much black above as below.
    rows = np.flatnonzero(lit.any(axis=1))
    assert abs(rows[0] - (63 - rows[-1])) <= 1


@pytest.mark.parametrize("shape", [(1000, 1400), (90, 1400), (1400, 90), (90, 70)])
def test_shrinking_a_side_keeps_its_share_of_area(shape):
    # One line a tenth of a pixel wide must fade, not vanish, even where the other side grows.
    for place in range(4):
        image = np.zeros(shape, np.float32)
        image[shape[0] // 2 + place, :] = image[:, shape[1] // 2 + place] = 1
        result = stretch(100).apply(image)
        for side, along in ((shape[0], result[:, 5]), (shape[1], result[5])):
            assert along.sum() == pytest.approx(max(100 / side, 1 if side < 100 else 0), rel=0.2)


def test_a_geometry_goes_through_json():
    geometry = keep_aspect(784, (2848, 4288), (10, 250, 2800, 3400))
    assert Geometry.from_dict(json.loads(json.dumps(geometry.as_dict()))) == geometry
