"""F, R and C as ReSAD's eq. 2, 3 and 5 define them."""

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve

from fundus_anomaly.methods.resad.attention import Attention, spatial_aware
from fundus_anomaly.methods.resad.resc import combine, concat_levels, pooled, region_aware, region_weights

OFF = Attention("off", "none")


def random(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).random(shape, np.float32))


def test_level_3_is_upscaled_bilinearly_and_stands_beside_level_2():
    level2 = random(4, 6, 3)
    level3 = torch.tensor([[0.0, 4.0, 8.0], [8.0, 12.0, 16.0]])[..., None]
    combined = concat_levels(level2, level3)
    assert combined.shape == (4, 6, 4)
    assert torch.equal(combined[..., :3], level2)
    # Positions are centres of areas: a quarter and three quarters of the way between two coarse ones.
    along, down = torch.tensor([0.0, 1, 3, 5, 7, 8]), torch.tensor([0.0, 2, 6, 8])
    torch.testing.assert_close(combined[..., 3], down[:, None] + along[None, :])


@pytest.mark.parametrize("shape", [(5, 7), (3, 4)])
def test_levels_whose_sides_do_not_divide_still_fit(shape):
    assert concat_levels(random(9, 13, 2), random(*shape, 3)).shape == (9, 13, 5)


def test_patchcores_pooling_is_a_mean_that_counts_what_lies_outside_as_zero():
    level = random(6, 5, 2)
    mean = pooled(level, 3)
    assert pooled(level, 1) is level
    torch.testing.assert_close(mean[2, 3], level[1:4, 2:5].sum((0, 1)) / 9)
    torch.testing.assert_close(mean[0, 0], level[:2, :2].sum((0, 1)) / 9)
    torch.testing.assert_close(mean[5, 2], level[4:, 1:4].sum((0, 1)) / 9)


def test_both_levels_are_pooled_each_at_its_own_resolution():
    level2, level3 = random(6, 6, 2), random(3, 3, 1, seed=1)
    combined, _ = combine(level2, level3, pool=3, region=0, attention=OFF)
    torch.testing.assert_close(combined, concat_levels(pooled(level2, 3), pooled(level3, 3)))
    torch.testing.assert_close(pooled(level3, 3)[1, 1], level3.mean()[None])


def test_the_filters_weights_fall_linearly_with_distance():
    weights = region_weights(12)
    assert weights.shape == (23, 23)
    for row, column in ((11, 11), (11, 17), (8, 15), (0, 11), (0, 0)):
        distance = np.hypot(row - 11, column - 11)
        assert float(weights[row, column]) == pytest.approx(max(0.0, 1 - distance / 12), abs=1e-6)


@pytest.mark.parametrize(
    ("height", "width", "radius"), [(17, 24, 5), (31, 31, 12), (6, 40, 12), (5, 4, 9), (9, 9, 1), (1, 8, 3)]
)
def test_the_region_filter_equals_a_direct_convolution_normalised_at_borders(height, width, radius):
    f = random(height, width, 3, seed=radius)
    steps = np.arange(1 - radius, radius)
    kernel = np.maximum(0, 1 - np.hypot(*np.meshgrid(steps, steps)) / radius)
    inside = convolve(np.ones((height, width)), kernel, mode="constant")
    wanted = [convolve(f[..., c].double().numpy(), kernel, mode="constant") / inside for c in range(3)]
    np.testing.assert_allclose(region_aware(f, radius).numpy(), np.stack(wanted, axis=-1), atol=2e-6)


def test_a_constant_map_stays_constant_up_to_the_border():
    f = torch.full((98, 98, 2), 51.0)
    torch.testing.assert_close(region_aware(f, 12), f, rtol=1e-5, atol=0)


def test_what_lies_a_radius_away_has_no_influence():
    f = random(40, 40, 1)
    changed = f.clone()
    changed[20, 20] += 100
    difference = (region_aware(changed, 6) - region_aware(f, 6)).abs()[..., 0]
    rows, columns = np.mgrid[:40, :40]
    far = torch.from_numpy(np.hypot(rows - 20, columns - 20) >= 6)
    assert float(difference[far].max()) < 1e-4
    assert float(difference[~far].min()) > 0.05


def test_c_is_the_sum_of_what_is_switched_on():
    level2, level3 = random(10, 12, 3), random(5, 6, 4, seed=1)
    attention = Attention("matmul", "inv_sqrt")
    f = concat_levels(level2, level3)
    r, (p, neighbours) = region_aware(f, 4), spatial_aware(f, attention)

    def c(region, which):
        return combine(level2, level3, pool=1, region=region, attention=which)

    torch.testing.assert_close(c(4, attention)[0], r + p)
    torch.testing.assert_close(c(4, OFF)[0], r)
    torch.testing.assert_close(c(0, attention)[0], p)
    assert torch.equal(c(0, OFF)[0], f)
    assert c(4, attention)[1] == neighbours
    assert np.isnan(c(4, OFF)[1])
    assert not torch.allclose(p, f)


def test_the_attention_of_wide_levels_takes_them_as_they_were_pooled():
    level2, level3 = random(10, 12, 3), random(5, 6, 512, seed=1)
    attention = Attention("matmul", "inv_sqrt")
    combined, _ = combine(level2, level3, pool=3, region=0, attention=attention)
    f = concat_levels(pooled(level2, 3), pooled(level3, 3))
    torch.testing.assert_close(combined, spatial_aware(f, attention)[0])


def test_levels_stored_in_half_precision_are_combined_in_single():
    level2, level3 = random(8, 8, 3).half(), random(4, 4, 3).half()
    combined, _ = combine(level2, level3, pool=1, region=3, attention=OFF)
    assert combined.dtype == torch.float32
    torch.testing.assert_close(combined, region_aware(concat_levels(level2.float(), level3.float()), 3))
