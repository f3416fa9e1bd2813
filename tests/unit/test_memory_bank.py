"""What the memory bank promises about distances to the nearest entry (ReSAD eq. 7)."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from fundus_anomaly.errors import InputError
from fundus_anomaly.neighbours import exact_search, products, search_blocks
from fundus_anomaly.neighbours.products import relative_error
from fundus_anomaly.neighbours.search import NearestNeighbours

SOURCES = Path(__file__).resolve().parents[2] / "src"


def search(bank, **more):
    return NearestNeighbours(bank, **({"method": "flat", "device": "cpu", "memory": 2**24, "threads": 1} | more))


def nearest(queries, bank):
    return cdist(queries.astype(np.float64), bank.astype(np.float64)).min(axis=1)


@pytest.fixture
def bank():
    return np.random.default_rng(0).standard_normal((3000, 40)).astype(np.float32) + 20


@pytest.fixture
def queries():
    return np.random.default_rng(1).standard_normal((500, 40)).astype(np.float32) + 20


def test_distances_are_euclidean_and_not_squared(bank, queries):
    distance = search(bank).distances(queries)
    assert distance.dtype == np.float32
    np.testing.assert_allclose(distance, nearest(queries, bank), rtol=1e-5)


def test_an_entry_is_at_distance_zero_from_itself(bank):
    np.testing.assert_array_equal(search(bank).distances(bank), 0)


@pytest.mark.parametrize("step", [1e-2, 1e-4])
def test_small_distances_far_from_the_origin_keep_their_digits(bank, step):
    bank = np.concatenate([bank, bank + np.float32(2 * step)])
    queries = (bank[:3000] + np.float32(step / 2)).astype(np.float32)
    np.testing.assert_allclose(search(bank).distances(queries), nearest(queries, bank), rtol=1e-6)


def near_ties(channels, distance, count=4000):
    """Return 64 queries of length about 20·√channels, and entries about each at ``distance``, equal to some 1e-7."""
    random = np.random.default_rng(5)
    queries = (random.standard_normal((64, channels)) + 20).astype(np.float32)
    directions = random.standard_normal((count, channels))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    owners = queries[np.arange(count) % len(queries)].astype(np.float64)
    return queries, (owners + distance * directions).astype(np.float32)


@pytest.mark.parametrize("channels", [152, 1536])
@pytest.mark.parametrize("factor", [1.5, 15.0, 40.0])
def test_among_near_ties_that_float32_cannot_tell_apart_the_distance_is_exact(channels, factor):
    queries, _ = near_ties(channels, 1.0)
    room = relative_error(channels) * 2 * float((queries.astype(np.float64) ** 2).sum(axis=1).max())
    queries, bank = near_ties(channels, np.sqrt(factor * room))
    np.testing.assert_allclose(search(bank).distances(queries), nearest(queries, bank), rtol=1e-7)


def test_left_out_entries_are_never_the_nearest(bank, queries):
    excluding = np.arange(len(bank)) % 3 == 0
    neighbours = search(bank)
    np.testing.assert_allclose(neighbours.distances(queries, excluding), nearest(queries, bank[~excluding]), rtol=1e-5)
    own = neighbours.distances(bank, excluding)
    assert (own[excluding] > 0).all()
    np.testing.assert_array_equal(own[~excluding], 0)


def test_leaving_out_does_not_last(bank, queries):
    neighbours = search(bank)
    before = neighbours.distances(queries)
    without = neighbours.distances(queries, np.arange(len(bank)) < 2000)
    np.testing.assert_allclose(without, nearest(queries, bank[2000:]), rtol=1e-5)
    np.testing.assert_array_equal(neighbours.distances(queries), before)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("blocks", [search_blocks.OnCpu, lambda: search_blocks.OnGpu("cpu")], ids=["CPU", "GPU's"])
def test_a_first_block_that_is_left_out_as_a_whole_is_never_the_nearest(monkeypatch, threads, blocks):
    """A coreset begins with outliers, which may all be one patient's; queries as near to them as can be."""
    rng = np.random.default_rng(4)
    bank = rng.standard_normal((1500, 16)).astype(np.float32)
    queries = np.tile(bank[:300], (2, 1)) + np.float32(1e-3)
    excluding = np.arange(len(bank)) < 1024
    monkeypatch.setattr(search_blocks.OnGpu, "entries", 512)
    monkeypatch.setattr(exact_search, "blocks_for", lambda device: blocks())
    monkeypatch.setattr(exact_search, "_WAITING", 500)
    found = search(bank, threads=threads).distances(queries, excluding)
    np.testing.assert_allclose(found, nearest(queries, bank[1024:]), rtol=1e-5)


