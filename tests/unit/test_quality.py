"""Whether a photograph can be judged: what is wrong is found and named, and good photographs pass."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from phantom_cameras import HEIGHT, OPTIONS, SIZE, WIDTH, limits_of, measured, photographs

from fundus_anomaly.datasets import registry
from fundus_anomaly.imaging.decode import decode
from fundus_anomaly.quality.limits import Limits, Options, quartiles_of
from fundus_anomaly.quality.verdict import JUDGED, NOT_JUDGED, WITH_CARE, quality

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "idrid"


@pytest.fixture(scope="module")
def normals():
    return [measured(one) for one in photographs(0, 16)]


@pytest.fixture(scope="module")
def good():
    return photographs(0, 4, abnormal=True)


def page(height, width):
    image = np.full((height, width, 3), 255, np.uint8)
    for y in range(height // 20, height, height // 25):
        where, black = (width // 20, y), (20, 20, 20)
        cv2.putText(image, "Dear Sir, thank you for referring this patient", where, 0, height / 900, black, 1)
    return image


def on_black(image, factor):
    """Return a photograph with a smaller one in its corner."""
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    smaller = np.zeros_like(image)
    smaller[: small.shape[0], : small.shape[1]] = small
    return smaller


def half(image):
    cut = image.copy()
    cut[len(cut) // 2 :] = 0
    return cut


def test_normals_and_photographs_with_lesions_are_judged(normals, good):
    limits = limits_of(normals)
    assert [quality(one, limits) for one in normals] == [(JUDGED, "")] * len(normals)
    assert [quality(measured(one), limits).outcome for one in good] == [JUDGED] * len(good)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda image: np.full_like(image, 128), "no fundus: one colour"),
        (lambda image: np.zeros_like(image), "no fundus: one colour"),
        (lambda image: np.full_like(image, (120, 60, 20)), "no fundus: one colour"),
        (lambda image: page(*image.shape[:2]), "no fundus"),
        (lambda image: np.random.default_rng(0).integers(0, 255, image.shape).astype(np.uint8), "no dark border"),
        (lambda image: cv2.GaussianBlur(image, (0, 0), 6), "blurred"),
        (lambda image: (image * 0.1).astype(np.uint8), "underexposed"),
        (lambda image: np.clip(image * 6.0, 0, 255).astype(np.uint8), "overexposed"),
        (half, "field of view cut"),
        (lambda image: on_black(image, 0.5), "field of view too small"),
        (lambda image: image[80:240, 120:360], "no dark border"),
    ],
    ids=["grey", "black", "brown", "page", "noise", "blur", "dark", "bright", "cut", "small", "part"],
)
def test_what_cannot_be_judged_is_named(normals, good, spoil, words):
    for image in good:
        found = quality(measured(np.ascontiguousarray(spoil(image))), limits_of(normals))
        assert found.outcome == NOT_JUDGED
        assert words in found.reason


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real IDRiD is not in ../shared/data/idrid")
def test_nearly_all_of_the_real_idrids_photographs_are_judged_and_none_is_whose_lower_half_is_black():
    settings = {"grading": "B. Disease Grading", "segmentation": "A. Segmentation", "strict_counts": False}
    table = registry.load("idrid", settings, REAL, "slices", 0).manifest

    def read(split):
        paths = table.loc[table["split"] == split, "path"].iloc[::4]
        return [decode(path, (SIZE, SIZE), 10**9)[0] for path in paths]

    limits, test = limits_of([measured(image) for image in read("train")]), read("test")
    found = [quality(measured(image), limits).outcome for image in test]
    assert NOT_JUDGED not in found
    assert found.count(JUDGED) >= 0.9 * len(found)
    assert {quality(measured(half(image)), limits).outcome for image in test[:5]} == {NOT_JUDGED}


def test_a_slightly_blurred_photograph_is_judged_with_care_and_says_why(normals, good):
    limits = limits_of(normals)
    for sigma in np.arange(0, 4, 0.1):
        image = cv2.GaussianBlur(good[0], (0, 0), sigma) if sigma else good[0]
        found = quality(measured(image), limits)
        if found.outcome == WITH_CARE:
            break
    least, _ = limits.allowed("sharpness", 2)
    assert found.outcome == WITH_CARE
    assert found.reason == f"blurred (fine detail {measured(image).sharpness:.3g}; by the normals at least {least:.3g})"


def test_a_quarter_turn_is_known_where_the_camera_cuts_its_circle(normals, good):
    turned = quality(measured(np.rot90(good[0]).copy()), limits_of(normals))
    assert turned.outcome == NOT_JUDGED and "turned by a quarter" in turned.reason
    # The second camera shows the whole circle.
    round_normals = limits_of([measured(one) for one in photographs(1, 8)])
    other = photographs(1, 1, abnormal=True)[0]
    assert "turned" not in quality(measured(np.rot90(other).copy()), round_normals).reason


def test_sharpness_knows_blur_from_darkness_and_from_low_contrast(good):
    image = good[0]
    before = measured(image).sharpness
    assert measured((image * 0.6).astype(np.uint8)).sharpness == pytest.approx(before, rel=0.1)
    assert measured(cv2.GaussianBlur(image, (0, 0), 3)).sharpness < before / 3


def test_statistics_mean_the_same_at_every_working_size_and_aspect(good):
    for image in good:
        small, large = measured(image, 392), measured(image, 784)
        for name in ("brightness", "redness", "roundness", "proportion", "diameter", "resolution"):
            assert getattr(large, name) == pytest.approx(getattr(small, name), rel=0.02)
        kept = measured(image, 392, keep=True)
        for name in ("brightness", "redness", "roundness", "proportion", "diameter", "resolution"):
            assert getattr(kept, name) == pytest.approx(getattr(small, name), rel=0.02)


def test_a_disc_and_its_half_have_the_shape_that_geometry_gives_them():
    y, x = np.mgrid[:400, :600]
    disc = ((x - 300) ** 2 + (y - 200) ** 2 < 180**2).astype(np.uint8)[..., None] * np.array([180, 90, 40], np.uint8)
    found = measured(disc, 400)
    assert (found.roundness, found.proportion) == pytest.approx((1, 1), abs=0.03)
    assert (found.diameter, found.resolution) == pytest.approx((0.6, 360), rel=0.03)
    assert found.brightness == pytest.approx(0.299 * 180 + 0.587 * 90 + 0.114 * 40, rel=1e-3)
    assert found.redness == pytest.approx(180 / 310, rel=1e-3)
    assert (found.white, found.black, found.bordered) == (0, 0, 1)
    cut = disc.copy()
    cut[:200] = 0
    found = measured(cut, 400)
    assert (found.roundness, found.proportion) == pytest.approx((0.5, 0.5), abs=0.03)


def test_the_limits_are_tukeys_fences_of_the_normals():
    values = np.exp(np.linspace(3, 5, 101))
    limits = Limits(quartiles_of({"brightness": values, "white": np.linspace(0, 0.4, 101)}), OPTIONS)
    assert limits.allowed("brightness", 1)[0] == pytest.approx(np.exp(3.5 - 1), rel=1e-3)
    assert limits.allowed("white", 1) == (-np.inf, pytest.approx(0.3 + 0.2))
    assert limits.beyond("white", 0.9) == pytest.approx(3)
    assert limits.beyond("brightness", 255) == 0


def test_few_or_constant_normals_leave_the_room_that_the_floors_give(normals, good):
    for few in (normals[:1], normals[:2], normals[:1] * 20):
        limits = limits_of(few)
        assert quality(few[0], limits).outcome == JUDGED
        first, _, third = limits.quartiles["sharpness"]
        assert limits.range_of("sharpness") == max(0.25, third - first)
        assert quality(measured(half(good[0])), limits).outcome == NOT_JUDGED
        assert quality(measured(np.zeros_like(good[0])), limits).outcome == NOT_JUDGED
        assert all(quality(measured(one), limits).outcome != NOT_JUDGED for one in good)


def test_normals_of_one_colour_make_no_photograph_of_one_colour_fit_to_be_judged():
    grey = measured(np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    assert quality(grey, limits_of([grey] * 5)) == (NOT_JUDGED, "no fundus: one colour")


def test_no_normal_a_value_that_is_none_and_a_missing_floor_are_refused():
    with pytest.raises(ValueError, match="0 normals"):
        quartiles_of({"white": np.array([])})
    with pytest.raises(ValueError, match="finite"):
        quartiles_of({"white": np.array([0.1, np.nan])})
    with pytest.raises(ValueError, match="floors of white"):
        Limits({"white": (0, 0, 0)}, Options(2, 4, 1, 2, {}))
