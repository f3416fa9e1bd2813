"""The thirteen ImageNet convolutions of VGG16, from torchvision's file or from Oxford's weights in an ONNX graph."""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch
from onnx import numpy_helper

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.checksummed import require_unchanged
from fundus_anomaly.networks.onnx_file import read_model
from fundus_anomaly.networks.state import read_state

# Places of the convolutions in torchvision's ``features``.
LAYERS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_OXFORD_MEAN_BGR = (103.939, 116.779, 123.68)
_PICKLE = b"\x80\x02"


def vgg16_convolutions(weights: str | Path) -> dict[str, torch.Tensor]:
    """Return the convolutions as torchvision names them, for RGB input in its ImageNet normalisation.

    Oxford's weights (Simonyan and Zisserman 2015, CC BY) take BGR in 0 to 255 less a mean; the first layer is
    rewritten so that it gives the same for normalised RGB, but at the border, where zero now stands for the mean. All
    levels are brought to the unit of normalised input (1/57.6 of Oxford's): between rectifiers this changes nothing
    but the scale, and without it the usual learning rates are far too high.

    Args:
        weights: torchvision's state dict, or an ONNX graph whose convolutions are VGG16's in order.

    Raises:
        InputError: If the file is neither.
    """
    if _is_torch_file(Path(weights)):
        state = read_state(weights)
        return {key: value for key, value in state.items() if key.startswith("features.")}
    require_unchanged(weights)
    (weight, bias), *others = _onnx_convolutions(Path(weights))
    std, mean = torch.tensor(_IMAGENET_STD) * 255, torch.tensor(_IMAGENET_MEAN) * 255
    weight = weight.flip(1)
    shift = mean - torch.tensor(_OXFORD_MEAN_BGR).flip(0)
    bias = bias + (weight.sum(dim=(2, 3)) * shift).sum(dim=1)
    unit = std.mean()
    pairs = [(weight * (std / unit)[None, :, None, None], bias / unit), *((w, b / unit) for w, b in others)]
    return {
        f"features.{layer}.{name}": value
        for layer, pair in zip(LAYERS, pairs, strict=True)
        for name, value in zip(("weight", "bias"), pair, strict=True)
    }


def _is_torch_file(path: Path) -> bool:
    """Return whether torch wrote a file: an archive, or a pickle as torchvision's own file of 2017 still is."""
    with path.open("rb") as file:
        return zipfile.is_zipfile(path) or file.read(2) == _PICKLE


def _onnx_convolutions(path: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return weight and bias of each convolution of an ONNX graph, in order."""
    allowed = "VGG16's convolutions: torchvision's state dict, or an ONNX graph with all thirteen"
    remedy = "leave the path of the weights empty for the registered source, or give torchvision's vgg16 file"
    graph = read_model(path, allowed, remedy).graph
    try:
        held = {tensor.name: tensor for tensor in graph.initializer}
        found = [
            tuple(torch.from_numpy(numpy_helper.to_array(held[name]).copy()).float() for name in node.input[1:3])
            for node in graph.node
            if node.op_type == "Conv"
        ]
    except Exception as error:  # numpy and onnx raise many kinds for values that do not fit their shape
        raise InputError(
            Problem(str(path), f"an unreadable graph ({type(error).__name__})", allowed, remedy)
        ) from error
    if len(found) != len(LAYERS) or any(len(pair) != 2 for pair in found):
        raise InputError(Problem(str(path), f"{len(found)} convolutions", allowed, remedy))
    first = tuple(found[0][0].shape)
    if len(first) != 4 or first[1] != 3 or found[0][1].shape != first[:1]:
        raise InputError(Problem(str(path), f"a first convolution of shape {first}", allowed, remedy))
    return found
