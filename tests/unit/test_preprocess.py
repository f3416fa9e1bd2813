"""From a photograph's file to the working size, with the geometry that its masks follow."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image

from fundus_anomaly.imaging.geometry import source_geometry
from fundus_anomaly.imaging.graham import subtract_local_average
from fundus_anomaly.imaging.lesion_masks import lesion_coverage
from fundus_anomaly.imaging.preprocess import preprocess

DOT = (150, 330)


@pytest.fixture(scope="module", params=[(400, 600), (403, 605), (1203, 1605)], ids=str)
def eye(request, tmp_path_factory):
    """A photograph with one white dot, and the mask of that dot, as files."""
    folder, (height, width) = tmp_path_factory.mktemp("Augen ü"), request.param
    factor = height // 400
    rows, columns = np.mgrid[:height, :width]
    inside = np.hypot(rows - height / 2, columns - width / 2) < 0.45 * height
    dot = np.hypot(rows - DOT[0] * factor, columns - DOT[1] * factor) < 8 * factor
    photograph = inside[..., None] * np.uint8([150, 70, 30])
    photograph[dot] = 255
    Image.fromarray(photograph).save(folder / "eye.jpg", quality=95, subsampling=0)
    Image.fromarray(dot).save(folder / "dot.png")
    return folder


@pytest.mark.parametrize("aspect", ["stretch", "keep"])
def test_a_lesion_lies_in_the_photograph_where_its_mask_says(eye, aspect):
    done = preprocess(eye / "eye.jpg", size=128, aspect=aspect, graham=False, max_pixels=10**9)
    geometry, full_size = source_geometry(done.source)
    covered = lesion_coverage(eye / "dot.png", inverted=False, geometry=geometry, full_size=full_size, max_pixels=10**9)
    shown = np.where(done.image[..., 2] > 100, done.image[..., 2], 0).astype(float)
    centres = [[(w * axis).sum() / w.sum() for axis in np.mgrid[:128, :128]] for w in (shown, covered.astype(float))]
    np.testing.assert_allclose(centres[0], centres[1], atol=0.5)


@pytest.mark.parametrize("aspect", ["stretch", "keep"])
def test_image_and_field_of_view_have_the_working_size_and_agree(eye, aspect):
    done = preprocess(eye / "eye.jpg", size=128, aspect=aspect, graham=False, max_pixels=10**9)
    assert (done.image.shape, done.image.dtype) == ((128, 128, 3), np.uint8)
    assert (done.field_of_view.shape, done.field_of_view.dtype) == ((128, 128), bool)
    lit = done.image.max(axis=2) > 60
    assert (lit == done.field_of_view).mean() > 0.97
    # Kept, the disc fills the square and is round.
    width, height = done.field_of_view.any(0).sum(), done.field_of_view.any(1).sum()
    assert (width >= 126 and height >= 126) == (aspect == "keep")


def test_the_source_gives_file_checksum_and_full_size(eye):
    done = preprocess(eye / "eye.jpg", size=32, aspect="keep", graham=False, max_pixels=10**9)
    source = json.loads(done.source)
    with Image.open(eye / "eye.jpg") as image:
        assert (source["width"], source["height"]) == image.size
    assert source["path"] == str(eye / "eye.jpg")
    assert len(source["sha256"]) == 64


def test_grahams_step_is_taken_at_the_working_size_if_asked_for(eye):
    plain, graham = (
        preprocess(eye / "eye.jpg", size=128, aspect="stretch", graham=graham, max_pixels=10**9)
        for graham in (False, True)
    )
    np.testing.assert_array_equal(graham.image, subtract_local_average(plain.image, plain.field_of_view))
    assert not np.array_equal(graham.image, plain.image)


def retina():
    view = cv2.circle(np.zeros((240, 240), np.uint8), (120, 120), 100, 1, -1).astype(bool)
    return view[..., None] * np.full((240, 240, 3), [160, 80, 40], np.uint8), view


def test_an_even_retina_becomes_even_grey_up_to_its_border():
    photograph, view = retina()
    assert np.abs(subtract_local_average(photograph, view).astype(int) - 128).max() <= 1


def test_contrast_against_the_neighbourhood_is_fourfold():
    photograph, view = retina()
    photograph[118:120, 118:120] += 10
    # The spot itself adds hardly anything to its neighbourhood's average.
    assert np.abs(subtract_local_average(photograph, view)[118, 118].astype(int) - (128 + 4 * 10)).max() <= 2


def test_illumination_goes_and_a_lesion_stays():
    photograph, view = retina()
    shaded = (photograph * np.linspace(0.7, 1.2, 240)[None, :, None]).astype(np.uint8)
    shaded[118:122, 118:122] //= 2
    result = subtract_local_average(shaded, view)[..., 0].astype(int)
    inner = cv2.erode(view.astype(np.uint8), np.ones((31, 31))).astype(bool)
    inner[100:140, 100:140] = False
    assert np.ptp(result[inner]) < 12 < 80 < np.ptp(shaded[..., 0][inner]) + 40
    assert result[120, 120] < 60
    assert (result[~view] == 128).all()
