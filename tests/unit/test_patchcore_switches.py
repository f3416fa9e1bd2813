"""PatchCore's three switches: the re-weighted image score, smoothed maps, and features of a fixed length."""

import copy
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
import torch
import torch.nn.functional as F
import yaml

from fundus_anomaly.errors import InputError
from fundus_anomaly.files.hdf5 import write_ids
from fundus_anomaly.methods.resad.adaptive_pooling import adaptively_pooled
from fundus_anomaly.methods.resad.resc import pooled
from fundus_anomaly.methods.resad.reweighted import reweighted_score
from fundus_anomaly.methods.resad.scored_maps import score_images
from fundus_anomaly.neighbours.search import NearestNeighbours
from fundus_anomaly.plan.patchcore_rows import expand, pooling
from fundus_anomaly.report.tables.compared import patchcore_notes
from fundus_anomaly.scoring.contract import FieldsOfView
from fundus_anomaly.scoring.map_files import map_of, smoothing_of
from fundus_anomaly.scoring.maps import anomaly_map
from support.configuration import combined
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_schema(ROOT / "workflow/schemas/config.schema.yaml")
OPTIONS = {"top_quantile": 0.99, "smoothing": 0.01, "field_of_view_only": False}
NO_ANOMALIB = "anomalib is not installed; it is no dependency"


def bank(entries=200, channels=6, seed=0):
    return np.random.default_rng(seed).normal(size=(entries, channels)).astype(np.float32)


def as_printed(query, entries, neighbours):
    """Return eq. 7 word by word."""
    distances = np.linalg.norm(entries.astype(float) - query, axis=1)
    nearest = entries[distances.argmin()]
    around = np.linalg.norm(entries.astype(float) - nearest, axis=1).argsort(kind="stable")[:neighbours]
    return (1 - np.exp(distances.min()) / np.exp(distances[around]).sum()) * distances.min()


@pytest.mark.parametrize("neighbours", [2, 3, 9])
def test_the_score_is_that_of_the_paper(neighbours):
    for query in bank(20, seed=1):
        assert reweighted_score(query, bank(), neighbours) == pytest.approx(as_printed(query, bank(), neighbours))


def test_at_equal_distances_the_weight_is_one_less_the_share_of_one():
    entries = np.eye(5, dtype=np.float32)
    query = np.zeros(5, np.float32)
    for neighbours in (2, 3, 5):
        assert reweighted_score(query, entries, neighbours) == pytest.approx(1 - 1 / neighbours)


def test_one_neighbour_would_weigh_every_image_with_nothing_and_is_a_callers_mistake():
    with pytest.raises(ValueError, match="at least 2 of 2"):
        reweighted_score(np.zeros(6, np.float32), bank(), 1)
    with pytest.raises(ValueError, match="9 neighbours of 1 entries"):
        reweighted_score(np.zeros(6, np.float32), bank(1), 9)


def test_without_neighbours_it_is_the_distance_to_the_nearest_entry():
    query = np.full(6, 3, np.float32)
    distances = np.linalg.norm(bank() - query, axis=1)
    assert reweighted_score(query, bank(), 0) == pytest.approx(distances.min())


def test_distances_whose_exponentials_overflow_have_a_score():
    query = np.full(6, 1e4, np.float32)
    score = reweighted_score(query, bank(), 9)
    assert 0 < score < np.linalg.norm(bank() - query, axis=1).min()


def test_entries_that_are_left_out_take_no_part():
    excluding = np.zeros(200, bool)
    excluding[::3] = True
    query = np.full(6, 1, np.float32)
    expected = reweighted_score(query, bank()[~excluding], 9)
    assert reweighted_score(query, bank(), 9, excluding) == pytest.approx(expected)


