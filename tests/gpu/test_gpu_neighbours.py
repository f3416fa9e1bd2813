"""Search and coreset give the same bits on a GPU as on the CPU."""

import numpy as np
import pytest
import torch

from fundus_anomaly.neighbours.coreset import select
from fundus_anomaly.neighbours.search import NearestNeighbours


def features(count, channels, seed, scale=1.0):
    made = np.random.default_rng(seed).standard_normal((count, channels), dtype=np.float32)
    # Positions of a photograph resemble each other: many nearly equal distances.
    made[1::2] = made[::2][: len(made[1::2])] + 1e-4 * made[1::2]
    return np.ascontiguousarray(made * np.float32(scale))


@pytest.mark.parametrize(("entries", "channels"), [(70_000, 152), (9_001, 1536), (3, 7)])
@pytest.mark.parametrize("scale", [1.0, 1e4, 1e-12])
def test_distances_are_those_of_the_cpu_bit_by_bit(device, entries, channels, scale):
    bank, queries = features(entries, channels, 0, scale), features(5_000, channels, 1, scale)
    queries[:2] = bank[:2]
    left_out = np.arange(entries) % 3 == 0
    there = NearestNeighbours(bank, method="flat", device=device, threads=4)
    here = NearestNeighbours(bank, method="flat", device="cpu", threads=4)
    found = there.distances(queries)
    assert found[:2].tolist() == [0, 0]
    assert np.array_equal(found, here.distances(queries))
    assert np.array_equal(there.distances(queries[:500], left_out), here.distances(queries[:500], left_out))


def test_values_whose_products_overflow_are_measured_all_the_same(device):
    bank, queries = features(300, 8, 0, 1e18), features(50, 8, 1, 1e18)
    there, here = (NearestNeighbours(bank, method="flat", device=one, threads=2) for one in (device, "cpu"))
    assert np.array_equal(there.distances(queries), here.distances(queries))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("channels", [100, 347])
def test_the_coreset_is_that_of_the_cpu(device, channels, dtype, tmp_path):
    points = features(20_000, channels, 2).astype(dtype)
    there, here = (
        select(points, 1_500, device=one, threads=4, memory=1 << 30, scratch=tmp_path) for one in (device, "cpu")
    )
    assert np.array_equal(there.index, here.index)


def test_float32_products_are_not_rounded_to_tf32(device):
    assert not torch.backends.cuda.matmul.allow_tf32 and not torch.backends.cudnn.allow_tf32
    generator = torch.Generator().manual_seed(0)
    one, two = torch.rand(512, 512, generator=generator), torch.rand(512, 512, generator=generator)
    product = (one.to(device) @ two.to(device)).cpu().double()
    exact = one.double() @ two.double()
    assert float(((product - exact) / exact).abs().max()) < 1e-5
