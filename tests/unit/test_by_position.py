"""Maps calibrated by position: what normals have at each place decides, and no normal judges itself."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fundus_anomaly.errors import InputError
from fundus_anomaly.scoring.by_position import NormalMaps, Options

PLAIN = Options(smoothing=0, shrinkage=0, floor=0)
USUAL = Options(smoothing=1.5, shrinkage=4, floor=0.1)


def normals(count=40, shape=(12, 10), seed=0):
    """Distances that are large and vary at one side, small and steady at the other."""
    rng = np.random.default_rng(seed)
    level = np.linspace(1, 9, shape[1])
    return (level + 0.2 * level * rng.standard_normal((count, *shape))).astype(np.float32)


def names(count):
    return [f"n{number}" for number in range(count)]


def fitted(maps, options, eyes=2):
    return NormalMaps(maps, names(len(maps)), [f"p{number // eyes}" for number in range(len(maps))], options)


def test_without_smoothing_and_shrinkage_it_is_the_standard_score():
    maps = normals()
    found = fitted(maps, PLAIN).all()
    np.testing.assert_allclose(found.mean, maps.mean(0, dtype=float), rtol=1e-12)
    np.testing.assert_allclose(found.spread, maps.std(0, ddof=1, dtype=float), rtol=1e-9)
    new = normals(1, seed=5)[0]
    np.testing.assert_allclose(
        found.calibrate(new), (new - maps.mean(0, dtype=float)) / maps.std(0, ddof=1, dtype=float), rtol=1e-5
    )


def test_the_equation_as_the_module_states_it():
    maps = normals(7).astype(float)
    found = fitted(maps, USUAL).all()
    own = maps.var(0, ddof=1)
    spread = np.sqrt((6 * own + 4 * own.mean()) / (6 + 4))
    np.testing.assert_allclose(found.mean, gaussian_filter(maps.mean(0), 1.5, mode="nearest"))
    np.testing.assert_allclose(found.spread, gaussian_filter(spread, 1.5, mode="nearest"))


def test_a_small_rise_where_normals_are_steady_stands_out_and_a_large_one_where_they_vary_does_not():
    maps = normals()
    positions = fitted(maps, USUAL).all()
    new = maps.mean(0)
    new[3, 1] += 2
    new[8, 9] += 2
    z = positions.calibrate(new)
    assert z.argmax() == np.ravel_multi_index((3, 1), new.shape)
    assert z[3, 1] > 2 * z[8, 9]


def test_a_normal_is_judged_by_the_other_patients_alone():
    maps = normals(10)
    cross_fitted = fitted(maps, USUAL)
    changed = maps.copy()
    changed[4:6] *= 7
    again = fitted(changed, USUAL)
    # Of patient p2, normals 4 and 5, nothing is left in what they are judged by.
    for name in ("mean", "spread"):
        np.testing.assert_allclose(
            getattr(again.without("p2"), name), getattr(cross_fitted.without("p2"), name), rtol=1e-9
        )
    assert not np.allclose(again.without("p1").mean, cross_fitted.without("p1").mean)
    alone = fitted(np.delete(maps, [4, 5], axis=0), USUAL).all()
    np.testing.assert_allclose(cross_fitted.calibrated(4), alone.calibrate(maps[4]), rtol=1e-5)


def test_large_distances_lose_no_digits_when_a_patient_is_taken_off():
    maps = normals(12).astype(np.float64) + 1e4
    cross_fitted = fitted(maps, PLAIN)
    np.testing.assert_allclose(cross_fitted.without("p3").spread, np.delete(maps, [6, 7], 0).std(0, ddof=1), rtol=1e-6)


def test_scores_of_judged_normals_spread_as_those_of_new_ones():
    maps = normals(60)
    cross_fitted = fitted(maps, USUAL, eyes=1)
    own = np.array([cross_fitted.calibrated(number).max() for number in range(60)])
    new = np.array([cross_fitted.all().calibrate(one).max() for one in normals(400, seed=9)])
    assert np.median(own) == pytest.approx(np.median(new), abs=0.15)
    in_sample = np.array([cross_fitted.all().calibrate(one).max() for one in maps])
    assert np.median(in_sample) < np.median(own)


def test_few_normals_are_drawn_towards_the_common_spread():
    maps = normals(3)
    free, shrunk = (fitted(maps, Options(0, shrinkage, 0), eyes=1).all().spread for shrinkage in (0, 4))
    assert shrunk.std() < 0.5 * free.std()
    common = np.sqrt((free**2).mean())
    assert ((shrunk - free) * (common - free) >= 0).all()


def test_a_place_where_all_normals_are_alike_does_not_outweigh_the_others():
    maps = normals()
    maps[:, :3] = 0.5
    spread = fitted(maps, Options(0, 0, 0.1)).all().spread
    common = np.sqrt(maps.var(0, ddof=1, dtype=float).mean())
    np.testing.assert_allclose(spread[:3], 0.1 * common)
    assert (spread > 0).all()


@pytest.mark.parametrize("value", [0.0, 2.5, 1e-3])
def test_normals_without_any_spread_give_finite_maps(value):
    maps = np.full((6, 5, 4), value, np.float32)
    cross_fitted = fitted(maps, USUAL)
    for number in range(6):
        assert not cross_fitted.calibrated(number).any()
    new = maps[0] + np.float32(value + 1)
    z = cross_fitted.all().calibrate(new)
    assert np.isfinite(z).all()
    assert (z > 0).all()


@pytest.mark.parametrize("options", [PLAIN, USUAL])
def test_two_normals_of_two_patients_judge_each_other(options):
    maps = normals(2)
    cross_fitted = fitted(maps, options, eyes=1)
    z = cross_fitted.calibrated(0)
    assert np.isfinite(z).all()
    # Of the one normal that is left, the spread over its positions is taken.
    spread = cross_fitted.without("p0").spread
    np.testing.assert_allclose(spread, maps[1].std(dtype=float))


@pytest.mark.parametrize(("count", "eyes"), [(1, 1), (2, 2), (0, 1)])
def test_normals_of_fewer_than_two_patients_are_refused_in_words(count, eyes):
    with pytest.raises(InputError, match=f"found {count} of {min(count, 1)} patients"):
        fitted(normals(4)[:count], USUAL, eyes)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_every_map_that_is_not_finite_is_named(value):
    maps = normals(6)
    maps[1, 2, 3] = maps[4, 0, 0] = value
    with pytest.raises(InputError) as raised:
        fitted(maps, USUAL)
    assert "normal n1" in str(raised.value)
    assert "normal n4" in str(raised.value)
    assert "normal n2" not in str(raised.value)


def test_what_does_not_fit_is_the_callers_mistake():
    found = fitted(normals(6), USUAL)
    with pytest.raises(ValueError, match="shape"):
        found.all().calibrate(np.zeros((3, 3), np.float32))
    with pytest.raises(ValueError, match="no normal"):
        found.without("p9")


def test_the_order_of_normals_does_not_matter():
    maps = normals(8)
    order = [5, 2, 7, 0, 1, 3, 6, 4]
    patients = [f"p{number // 2}" for number in range(8)]
    first = NormalMaps(maps, names(8), patients, USUAL)
    other = NormalMaps(maps[order], [names(8)[n] for n in order], [patients[n] for n in order], USUAL)
    np.testing.assert_allclose(first.calibrated(5), other.calibrated(0), rtol=1e-5)