def test_images_keep_the_order_of_the_maximum_where_the_weights_agree():
    entries = np.concatenate([np.eye(4, dtype=np.float32) * 0.01] * 3)
    queries = [np.full(4, value, np.float32) for value in (1, 5, 2, 9)]
    plain, weighed = ([reweighted_score(query, entries, b) for query in queries] for b in (0, 9))
    assert np.argsort(plain).tolist() == np.argsort(weighed).tolist() == [0, 2, 1, 3]


def scored(tmp_path, switches, name):
    features = bank(3 * 16, seed=4).reshape(3, 4, 4, 6)
    with h5py.File(tmp_path / f"{name}.in.h5", "w") as given, h5py.File(tmp_path / f"{name}.h5", "w") as file:
        given["feature"], given["field_of_view"] = features, np.ones((3, 32, 32), np.uint8)
        write_ids(given, list("abc"))
        neighbours = NearestNeighbours(bank(), method="flat", device="cpu", memory=10**8)
        settings = {"image_size": (32, 32), "displacement": (0, 0), "options": OPTIONS, "switches": switches}
        table = score_images(given["feature"], list("abc"), range(3), FieldsOfView(given), neighbours, file, **settings)
        maps = np.stack([map_of(file, number) for number in range(3)])
        return table, maps, dict(file.attrs), file["distance"][:], features


def test_without_switches_nothing_changes(tmp_path):
    plain, maps, attributes, distance, _ = scored(tmp_path, {}, "plain")
    assert "own" not in plain and "smoothing" not in attributes
    assert all(np.array_equal(map_, anomaly_map(one, (32, 32))) for map_, one in zip(maps, distance, strict=True))
    switched = scored(tmp_path, {"neighbours": 9, "map_smoothing": 0.05}, "switched")
    assert np.array_equal(switched[3], distance)


def test_switched_scores_and_maps_are_those_of_their_functions(tmp_path):
    plain, maps, *_ = scored(tmp_path, {}, "plain")
    table, smoothed, attributes, distance, features = scored(
        tmp_path, {"neighbours": 9, "map_smoothing": 0.05, "length": 0}, "switched"
    )
    assert attributes["smoothing"] == 0.05
    for number in range(3):
        farthest = features[number].reshape(16, 6)[distance[number].argmax()]
        assert table["own"][number] == pytest.approx(as_printed(farthest, bank(), 9))
        assert np.array_equal(smoothed[number], cv2.GaussianBlur(maps[number], (0, 0), 0.05 * 32))
        assert table["maximum"][number] == smoothed[number].max() < plain["maximum"][number]
    only_smoothed, *_ = scored(tmp_path, {"map_smoothing": 0.05}, "smoothed")
    assert np.allclose(only_smoothed["own"], distance.max((1, 2)))


@pytest.mark.parametrize("value", [-0.1, 2.0, np.nan, "0.1", (0.1, 0.1)])
def test_a_smoothing_that_is_none_is_refused(tmp_path, value):
    with h5py.File(tmp_path / "maps.h5", "w") as file:
        file.attrs["smoothing"] = value
        with pytest.raises(InputError, match="attribute 'smoothing'"):
            smoothing_of(file)


