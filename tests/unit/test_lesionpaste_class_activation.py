"""Class activation maps lie in 0 to 1, peak where the evidence is, and leave the classifier as it was."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from fundus_anomaly.networks.class_activation import METHODS, class_activation, last_level
from fundus_anomaly.networks.classifier import Classifier, empty_network

SCHEMA = Path(__file__).resolve().parents[2] / "workflow" / "schemas" / "config.schema.yaml"
SECTION = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["properties"]["lesionpaste"]["properties"]
NETWORKS = SECTION["network"]["properties"]["name"]["enum"]
HALF, FIFTH = (0.5,) * 3, (0.2,) * 3


def photographs(count=2, side=64, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3)).astype(np.uint8)


def untrained(name, head="linear"):
    torch.manual_seed(0)
    return Classifier(empty_network(name, head), HALF, FIFTH)


class RedIsAbnormal(nn.Module):
    """A network whose abnormal logit is the mean of red above ``threshold``, in cells of 8×8 pixels."""

    def __init__(self, threshold=0.0):
        super().__init__()
        self.threshold = threshold
        self.pool = nn.AvgPool2d(8)
        self.layer4 = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(inplace=True))
        with torch.no_grad():
            self.layer4[0].weight.copy_(torch.tensor([[1.0, 0, 0], [0, 1.0, 0]])[..., None, None])
            self.layer4[0].bias.fill_(-threshold)

    def forward(self, batch):
        return self.layer4(self.pool(batch)).mean(dim=(2, 3)).flip(1)


@pytest.mark.parametrize(("name", "head"), [("vgg16", "full"), ("vgg16", "linear"), ("efficientnet_lite0", "full")])
def test_maps_have_the_photographs_size_and_lie_in_zero_to_one(name, head):
    found = class_activation(untrained(name, head), photographs())
    assert list(found) == list(METHODS) == ["GradCAM", "GradCAM++"]
    for maps in found.values():
        assert maps.shape == (2, 64, 64)
        assert maps.dtype == np.float32
        assert np.isfinite(maps).all()
        assert maps.min() >= 0
        # Each image has a scale of its own, and an image in which nothing speaks for "abnormal" is 0 throughout.
        for one in maps:
            assert one.max() == pytest.approx(1, abs=1e-6) or not one.any()


@pytest.mark.parametrize("name", ["vgg16", "efficientnet_lite0"])
def test_the_classifier_gives_the_same_logits_as_before(name):
    classifier, shown = untrained(name).eval(), photographs()
    state = {key: value.clone() for key, value in classifier.state_dict().items()}
    before = classifier(torch.from_numpy(shown))
    class_activation(classifier, shown)
    assert torch.equal(classifier(torch.from_numpy(shown)), before)
    assert all(torch.equal(value, state[key]) for key, value in classifier.state_dict().items())
    assert not any(module._forward_hooks for module in classifier.modules())


def test_an_image_has_the_same_map_alone_and_among_others():
    shown, classifier = photographs(3), untrained("efficientnet_lite0")
    among, alone = class_activation(classifier, shown), class_activation(classifier, shown[1:2])
    for name in METHODS:
        np.testing.assert_array_equal(among[name][1], alone[name][0])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("top", "left"), [(8, 8), (40, 16), (48, 48)])
def test_the_map_peaks_where_the_abnormal_evidence_lies(method, top, left):
    shown = np.zeros((1, 64, 64, 3), np.uint8)
    shown[0, top : top + 8, left : left + 8, 0] = 255  # red: abnormal
    shown[0, 24:32, 32:40, 1] = 255  # green: normal
    one = class_activation(Classifier(RedIsAbnormal(), (0.0,) * 3, (1.0,) * 3), shown)[method][0]
    y, x = np.unravel_index(one.argmax(), one.shape)
    assert top <= y < top + 8
    assert left <= x < left + 8
    assert one[24:32, 32:40].max() < 0.05


@pytest.mark.parametrize("method", METHODS)
def test_an_image_without_abnormal_evidence_is_zero_throughout(method):
    shown = np.zeros((1, 64, 64, 3), np.uint8)
    classifier = Classifier(RedIsAbnormal(threshold=0.5), (0.0,) * 3, (1.0,) * 3)
    assert not class_activation(classifier, shown)[method].any()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_of_the_schema_has_a_last_level_of_convolutions(name):
    network = untrained(name).network.eval()
    shapes = {}
    module = network.get_submodule(last_level(network))
    module.register_forward_hook(lambda module, given, made: shapes.update(made=tuple(made.shape)))
    network(torch.zeros(1, 3, 128, 128))
    # 1/32 of the side; VGG16's before its last pooling 1/16. What follows it has no place any more.
    side = 128 // (16 if name == "vgg16" else 32)
    assert shapes["made"][2:] == (side, side)
    assert any(isinstance(part, nn.Conv2d) for part in module.modules()) or name in ("vgg16", "efficientnet_lite0")
    after = list(network.named_modules())
    after = after[[label for label, _ in after].index(last_level(network)) + len(list(module.modules())) :]
    assert not any(isinstance(part, nn.Conv2d) for _, part in after)
