"""The supervised classifier: LesionPaste's own network and first weights, on photographs with labels."""

import math

import numpy as np
import pytest
import torch
from method_checks import assert_same, stopped_and_resumed
from sample_photographs import ArrayPhotographs, discs, spotted
from sklearn.metrics import roc_auc_score

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.detector_file import read_detector, write_detector
from fundus_anomaly.methods.interface import Abnormal, Work
from fundus_anomaly.methods.supervised import METHOD, Settings, batches, order
from fundus_anomaly.networks.classifier import build
from fundus_anomaly.seeds import digest
from fundus_anomaly.training.classification import Classification, Schedule

SIDE = 64
TINY = Settings(epochs=2, batch=4, learning_rate=0.003, clip=1.0)


@pytest.fixture
def fitted(lite0, tmp_path):
    """Return a function that fits to plain discs and such with bright squares."""

    def fit(settings=TINY, seed=3, counts=(6, 3), held_out=(2, 2), name="checkpoint"):
        normals, abnormal = ArrayPhotographs(discs(counts[0], SIDE)), ArrayPhotographs(spotted(counts[1], 6))
        others, aside = ArrayPhotographs(discs(held_out[0], SIDE, 8)), ArrayPhotographs(spotted(held_out[1], 7))
        work = Work("cpu", seed, tmp_path / f"{name}.{seed}", "key")
        return METHOD.fit(normals, others, settings, work, abnormal=Abnormal(abnormal, aside), network=lite0)

    return fit


def test_its_first_weights_are_those_of_lesionpastes_classifier_and_its_first_loss_ln_2(lite0, monkeypatch, tmp_path):
    caught = []
    monkeypatch.setattr(Classification, "epoch", lambda self, number, shown: {"loss": caught.append(self) or 1.0})
    two = ArrayPhotographs(discs(2, SIDE))
    work = Work("cpu", 3, tmp_path / "a", "k")
    METHOD.fit(two, two, Settings(epochs=1), work, abnormal=Abnormal(two, two), network=lite0)
    ours = caught[0].modules["classifier"]
    # As methods/lesionpaste/fitting.py builds it.
    options = {"head": "full", "mean": Settings().mean, "std": Settings().std, "seed": digest(3, "head") % 2**63}
    theirs = build(lite0.name, lite0.weights, **options)
    assert all(torch.equal(one, theirs.state_dict()[name]) for name, one in ours.state_dict().items())
    with torch.inference_mode():
        logits = ours.eval()(torch.from_numpy(spotted(8)))
    loss = torch.nn.functional.cross_entropy(logits, torch.arange(8) % 2).item()
    assert loss == pytest.approx(math.log(2), abs=0.1)


def test_it_is_trained_as_the_paper_trains_its_classifier(fitted, monkeypatch):
    caught, plain = [], Classification.__init__

    def init(self, classifier, schedule, *arguments, **options):
        caught.append((schedule, options["steps"]))
        plain(self, classifier, schedule, *arguments, **options)

    monkeypatch.setattr(Classification, "__init__", init)
    monkeypatch.setattr(Classification, "epoch", lambda self, number, shown: {"loss": 1.0})
    fitted(Settings())
    assert caught == [(Schedule(50, 0.001, 0.9, 3e-5, 0.0), 1)]


def test_each_photograph_is_taken_once_in_an_epoch_or_both_classes_as_often():
    once = order((6, 3), False, 0, 1)
    assert sorted(map(tuple, once.tolist())) == [(0, n) for n in range(6)] + [(1, n) for n in range(3)]
    even = order((6, 3), True, 0, 1)
    assert sorted(map(tuple, even.tolist())) == [(0, n) for n in range(6)] + sorted(2 * [(1, n) for n in range(3)])
    assert once.tolist() != order((6, 3), False, 1, 1).tolist()
    assert once.tolist() == order((6, 3), False, 0, 1).tolist() != order((6, 3), False, 0, 2).tolist()


def test_batches_hold_the_photographs_with_their_classes():
    sides = ArrayPhotographs(discs(3, SIDE)), ArrayPhotographs(spotted(2))
    found = list(batches(sides, np.array([[1, 1], [0, 2], [1, 0], [0, 0], [0, 1]]), 2))
    assert [labels.tolist() for _, labels in found] == [[0, 1], [0, 1], [0]]
    assert np.array_equal(found[0][0].numpy(), np.stack([sides[0].array[2], sides[1].array[1]]))
    assert np.array_equal(found[2][0].numpy(), sides[0].array[1:2])


def test_the_best_epoch_is_chosen_by_held_out_photographs_of_both_classes(fitted, monkeypatch):
    history = fitted().history
    assert set(history[0]) == {"epoch", "loss", "validation_loss", "validation_auc", "learning_rate"}
    assert set(fitted(held_out=(2, 0), name="alone").history[0]) == {"epoch", "loss", "learning_rate"}

    def epoch(self, number, shown):
        torch.nn.init.constant_(self.modules["classifier"].network.classifier.bias, number)
        return {"loss": 1.0, "validation_loss": 1.0, "validation_auc": [0.5, 0.9, 0.7][number]}

    monkeypatch.setattr(Classification, "epoch", epoch)
    kept = fitted(Settings(epochs=3), name="chosen").detector.state()
    assert kept["network.classifier.bias"].tolist() == [1, 1]


def test_unseen_spotted_photographs_are_told_from_plain_ones(fitted):
    settings = Settings(epochs=8, batch=4, learning_rate=0.01, clip=1.0, balanced=True)
    detector = fitted(settings, counts=(8, 5)).detector
    images = np.concatenate([discs(15, SIDE, 21), spotted(15, 22)])
    found = detector.score(images, np.ones(images.shape[:3], bool))
    assert found.maps is None
    assert roc_auc_score([0] * 15 + [1] * 15, found.own) > 0.9


def test_a_fit_that_was_stopped_goes_on_to_the_same_bytes(fitted, monkeypatch):
    assert_same(fitted(name="whole"), stopped_and_resumed(monkeypatch, Classification, 1, fitted))


def test_what_was_learned_is_read_again_and_a_batch_is_as_its_photographs_alone(fitted, tmp_path):
    detector, images = fitted().detector, spotted(3)
    path, views = tmp_path / "detector.safetensors", np.ones((3, SIDE, SIDE), bool)
    write_detector(path, "supervised", TINY, SIDE, detector)
    again, side = read_detector(path, Work())
    assert side == SIDE
    found = detector.score(images, views).own
    assert np.array_equal(again.score(images, views).own, found)
    alone = [detector.score(images[at : at + 1], views[:1]).own[0] for at in range(3)]
    np.testing.assert_allclose(alone, found, atol=1e-5)


def test_the_state_of_another_method_is_refused_in_words(fitted):
    state = dict(fitted().detector.state())
    del state["network.conv_stem.weight"]
    with pytest.raises(InputError, match=r"parameters that do not fit.*supervised"):
        METHOD.read(state, SIDE, TINY, Work())


def test_a_loss_that_is_not_finite_stops_in_words(fitted):
    with pytest.raises(InputError, match=r"methods\.supervised\.learning_rate"):
        fitted(Settings(epochs=4, batch=2, learning_rate=1e30))
