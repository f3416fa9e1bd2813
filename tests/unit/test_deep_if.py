"""Deep-IF: an isolation forest on pooled features, kept without a pickle."""

import numpy as np
import pytest
import torch
from sample_photographs import ArrayPhotographs, discs, spotted
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.deep_if import METHOD, Settings, pooled
from fundus_anomaly.methods.detector_file import read_detector, write_detector
from fundus_anomaly.methods.interface import Network, Work
from fundus_anomaly.networks.interface import load

SIDE = 64


def fitted(network, seed=3, held_out=2):
    normals, others = (ArrayPhotographs(discs(count, SIDE, of)) for count, of in ((24, 0), (held_out, 8)))
    return METHOD.fit(normals, others, Settings(), Work(seed=seed), backbone=network)


@pytest.fixture(scope="module")
def detector(lite0):
    return fitted(lite0).detector


def scores(detector, images):
    return detector.score(images, np.ones(images.shape[:3], bool))


def test_its_score_is_scikit_learns_on_the_means_of_both_levels(lite0, detector):
    network = load(lite0.name, lite0.weights, device="cpu", precision="float32", threads=1, onnx={})
    levels = network.levels(torch.from_numpy(discs(1, SIDE)))
    expected = np.concatenate([level.numpy().mean((1, 2)) for level in levels], 1)
    assert np.allclose(pooled(network, discs(1, SIDE)), expected, rtol=1e-4, atol=1e-5)
    features = detector.state()["features"].numpy()
    assert features.shape == (24, 40 + 112)
    forest = IsolationForest(n_estimators=100, random_state=3).fit(features)
    found = scores(detector, spotted(3))
    assert np.array_equal(found.own, -forest.score_samples(pooled(network, spotted(3))))
    assert found.own.dtype == np.float64 and found.maps is None


def test_spotted_photographs_are_set_apart_from_plain_ones(detector):
    plain, abnormal = scores(detector, discs(20, SIDE, seed=7)).own, scores(detector, spotted(20)).own
    assert roc_auc_score([0] * 20 + [1] * 20, np.concatenate([plain, abnormal])) > 0.9


def test_nothing_depends_on_the_photographs_beside_one(detector):
    images = spotted(4)
    together = scores(detector, images).own
    alone = [scores(detector, images[at : at + 1]).own[0] for at in range(4)]
    assert together.tolist() == alone


def test_the_held_out_teach_nothing_and_the_seed_counts(lite0, detector):
    others, other = fitted(lite0, held_out=7).detector, fitted(lite0, seed=4).detector
    images = spotted(4)
    assert np.array_equal(others.state()["features"], detector.state()["features"])
    assert np.array_equal(scores(others, images).own, scores(detector, images).own)
    assert not np.array_equal(scores(other, images).own, scores(detector, images).own)


def test_a_detector_read_from_its_file_gives_the_same_bits(detector, tmp_path):
    path = tmp_path / "detector.safetensors"
    write_detector(path, "deep_if", Settings(), SIDE, detector)
    again, side = read_detector(path, Work())
    assert side == SIDE
    assert np.array_equal(scores(again, spotted(4)).own, scores(detector, spotted(4)).own)


def test_a_users_graph_is_refused_in_words(tmp_path):
    with pytest.raises(InputError, match=r"backbone\.name: found 'onnx'.*deep_if"):
        fitted(Network("onnx", tmp_path / "graph.onnx"))


@pytest.mark.parametrize("damage", [lambda one: one[0], lambda one: one * float("nan"), lambda one: one.double()])
def test_features_that_are_none_are_refused(detector, damage):
    state = dict(detector.state())
    state["features"] = damage(state["features"])
    with pytest.raises(InputError, match="deep_if: found features of shape"):
        METHOD.read(state, SIDE, Settings(), Work())
