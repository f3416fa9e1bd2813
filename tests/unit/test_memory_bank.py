"""What the memory bank promises about distances to the nearest entry (ReSAD eq. 7)."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from fundus_anomaly.errors import InputError
from fundus_anomaly.neighbours import search as search_module
from fundus_anomaly.neighbours.exact_distances import relative_error
from fundus_anomaly.neighbours.search import NearestNeighbours


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
@pytest.mark.parametrize("factor", [1.5, 15.0, 17.0, 40.0])
def test_among_near_ties_the_distance_keeps_within_its_bound_and_is_exact_where_that_is_promised(channels, factor):
    queries, _ = near_ties(channels, 1.0)
    room = relative_error(channels) * 2 * float((queries.astype(np.float64) ** 2).sum(axis=1).max())
    queries, bank = near_ties(channels, np.sqrt(factor * room))
    found, least = search(bank).distances(queries).astype(np.float64), nearest(queries, bank)
    norms = (queries.astype(np.float64) ** 2).sum(axis=1) + (bank.astype(np.float64) ** 2).sum(axis=1).max()
    bound = relative_error(channels) * norms
    rounding = 1e-7
    assert (found >= least * (1 - rounding)).all()
    assert (found**2 <= (least**2 + 2 * bound) * (1 + rounding)).all()
    promised = found**2 < 16 * bound
    assert promised.any() == (factor < 16)
    np.testing.assert_allclose(found[promised], least[promised], rtol=rounding)
    # What float32 really makes of it, far below the bound.
    assert (found <= least * (1 + 1e-4)).all()


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
    neighbours.distances(queries, np.arange(len(bank)) < 2000)
    np.testing.assert_array_equal(neighbours.distances(queries), before)


def test_the_memory_given_does_not_change_the_distances(bank, queries, monkeypatch):
    whole = search(bank).distances(queries)
    blocks = []
    looked = NearestNeighbours._nearest

    def counted(self, searched, block, entries):
        blocks.append(len(block))
        return looked(self, searched, block, entries)

    monkeypatch.setattr(NearestNeighbours, "_nearest", counted)
    np.testing.assert_allclose(search(bank, memory=1).distances(queries), whole, rtol=1e-5)
    assert max(blocks) < len(queries)


def test_close_pairs_are_looked_at_in_blocks(bank, monkeypatch):
    monkeypatch.setattr(search_module, "_ENTRIES_A_BLOCK", 100)
    queries = bank + np.float32(1e-3)
    np.testing.assert_allclose(search(bank).distances(queries), nearest(queries, bank), rtol=1e-6)


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
    with pytest.raises(InputError) as error:
        NearestNeighbours(bank.astype(np.float64), method="tree", device="abacus", memory=1)
    assert len(error.value.problems) == 3
    with pytest.raises(InputError) as error:
        search(bank, method="ivf", lists=3001, probes=0)
    assert len(error.value.problems) == 2
    bank[7] = np.nan
    with pytest.raises(InputError, match="NaN"):
        search(bank)


@pytest.mark.parametrize(
    ("queries", "excluding"),
    [
        (np.zeros((2, 39), np.float32), None),
        (np.full((2, 40), np.nan, np.float32), None),
        (np.zeros((2, 40), np.float32), np.ones(3000, bool)),
        (np.zeros((2, 40), np.float32), np.zeros(3000, np.int64)),
    ],
    ids=["channels", "NaN", "everything left out", "not a mask"],
)
def test_queries_that_cannot_be_scored_are_refused(bank, queries, excluding):
    with pytest.raises(InputError):
        search(bank).distances(queries, excluding)