def digits(found):
    return found.tobytes()


@pytest.mark.parametrize("product", ["numpy", "torch"])
@pytest.mark.parametrize("threads", [1, 3])
def test_neither_library_nor_threads_nor_blocks_change_a_bit(bank, queries, monkeypatch, product, threads):
    excluding = np.arange(len(bank)) % 7 == 0
    whole = search(bank)
    expected = [digits(whole.distances(queries)), digits(whole.distances(queries, excluding))]
    monkeypatch.setattr(search_blocks, "fastest_product", lambda: products.PRODUCTS[product])
    monkeypatch.setattr(search_blocks.OnCpu, "entries", 192)
    monkeypatch.setattr(search_blocks.OnCpu, "queries", 37)
    other = search(bank, threads=threads)
    assert [digits(other.distances(queries)), digits(other.distances(queries, excluding))] == expected


def test_products_wrong_within_their_error_bound_do_not_change_a_bit(bank, queries, monkeypatch):
    near = np.concatenate([queries, bank[:200] + np.float32(1e-4)])
    expected = digits(search(bank).distances(near))
    rng = np.random.default_rng(0)

    def disturbed(left, right, out):
        products.by_numpy(left, right, out)
        channels = left.shape[1] - 1
        norms = [(side[:, :channels].astype(np.float64) ** 2).sum(axis=1) for side in (left / 2, right)]
        error = 0.9 * relative_error(channels) * (norms[0][:, None] + norms[1])
        out += (error * rng.uniform(-1, 1, out.shape)).astype(np.float32)

    monkeypatch.setattr(search_blocks, "fastest_product", lambda: disturbed)
    assert digits(search(bank).distances(near)) == expected


@pytest.mark.parametrize("waiting", [1, 1 << 18])
def test_many_equal_entries_are_all_measured_in_bounded_memory(bank, monkeypatch, waiting):
    monkeypatch.setattr(exact_search, "_WAITING", waiting)
    monkeypatch.setattr(exact_search, "_VALUES", 1000)
    copies = np.repeat(bank[:3], 700, axis=0)
    queries = bank[100:140]
    np.testing.assert_array_equal(search(copies).distances(queries), search(bank[:3].copy()).distances(queries))


def test_an_entry_far_from_all_others_does_not_blur_their_distances(bank, queries):
    with_outlier = np.concatenate([bank, np.full((1, 40), 1e9, np.float32)])
    np.testing.assert_allclose(search(with_outlier).distances(queries), nearest(queries, bank), rtol=1e-6)


@pytest.mark.parametrize("size", [1e18, 1e30])
def test_values_whose_squares_overflow_float32_are_measured_in_float64(bank, queries, size):
    large = (bank * size).astype(np.float32)
    own = (queries * size).astype(np.float32)
    excluding = np.arange(len(bank)) % 3 == 0
    np.testing.assert_allclose(search(large).distances(own), nearest(own, large), rtol=1e-6)
    np.testing.assert_allclose(search(large).distances(own, excluding), nearest(own, large[~excluding]), rtol=1e-6)
    mixed = np.concatenate([queries[:3], own[:3]])
    np.testing.assert_allclose(search(bank).distances(mixed), nearest(mixed, bank), rtol=1e-6)


def test_the_search_of_a_gpu_gives_the_bits_of_a_cpu(bank, queries, monkeypatch):
    # Torch's own operations, which a GPU runs too; on one it was never run.
    excluding = np.arange(len(bank)) % 7 == 0
    whole = search(bank)
    monkeypatch.setattr(exact_search, "blocks_for", lambda device: search_blocks.OnGpu("cpu"))
    other = search(bank)
    assert digits(other.distances(queries)) == digits(whole.distances(queries))
    assert digits(other.distances(queries, excluding)) == digits(whole.distances(queries, excluding))


