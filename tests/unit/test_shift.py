"""The traffic light: photographs of another camera are told from those of the normals' own, whatever the disease."""

import numpy as np
import pytest
from phantom_cameras import OPTIONS, limits_of, measured, photographs

from fundus_anomaly.quality.limits import Limits, quartiles_of
from fundus_anomaly.quality.shift import AMBER, GREEN, RED, shift_light
from fundus_anomaly.quality.statistics import Statistics


def by_name(found):
    return {name: np.array([getattr(one, name) for one in found]) for name in Statistics._fields}


@pytest.fixture(scope="module")
def own():
    return limits_of([measured(one) for one in photographs(0, 20)])


def test_other_eyes_of_the_same_camera_are_green_with_lesions_too(own):
    diseased = by_name([measured(one) for one in photographs(0, 12, abnormal=True)])
    light = shift_light(diseased, own)
    assert light.colour == GREEN
    assert "like the normals (medians of 12 photographs: mean brightness, " in light.words


@pytest.mark.parametrize("camera", [1, 3])
def test_photographs_of_another_camera_are_red_and_what_tells_them_is_said(own, camera):
    other = by_name([measured(one) for one in photographs(camera, 16)])
    light = shift_light(other, own)
    assert light.colour == RED
    median, normals = np.median(other["roundness"]), own.middle("roundness")
    said = f"share of the circle that the field of view fills {median:.3g}, normals {normals:.3g}"
    assert said in light.words


def limits():
    values = np.linspace(0, 1, 101)
    return Limits(quartiles_of({"redness": values, "distance": 4 * values - 2}), OPTIONS)


def test_the_distance_of_medians_in_interquartile_ranges_decides_and_few_photographs_are_allowed_more():
    for median, count, colour in ((1.1, 100, AMBER), (1.1, 4, GREEN), (1.65, 100, RED), (0.05, 400, GREEN)):
        assert shift_light({"redness": np.full(count, median)}, limits()).colour == colour


def test_photographs_nearer_to_the_bank_than_its_normals_are_no_shift():
    assert shift_light({"distance": np.full(100, -20.0)}, limits()).colour == GREEN
    light = shift_light({"distance": np.full(100, 5.0)}, limits())
    assert (light.colour, "calibrated distance of a typical place 5, normals 0" in light.words) == (RED, True)


def test_the_worst_comes_first_and_without_photographs_there_is_no_light():
    words = shift_light({"redness": np.full(9, 2.0), "distance": np.full(9, 9.0)}, limits()).words
    assert words.index("typical place") < words.index("share of red")
    assert "medians of 9 photographs" in words
    assert shift_light({}, limits()) == ("", "no photograph")
    assert shift_light({"redness": np.array([np.nan])}, limits()).colour == ""


def test_about_one_in_a_hundred_sets_of_the_normals_own_kind_turns_amber():
    rng = np.random.default_rng(0)
    normals = {name: rng.standard_normal(200) for name in ("redness", "distance", "roundness")}
    floors = OPTIONS.floors | dict.fromkeys(normals, 1e-3)
    own = Limits(quartiles_of(normals), type(OPTIONS)(2, 4, 1, 2, floors))
    for count in (3, 10, 40):
        sets = [{name: rng.standard_normal(count) for name in normals} for _ in range(400)]
        assert sum(shift_light(one, own).colour != GREEN for one in sets) <= 12
