"""DevNet: its network, its loss, which anomalies it sees, and what it finds of unseen ones."""

import numpy as np
import pytest
import torch
from method_checks import assert_alone_as_together, assert_same, assert_same_scores, stopped_and_resumed
from sample_photographs import ArrayPhotographs, discs, spotted
from sklearn.metrics import roc_auc_score

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.detector_file import read_detector, write_detector
from fundus_anomaly.methods.deviation import MARGIN, Deviation, deviation_loss, drawn_anomalies, rate, turned
from fundus_anomaly.methods.devnet import METHOD, Settings
from fundus_anomaly.methods.interface import Abnormal, Network, Work
from fundus_anomaly.networks.deviation import DeviationNetwork, highest_mean

SIDE = 64
TINY = Settings(anomalies=3, epochs=2, steps=2, batch=4)


@pytest.fixture
def fitted(lite0, tmp_path):
    """Return a function that fits to plain discs and three with bright squares."""

    def fit(settings=TINY, seed=3, anomalies=4, held_out=2, name="checkpoint"):
        normals, others, abnormal, aside = (
            ArrayPhotographs(images)
            for images in (discs(6, SIDE), discs(held_out, SIDE, 8), spotted(anomalies, 6), spotted(held_out, 7))
        )
        work = Work("cpu", seed, tmp_path / f"{name}.{seed}", "key")
        return METHOD.fit(normals, others, settings, work, abnormal=Abnormal(abnormal, aside), backbone=lite0)

    return fit


def test_the_papers_network_has_11_177_025_parameters():
    with torch.device("meta"):
        network = DeviationNetwork("resnet18", 0.1)
    assert sum(part.numel() for part in network.parameters()) == 11_177_025


def test_the_loss_of_two_halves_that_score_alike_is_2_and_a_half():
    halves = torch.arange(8) >= 4
    for score in (0.0, 0.7, 4.9):
        assert deviation_loss(torch.full((8,), score), halves).item() == pytest.approx(2.5)
    assert deviation_loss(torch.full((8,), 7.0), halves).item() == 3.5
    assert deviation_loss(torch.where(halves, MARGIN, 0.0), halves).item() == 0


def test_the_score_is_the_mean_of_the_highest_tenth_of_the_positions():
    scores = torch.rand(3, 49)
    assert torch.equal(highest_mean(scores, 1.0), scores.topk(49).values.mean(1))
    torch.testing.assert_close(highest_mean(scores, 1.0), scores.mean(1))
    assert torch.equal(highest_mean(scores, 0.1), scores.sort(descending=True).values[:, :4].mean(1))
    assert torch.equal(highest_mean(scores[:, :4], 0.1), scores[:, :4].max(1).values)


def test_no_score_is_below_0_and_both_sizes_count_alike(lite0):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = DeviationNetwork(lite0.name, 0.1).eval()
        images = torch.rand(4, 3, SIDE, SIDE)
    with torch.inference_mode():
        scores = network(images)
        mean, std = (torch.tensor(one).view(1, 3, 1, 1) for one in (network._mean, network._std))
        parts = []
        for seen in (images, torch.nn.functional.interpolate(images, scale_factor=0.5, mode="area")):
            positions = network.head(network.features((seen - mean) / std)[0]).flatten(1)
            parts.append(highest_mean(positions.abs(), 0.1))
    assert (scores >= 0).all() and scores.std() > 0
    torch.testing.assert_close(scores, sum(parts) / 2)


def test_training_starts_from_the_backbones_weights_and_a_head_of_the_seed(fitted):
    still = Settings(anomalies=3, epochs=1, steps=1, batch=2, learning_rate=1e-30)
    first, second = (fitted(still, seed).detector.state() for seed in (3, 4))
    assert torch.equal(first["features.conv_stem.weight"], second["features.conv_stem.weight"])
    assert not torch.equal(first["head.weight"], second["head.weight"])


def test_the_learning_rate_is_a_tenth_every_ten_epochs():
    assert [rate(2e-4, number) for number in (0, 9)] == [2e-4, 2e-4]
    assert [rate(2e-4, number) for number in (10, 49)] == pytest.approx([2e-5, 2e-8])