def test_features_of_the_length_of_level_3_are_means_over_neighbourhoods_and_pairs():
    torch.manual_seed(0)
    level2, level3 = torch.randn(6, 6, 4), torch.randn(3, 3, 8)
    found = adaptively_pooled(level2, level3, 3, 8)
    assert found.shape == (6, 6, 8)
    # 3×3 values of 8 channels to 8 numbers: the mean of each channel. Half of the result are means of pairs of them.
    upscaled = F.interpolate(pooled(level3, 3).permute(2, 0, 1)[None], (6, 6), mode="bilinear")[0].permute(1, 2, 0)
    assert torch.allclose(found[..., 4:], upscaled.reshape(6, 6, 4, 2).mean(-1), atol=1e-6)
    # 9 values of 4 channels to 8 numbers: bins of 4.5, each the mean of the 5 values that it touches.
    padded = F.pad(level2, (0, 0, 1, 1, 1, 1))
    values = padded[2:5, 3:6].permute(2, 0, 1).reshape(36)
    bins = [values[36 * n // 8 : -(-36 * (n + 1) // 8)].mean() for n in range(8)]
    assert torch.allclose(found[2, 3, :4], torch.stack(bins).reshape(4, 2).mean(-1), atol=1e-6)


def configured(rows):
    config = copy.deepcopy(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")))
    config["patchcore"]["rows"] = rows
    return combined([("test", config)], SCHEMA)[0]


def test_a_row_has_the_bank_of_the_row_beside_resad_unless_its_features_differ():
    first, second = expand(
        configured([{"name": "a", "neighbours": 9, "map_smoothing": 0.018}, {"name": "b", "length": 1024}]), []
    )
    assert first["key"] == "neighbours~9,map_smoothing~0.018"
    assert first["settings"] == {"length": 0, "neighbours": 9, "map_smoothing": 0.018}
    assert (first["variant"]["variant"], first["variant"]["pool"]) == ("PatchCore", 3)
    assert second["variant"] == first["variant"] | {"pool": "3-1024"}
    assert pooling(second["variant"]["pool"]) == {"pool": 3, "length": 1024}
    assert pooling("3") == {"pool": 3, "length": 0}


@pytest.mark.parametrize("name", ["PatchCore", "twice"])
def test_two_rows_of_one_name_are_refused(name):
    with pytest.raises(InputError, match=rf"patchcore\.rows: found '{name}' more than once"):
        expand(configured([{"name": name, "neighbours": 9}, {"name": "twice", "length": 5}] * 2), ["PatchCore"])


@pytest.mark.parametrize(
    "row", [{"neighbours": 1}, {"neighbours": 0}, {"length": 0}, {"map_smoothing": 0}, {"smoothing": 4}]
)
def test_a_switch_out_of_its_range_is_an_error_with_its_place(row):
    with pytest.raises(InputError, match=r"patchcore\.rows\[0\]"):
        configured([{"name": "x"} | row])


def test_the_table_says_what_each_row_does():
    rows = expand(configured([{"name": "a", "neighbours": 9}, {"name": "b", "length": 1024, "map_smoothing": 0.1}]), [])
    first, second = patchcore_notes(rows)
    assert first == "a: PatchCore with the re-weighted image score, 9 entries around the nearest."
    assert "1024 numbers" in second and "σ = 10.00% of their side" in second and "largest distance" in second


def anomalibs():
    """Return anomalib's PatchCore, its own bank ours."""
    module = pytest.importorskip("anomalib.models.image.patchcore.torch_model", reason=NO_ANOMALIB)
    model = module.PatchcoreModel(layers=["layer1"], backbone="resnet18", pre_trained=False, num_neighbors=9)
    model.memory_bank = torch.from_numpy(bank())
    return model.eval()


def test_anomalib_has_the_same_image_score():
    model = anomalibs()
    features = torch.from_numpy(bank(3 * 16, seed=4))
    distances, places = model.nearest_neighbors(features, n_neighbors=1)
    found = model.compute_anomaly_score(distances.reshape(3, -1), places.reshape(3, -1), features)
    for number, part in enumerate(features.numpy().reshape(3, 16, 6)):
        own = NearestNeighbours(bank(), method="flat", device="cpu", memory=10**8).distances(part)
        assert reweighted_score(part[own.argmax()], bank(), 9) == pytest.approx(float(found[number]), rel=1e-4)


def test_anomalib_smooths_maps_alike():
    module = pytest.importorskip("anomalib.models.image.patchcore.anomaly_map", reason=NO_ANOMALIB)
    map_ = torch.rand(1, 1, 224, 224)
    found = module.AnomalyMapGenerator(sigma=4).compute_anomaly_map(map_)
    ours = anomaly_map(map_[0, 0].numpy(), (224, 224), smoothing=4 / 224)
    np.testing.assert_allclose(found[0, 0].numpy(), ours, atol=2e-3)
