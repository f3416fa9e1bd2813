"""VGG16's convolutions from Oxford's weights give for normalised RGB what they give for BGR less Oxford's mean."""

import onnx
import pytest
import torch
from onnx import numpy_helper
from torchvision.models import vgg16

from fundus_anomaly.errors import InputError
from fundus_anomaly.networks.vgg16_convolutions import vgg16_convolutions
from fundus_anomaly.networks.weights import fetch


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = tmp_path_factory.mktemp("vgg16") / "vgg16.weights"
    fetch("vgg16", "", "", path)
    return path


def test_the_first_layer_takes_normalised_rgb(graph):
    held = {tensor.name: tensor for tensor in onnx.load(graph).graph.initializer}
    node = next(node for node in onnx.load(graph).graph.node if node.op_type == "Conv")
    weight, bias = (torch.from_numpy(numpy_helper.to_array(held[name]).copy()) for name in node.input[1:3])
    rgb = torch.rand(1, 3, 16, 16) * 255
    oxford = rgb.flip(1) - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    normalised = (rgb / 255 - torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)) / torch.tensor(
        [0.229, 0.224, 0.225]
    ).view(1, 3, 1, 1)
    state = vgg16_convolutions(graph)
    ours = torch.conv2d(normalised, state["features.0.weight"], state["features.0.bias"])
    unit = 255 * (0.229 + 0.224 + 0.225) / 3
    torch.testing.assert_close(ours * unit, torch.conv2d(oxford, weight, bias), rtol=1e-4, atol=1e-2)


def test_the_unit_goes_through_all_layers(graph):
    network, state = vgg16(weights=None).features, vgg16_convolutions(graph)
    in_units = {key.removeprefix("features."): value for key, value in state.items()}
    unit = 255 * (0.229 + 0.224 + 0.225) / 3
    oxfords = {
        key: value * (unit if key.endswith("bias") or key == "0.weight" else 1) for key, value in in_units.items()
    }
    photograph = torch.randn(1, 3, 64, 64)
    results = []
    for weights in (in_units, oxfords):
        network.load_state_dict(weights)
        results.append(network.eval()(photograph))
    torch.testing.assert_close(results[0] * unit, results[1], rtol=1e-3, atol=1e-3)


def test_all_convolutions_fit_torchvisions_network(graph):
    wanted = vgg16(weights=None).features.state_dict()
    state = {key.removeprefix("features."): value for key, value in vgg16_convolutions(graph).items()}
    assert {key: value.shape for key, value in state.items()} == {key: value.shape for key, value in wanted.items()}


@pytest.mark.parametrize("archive", [True, False], ids=["archive", "pickle, as vgg16-397923af.pth is"])
def test_torchvisions_own_file_is_taken_as_it_is(tmp_path, archive):
    whole = {"features.0.weight": torch.ones(64, 3, 3, 3), "classifier.0.weight": torch.ones(2, 2)}
    torch.save(whole, tmp_path / "vgg16.pth", _use_new_zipfile_serialization=archive)
    assert list(vgg16_convolutions(tmp_path / "vgg16.pth")) == ["features.0.weight"]


@pytest.mark.parametrize("content", [b"", b"no graph at all" * 100])
def test_a_file_that_is_neither_is_refused(tmp_path, content):
    (tmp_path / "weights").write_bytes(content)
    with pytest.raises(InputError, match="thirteen"):
        vgg16_convolutions(tmp_path / "weights")
