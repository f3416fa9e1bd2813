"""F made from its levels gives the products that F itself gives."""

import numpy as np
import pytest
import torch

from fundus_anomaly.methods.resad.feature_map import LevelsMap, WholeMap
from fundus_anomaly.methods.resad.resc import concat_levels

SHAPES = [((8, 10), (4, 5)), ((9, 13), (5, 7)), ((9, 13), (3, 4)), ((6, 5), (6, 5)), ((4, 7), (1, 2)), ((5, 6), (2, 1))]


def both(fine, coarse):
    generator = np.random.default_rng(0)
    level2, level3 = (
        torch.from_numpy(generator.random((*shape, channels), np.float32))
        for shape, channels in ((fine, 3), (coarse, 6))
    )
    whole = concat_levels(level2, level3)
    return WholeMap(whole.reshape(-1, 9)), LevelsMap.of(level2, level3)


@pytest.mark.parametrize(("fine", "coarse"), SHAPES)
@pytest.mark.parametrize("normalised", [False, True])
def test_products_from_the_levels_are_those_of_the_whole_map(fine, coarse, normalised):
    whole, levels = both(fine, coarse)
    assert len(whole) == len(levels) == fine[0] * fine[1]
    if normalised:
        whole, levels = whole.normalised(), levels.normalised().normalised()
        torch.testing.assert_close(levels.similarities(torch.arange(len(levels))).diagonal(), torch.ones(len(levels)))
    rows = torch.tensor([0, len(whole) - 1, 7, 2])
    torch.testing.assert_close(levels.similarities(rows), whole.similarities(rows))
    torch.testing.assert_close(whole.similarities(rows), whole.flat[rows] @ whole.flat.T)
    assert levels.similarities(rows).is_contiguous()
    weights = torch.rand(3, len(whole), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(levels.averaged(weights), weights @ whole.flat)


def test_a_position_of_zeros_stays_one_when_normalised():
    levels = LevelsMap.of(torch.zeros(2, 2, 1), torch.zeros(1, 1, 2)).normalised()
    assert torch.equal(levels.similarities(torch.arange(4)), torch.zeros(4, 4))
