"""What the greedy coreset promises: the plain algorithm's choice in float64, whatever the way to it."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from fundus_anomaly.errors import InputError
from fundus_anomaly.neighbours import coreset_rounds, exact_distances, products
from fundus_anomaly.neighbours.coreset import select

SOURCES = Path(__file__).resolve().parents[2] / "src"


def choose(points, count, **more):
    return select(points, count, **({"device": "cpu", "threads": 1, "memory": 2**26} | more))


def plain_greedy(points, count):
    """Sener & Savarese's algorithm 1 in float64, one pass over the points for each choice."""
    points = points.astype(np.float64)
    farthest = int(np.argmax(((points - points.mean(axis=0)) ** 2).sum(axis=1)))
    squared = np.full(len(points), np.inf)
    index, radius = [], []
    for _ in range(count):
        index.append(farthest)
        radius.append(squared[farthest])
        squared = np.minimum(squared, ((points - points[farthest]) ** 2).sum(axis=1))
        squared[index] = -1
        farthest = int(squared.argmax())
    return np.array(index), np.sqrt(radius), np.sqrt(max(squared.max(), 0))


def clustered(count=4000, channels=24, seed=0):
    """Clusters of very different width far from the origin, as features after a ReLU are."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((40, channels)) * 5 + 30
    width = 10.0 ** rng.uniform(-3, 0.3, 40)
    cluster = rng.integers(0, 40, count)
    return (centres[cluster] + width[cluster, None] * rng.standard_normal((count, channels))).astype(np.float32)


def noise(count=3000, channels=16, seed=0):
    return np.random.default_rng(seed).standard_normal((count, channels)).astype(np.float32)


def grid():
    """Integer points: most distances are tied, and most points have a duplicate."""
    return np.random.default_rng(0).integers(0, 4, (1500, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("points", "count"),
    [(noise(), 900), (clustered(), 1200), (grid(), 1500), (noise(300, 1), 300), (noise(500) * 1e-12, 200)],
    ids=["noise", "clusters of all widths", "ties and duplicates, all chosen", "one channel", "tiny values"],
)
def test_the_selection_is_that_of_plain_greedy_in_float64_in_the_same_order(points, count):
    index, radius, covering = plain_greedy(points, count)
    selection = choose(points, count)
    np.testing.assert_array_equal(selection.index, index)
    np.testing.assert_allclose(selection.radius, radius, rtol=1e-6)
    assert selection.covering_radius == pytest.approx(covering, rel=1e-12)
    assert selection.index.dtype == np.int64
    assert selection.radius.dtype == np.float32


def test_the_first_choice_is_the_point_farthest_from_the_mean_and_has_no_radius():
    points = noise()
    selection = choose(points, 1)
    assert selection.index[0] == np.argmax(np.linalg.norm(points - points.mean(axis=0), axis=1))
    assert selection.radius[0] == np.inf


def test_equal_points_are_each_chosen_once_in_order():
    selection = choose(np.ones((50, 4), np.float32), 50)
    np.testing.assert_array_equal(selection.index, np.arange(50))
    assert selection.covering_radius == 0


def test_every_point_lies_within_the_covering_radius_and_the_radii_never_grow():
    points = clustered()
    selection = choose(points, 400)
    distance = cdist(points.astype(np.float64), points[selection.index].astype(np.float64)).min(axis=1)
    assert distance.max() == pytest.approx(selection.covering_radius, rel=1e-12)
    assert (np.diff(selection.radius[1:]) <= 0).all()
    assert selection.covering_radius <= selection.radius[-1]


def test_a_smaller_coreset_is_the_beginning_of_a_larger_one():
    points = clustered()
    np.testing.assert_array_equal(choose(points, 100).index, choose(points, 700).index[:100])


def test_points_may_lie_in_hdf5_or_in_a_memory_map_larger_than_the_memory(tmp_path):
    points = clustered().astype(np.float16)
    expected = choose(points.astype(np.float32), 300)
    with h5py.File(tmp_path / "points.h5", "w") as file:
        file["points"] = points
        for memory in (2**26, 2**12):
            np.testing.assert_array_equal(
                choose(file["points"], 300, memory=memory, scratch=tmp_path).index, expected.index
            )
    mapped = np.memmap(tmp_path / "points.raw", np.float32, "w+", shape=points.shape)
    mapped[:] = points
    np.testing.assert_array_equal(choose(mapped, 300, memory=2**12).index, expected.index)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["points.h5", "points.raw"]


def test_neither_threads_nor_block_sizes_change_the_result(monkeypatch):
    points = clustered()
    expected = choose(points, 600)
    monkeypatch.setattr(coreset_rounds, "_ROWS", 100)
    monkeypatch.setattr(coreset_rounds, "_COLUMNS", 37)
    monkeypatch.setattr(coreset_rounds, "_CANDIDATES", 50)
    selection = choose(points, 600, threads=3)
    np.testing.assert_array_equal(selection.index, expected.index)
    np.testing.assert_array_equal(selection.radius, expected.radius)


@pytest.mark.parametrize("product", ["numpy", "torch"])
def test_the_library_that_multiplies_does_not_change_the_result(monkeypatch, product):
    expected = choose(clustered(), 600)
    monkeypatch.setattr(exact_distances, "fastest_product", lambda: products.PRODUCTS[product])
    selection = choose(clustered(), 600, threads=2)
    np.testing.assert_array_equal(selection.index, expected.index)
    np.testing.assert_array_equal(selection.radius, expected.radius)


def test_float32_products_wrong_within_their_error_bound_do_not_change_the_result(monkeypatch):
    points, exact_lower = clustered(), exact_distances.lower
    expected = choose(points, 300)
    rng = np.random.default_rng(0)

    def disturbed(points, centres, device):
        error = 0.9 * exact_distances.relative_error(points.channels) * (points.norm[:, None] + centres.norm)
        return exact_lower(points, centres, device) + (error * rng.uniform(-1, 1, error.shape)).astype(np.float32)

    for module in (exact_distances, coreset_rounds):
        monkeypatch.setattr(module, "lower", disturbed)
    np.testing.assert_array_equal(choose(points, 300).index, expected.index)


def test_most_distances_are_never_computed(monkeypatch):
    points, count, pairs = noise(6000, 6), 600, 0
    approach = coreset_rounds.approach

    def counted(squared, points, centres, device):
        nonlocal pairs
        pairs += len(points) * len(centres)
        return approach(squared, points, centres, device)

    monkeypatch.setattr(coreset_rounds, "_COLUMNS", 32)
    monkeypatch.setattr(coreset_rounds, "approach", counted)
    choose(points, count)
    assert 0 < pairs < 0.6 * len(points) * count


def test_unusable_values_are_refused_with_their_rows():
    points = noise(20000, 4)
    points[3, 1], points[19999, 0] = np.nan, np.inf
    with pytest.raises(InputError, match=r"2 rows \(3, 19999\)"):
        choose(points, 10)


@pytest.mark.parametrize("points", [np.zeros((3, 2)), np.zeros((3, 2, 2), np.float32), np.zeros((0, 2), np.float32)])
def test_points_of_another_shape_or_type_are_refused(points):
    with pytest.raises(InputError):
        choose(points, 1)


@pytest.mark.parametrize("count", [0, 21])
def test_a_count_outside_the_points_is_refused(count):
    with pytest.raises(InputError, match="1 to 20"):
        choose(noise(20), count)


def test_a_checkpoint_of_other_points_or_another_count_is_refused_and_replaced(tmp_path, caplog):
    checkpoint = tmp_path / "coreset.h5"
    choose(noise(seed=1), 200, checkpoint=checkpoint, checkpoint_seconds=0)
    for points, count in ((noise(seed=2), 200), (noise(seed=2), 300)):
        caplog.clear()
        selection = choose(points, count, checkpoint=checkpoint, checkpoint_seconds=0)
        assert "starts again" in caplog.text
        np.testing.assert_array_equal(selection.index, choose(points, count).index)


def test_a_truncated_checkpoint_is_not_used(tmp_path, caplog):
    checkpoint = tmp_path / "coreset.h5"
    expected = choose(noise(), 200, checkpoint=checkpoint, checkpoint_seconds=0)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    assert choose(noise(), 200, checkpoint=checkpoint).index.tolist() == expected.index.tolist()
    assert "starts again" in caplog.text


def test_a_run_killed_and_started_again_gives_the_undisturbed_result_to_the_last_bit(tmp_path, caplog):
    points, checkpoint = noise(8000, 32), tmp_path / "coreset.h5"
    np.save(tmp_path / "points.npy", points)
    code = (
        "import sys, pathlib, numpy as np; from fundus_anomaly.neighbours.coreset import select; "
        "select(np.load(sys.argv[1]), 4000, device='cpu', threads=1, memory=1, "
        "checkpoint=pathlib.Path(sys.argv[2]), checkpoint_seconds=0.0)"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "points.npy"), str(checkpoint)],
        env=os.environ | {"PYTHONPATH": str(SOURCES)},
    )
    while not checkpoint.exists() and worker.poll() is None:
        time.sleep(0.001)
    worker.send_signal(signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL
    with h5py.File(checkpoint) as file:
        chosen = file["index"].size
    assert 0 < chosen < 4000
    with caplog.at_level(logging.INFO):
        resumed = choose(points, 4000, checkpoint=checkpoint)
    assert f"{chosen} of 4000 points chosen" in caplog.text
    undisturbed = choose(points, 4000)
    assert resumed.index.tobytes() == undisturbed.index.tobytes()
    assert resumed.radius.tobytes() == undisturbed.radius.tobytes()
    assert resumed.covering_radius == undisturbed.covering_radius
