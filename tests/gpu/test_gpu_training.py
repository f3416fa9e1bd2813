"""What learns, learns on a GPU: finite figures, scores that the CPU gives too, the same bits after an interruption."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from fundus_anomaly.methods.interface import Work
from fundus_anomaly.networks.classifier import Classifier, empty_network
from fundus_anomaly.training.classification import Classification, Schedule
from fundus_anomaly.training.epochs import learn

# Small settings of each method that learns; whether a GPU gives the same bits in each run.
METHODS = {
    "auto_encoder": ({"code": 16, "epochs": 2, "batch": 8}, True),
    "anogan": ({"width": 4, "steps": 6, "batch": 8, "mapping_steps": 3}, True),
    "f_anogan": ({"width": 4, "generator_steps": 3, "critic_steps": 2, "encoder_steps": 4, "batch": 8}, True),
    "memae": ({"items": 50, "epochs": 2, "batch": 8}, True),
    # Their bilinear upsampling adds gradients in an order that CUDA does not fix.
    "draem": ({"reconstructive_width": 4, "discriminative_width": 4, "epochs": 2, "batch": 4}, False),
    "wdmt_net": ({"width": 4, "epochs": 2, "batch": 4}, False),
}


class Discs:
    """Photographs of discs of 64×64 pixels, each of its own shade."""

    def __init__(self, count, seed=0):
        self.ids = [f"{number:03}" for number in range(count)]
        rng = np.random.default_rng(seed)
        rows, columns = np.mgrid[:64, :64] - 31.5
        self._views = np.broadcast_to(rows**2 + columns**2 < 30**2, (count, 64, 64))
        shades = rng.integers(60, 180, (count, 1, 1, 3))
        noise = rng.integers(-10, 10, (count, 64, 64, 3))
        self._images = ((shades + noise) * self._views[..., None]).astype(np.uint8)

    def __len__(self):
        return len(self.ids)

    def images(self, places):
        return self._images[list(places)]

    def fields_of_view(self, places):
        return self._views[list(places)]


@pytest.mark.parametrize("name", METHODS)
def test_a_compared_method_learns_there_and_says_the_same_on_the_cpu(device, name, tmp_path):
    method = importlib.import_module(f"fundus_anomaly.methods.{name}").METHOD
    settings, fixed = METHODS[name]
    settings, seen, new = method.settings(**settings), Discs(16), Discs(4, seed=1)
    work = Work(device=device, seed=3, checkpoint=tmp_path / "one.pt")
    fitted = method.fit(seen, Discs(4, seed=2), settings, work)
    assert fitted.history and all(np.isfinite([*row.values()]).any() for row in fitted.history)
    again = method.fit(seen, Discs(4, seed=2), settings, replace(work, checkpoint=tmp_path / "two.pt"))
    state, other = fitted.detector.state(), again.detector.state()
    assert all(torch.isfinite(value.float()).all() for value in state.values())
    if fixed:
        assert all(torch.equal(value, other[key]) for key, value in state.items())
    places = range(len(new))
    there = fitted.detector.score(new.images(places), new.fields_of_view(places))
    on_cpu = method.read({key: value.cpu() for key, value in state.items()}, 64, settings, replace(work, device="cpu"))
    here = on_cpu.score(new.images(places), new.fields_of_view(places))
    if name != "anogan":  # Whose scores are themselves the end of a descent.
        np.testing.assert_allclose(there.own, here.own, rtol=1e-2)
        assert np.corrcoef(there.maps.ravel(), here.maps.ravel())[0, 1] > 0.999


def classifier(device, path, stop_after=None):
    torch.manual_seed(0)
    pytest.importorskip("timm", reason="timm, which builds the classifier, is not installed here")
    model = Classifier(empty_network("resnet18", "linear"), (0.5,) * 3, (0.25,) * 3)
    images = torch.from_numpy(Discs(32).images(range(32)))
    pasted = images.clone()
    pasted[:, 28:36, 28:36] = 255
    both, labels = torch.cat([images, pasted]), torch.arange(2).repeat_interleave(32)

    def training(epoch):
        if epoch == stop_after:
            raise KeyboardInterrupt
        order = torch.randperm(64, generator=torch.Generator().manual_seed(epoch))
        return [(both[part], labels[part]) for part in order.split(16)]

    learner = Classification(
        model,
        Schedule(epochs=3, learning_rate=0.02, momentum=0.9, weight_decay=5e-4),
        training,
        lambda: [(both, labels)],
        steps=4,
        images=64,
        device=device,
        precision="float32",
        remedy="",
    )
    history = learn(learner, 3, checkpoint=path, key="k", seed=0)
    return history, {key: value.cpu() for key, value in model.state_dict().items()}


def test_lesionpastes_classifier_learns_there_and_goes_on_to_the_same_bits(device, tmp_path):
    history, whole = classifier(device, tmp_path / "whole.pt")
    assert history[-1]["loss"] < history[0]["loss"] and history[-1]["validation_auc"] > 0.9
    with pytest.raises(KeyboardInterrupt):
        classifier(device, tmp_path / "stopped.pt", stop_after=2)
    resumed, state = classifier(device, tmp_path / "stopped.pt")
    assert str(resumed) == str(history)
    assert all(torch.equal(value, state[key]) for key, value in whole.items())


def test_bfloat16_trains_to_finite_figures_near_those_of_float32(device, tmp_path):
    if device == "cpu":
        pytest.skip("bfloat16 on a CPU is emulated on most of them")
    losses = []
    for precision in ("float32", "bfloat16"):
        torch.manual_seed(0)
        model = Classifier(empty_network("vgg16", "linear"), (0.5,) * 3, (0.25,) * 3)
        images = torch.from_numpy(Discs(16).images(range(16)))
        learner = Classification(
            model,
            Schedule(epochs=1, learning_rate=1e-3, momentum=0.9, weight_decay=0),
            lambda epoch, images=images: [(images, torch.arange(16) % 2)],
            lambda: [],
            steps=1,
            images=16,
            device=device,
            precision=precision,
            remedy="",
        )
        losses.append(learn(learner, 1, checkpoint=tmp_path / f"{precision}.pt", key="k", seed=0)[0]["loss"])
    assert losses[1] == pytest.approx(losses[0], rel=2e-2)