def test_the_anomalies_are_drawn_by_seed_and_id_alone():
    ids = [f"image/{number}" for number in range(30)]
    drawn = {ids[place] for place in drawn_anomalies(ids, 10, 1)}
    assert len(drawn) == 10
    assert {ids[::-1][place] for place in drawn_anomalies(ids[::-1], 10, 1)} == drawn
    assert {ids[place] for place in drawn_anomalies(ids, 10, 2)} != drawn


def test_fewer_anomalies_than_are_asked_for_are_an_error_that_names_the_key(fitted):
    with pytest.raises(
        InputError, match=r"labelled abnormal.*found 4;.*at least 10 to learn from \(methods\.devnet\.a"
    ):
        fitted(Settings())


def test_a_users_graph_is_refused_in_words(tmp_path):
    none = ArrayPhotographs(discs(2, SIDE))
    with pytest.raises(InputError, match=r"backbone\.name: found 'onnx'.*devnet"):
        METHOD.fit(none, none, TINY, Work(), abnormal=Abnormal(none, none), backbone=Network("onnx", tmp_path))


def test_no_more_than_the_drawn_anomalies_are_read(fitted, monkeypatch):
    read, plain = [], ArrayPhotographs.images

    def images(self, places):
        read.append((len(self), list(places)))
        return plain(self, places)

    monkeypatch.setattr(ArrayPhotographs, "images", images)
    fitted(anomalies=9)
    seen = {place for length, places in read if length == 9 for place in places}
    assert seen == set(drawn_anomalies([f"image/{number}" for number in range(9)], 3, 3))


def test_photographs_are_turned_by_any_angle_about_their_middle():
    image, random = spotted(1)[0], np.random.default_rng(0)
    several = [turned(image, random) for _ in range(3)]
    assert all(one.shape == image.shape and one[32, 32].any() for one in several)
    assert not any(np.array_equal(one, other) for one, other in zip(several, [*several[1:], image], strict=True))


def test_a_fit_that_was_stopped_goes_on_to_the_same_bytes(fitted, monkeypatch):
    whole = fitted(name="whole")
    assert set(whole.history[0]) == {"epoch", "loss", "held_out_loss", "held_out_auc"}
    assert_same(whole, stopped_and_resumed(monkeypatch, Deviation, 1, fitted))


def test_what_was_learned_is_read_again_and_a_batch_is_as_its_photographs_alone(fitted, tmp_path):
    detector, images = fitted(held_out=0).detector, spotted(3)
    path = tmp_path / "detector.safetensors"
    write_detector(path, "devnet", TINY, SIDE, detector)
    found = assert_same_scores(detector, read_detector(path, Work())[0], images)
    assert found.maps.shape == (3, SIDE, SIDE) and found.own.dtype == np.float64
    assert_alone_as_together(detector, images, rtol=1e-4, atol=1e-5)


def test_the_state_of_another_method_is_refused_in_words(fitted):
    state = {name: value for name, value in fitted().detector.state().items() if not name.startswith("head")}
    with pytest.raises(InputError, match=r"parameters that do not fit.*devnet"):
        METHOD.read(state, SIDE, TINY, Work())


def test_unseen_spotted_photographs_are_told_from_plain_ones_after_a_hundred_steps(fitted):
    settings = Settings(anomalies=10, epochs=5, steps=20, batch=8, learning_rate=1e-3)
    found = fitted(settings, anomalies=12)
    assert found.history[-1]["loss"] < found.history[0]["loss"]
    assert found.history[-1]["held_out_loss"] < found.history[0]["held_out_loss"]
    images = np.concatenate([discs(20, SIDE, 21), spotted(20, 22)])
    scores = found.detector.score(images, np.ones(images.shape[:3], bool)).own
    assert roc_auc_score([0] * 20 + [1] * 20, scores) > 0.9


def test_a_loss_that_is_not_finite_stops_in_words(fitted):
    with pytest.raises(InputError, match=r"loss of .*learning_rate"):
        fitted(Settings(anomalies=3, epochs=3, steps=3, batch=4, learning_rate=1e30))