@pytest.mark.parametrize("kernels", ["Haswell", "Sandybridge", "Nehalem"])
def test_the_kernels_that_openblas_takes_do_not_change_a_bit(kernels):
    code = (
        "import hashlib, numpy as np; from fundus_anomaly.neighbours.search import NearestNeighbours; "
        "from fundus_anomaly.neighbours import search_blocks, products; "
        "search_blocks.fastest_product = lambda: products.by_numpy; "
        "draw = np.random.default_rng(0).standard_normal; "
        "bank, queries = (draw((rows, 152)).astype(np.float32) + 3 for rows in (1500, 300)); "
        "search = NearestNeighbours(bank, method='flat', device='cpu', threads=2); "
        "print(hashlib.sha256(search.distances(queries).tobytes()).hexdigest(), products.kernels())"
    )
    environment = os.environ | {"OPENBLAS_CORETYPE": kernels, "PYTHONPATH": str(SOURCES)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    found, used = done.stdout.split(" ", 1)
    assert f"{kernels} in numpy" in used
    draw = np.random.default_rng(0).standard_normal
    bank, queries = (draw((rows, 152)).astype(np.float32) + 3 for rows in (1500, 300))
    assert found == hashlib.sha256(digits(search(bank).distances(queries))).hexdigest()


def test_an_inverted_file_with_all_cells_searched_is_exact_and_with_few_says_its_recall(bank, queries):
    exact = search(bank).distances(queries)
    whole = search(bank, method="ivf", lists=30, probes=30)
    few = search(bank, method="ivf", lists=30, probes=2)
    np.testing.assert_allclose(whole.distances(queries), exact, rtol=1e-5)
    assert whole.recall(queries) == 1
    assert (few.distances(queries) >= exact * (1 - 1e-5)).all()
    assert few.recall(queries) == pytest.approx(np.mean(few.distances(queries) <= exact * (1 + 1e-5)))
    assert 0.05 < few.recall(queries) < 0.95


def test_an_inverted_file_leaves_entries_out_too(bank, queries):
    excluding = np.arange(len(bank)) % 3 == 0
    distance = search(bank, method="ivf", lists=30, probes=30).distances(queries, excluding)
    np.testing.assert_allclose(distance, nearest(queries, bank[~excluding]), rtol=1e-5)


def test_where_all_searched_cells_are_empty_the_whole_bank_is_gone_through():
    # Two far clouds are two cells; without the near one's entries, its cell is empty.
    cloud = np.random.default_rng(0).standard_normal((200, 8)).astype(np.float32)
    bank = np.concatenate([cloud, cloud + 1000])
    neighbours = search(bank, method="ivf", lists=2, probes=1)
    queries = cloud[:50] + np.float32(0.25)
    distance = neighbours.distances(queries, np.arange(400) < 200)
    np.testing.assert_allclose(distance, nearest(queries, bank[200:]), rtol=1e-6)


def test_a_bank_of_one_entry_and_no_queries_work():
    bank = np.ones((1, 3), np.float32)
    np.testing.assert_allclose(search(bank).distances(np.zeros((2, 3), np.float32)), np.sqrt(3))
    assert search(bank).distances(np.zeros((0, 3), np.float32)).shape == (0,)


def test_a_bank_that_cannot_be_used_is_refused_with_all_its_problems(bank):
    for wrong, told in (
        ({"bank": bank.astype(np.float64)}, "C-contiguous, not .* float64"),
        ({"bank": bank.T}, "C-contiguous"),
        ({"method": "tree"}, "'flat' or 'ivf', not 'tree'"),
        ({"device": "abacus"}, "'cpu' or 'cuda', not 'abacus'"),
    ):
        with pytest.raises(ValueError, match=told) as mistake:
            NearestNeighbours(**{"bank": bank, "method": "flat", "device": "cpu", "memory": 1} | wrong)
        # Whoever calls it has to change the call: nothing that a user's file or key could mend.
        assert not isinstance(mistake.value, InputError)
    with pytest.raises(InputError) as error:
        search(bank, method="ivf", lists=3001, probes=0)
    assert len(error.value.problems) == 2
    bank[7] = np.nan
    with pytest.raises(InputError, match="NaN"):
        search(bank)


@pytest.mark.parametrize(
    ("queries", "excluding", "error"),
    [
        (np.zeros((2, 39), np.float32), None, ValueError),
        (np.full((2, 40), np.nan, np.float32), None, InputError),
        (np.zeros((2, 40), np.float32), np.ones(3000, bool), InputError),
        (np.zeros((2, 40), np.float32), np.zeros(3000, np.int64), ValueError),
    ],
    ids=["channels", "NaN", "everything left out", "not a mask"],
)
def test_queries_that_cannot_be_scored_are_refused(bank, queries, excluding, error):
    with pytest.raises(error):
        search(bank).distances(queries, excluding)
