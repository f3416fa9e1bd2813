"""Backbones whose network timm builds; weights come from a file, never from a hub at run time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from fundus_anomaly.networks.folding import fold_batch_norms
from fundus_anomaly.networks.state import load_state, read_state
from fundus_anomaly.networks.without_compiler import without_compiler

with without_compiler():
    import timm

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def _unchanged(key: str) -> str:
    return key


# Stages of EfficientNet-Lite0 and the blocks in each: the file counts blocks through, timm by stage.
_LITE0_BLOCKS = (1, 2, 2, 3, 3, 4, 1)
_LITE0_LAYERS = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
# The first block does not expand, so timm names its layers one earlier.
_LITE0_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_LITE0_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}


def _lite0_key(key: str) -> str:
    """Return timm's name for a parameter of the EfficientNet-PyTorch layout."""
    block = re.match(r"_blocks\.(\d+)\.(\w+)\.(.+)", key)
    # A number that Lite0 has no block of belongs to a larger network: it keeps its name, which nothing asks for.
    if block is None or int(block[1]) >= sum(_LITE0_BLOCKS):
        layer, _, rest = key.partition(".")
        return f"{_LITE0_OUTSIDE.get(layer, layer)}.{rest}"
    number, layer, rest = int(block[1]), block[2], block[3]
    names = _LITE0_FIRST if number == 0 else _LITE0_LAYERS
    stage = 0
    while number >= _LITE0_BLOCKS[stage]:
        number -= _LITE0_BLOCKS[stage]
        stage += 1
    return f"blocks.{stage}.{number}.{names.get(layer, layer)}.{rest}"


@dataclass(frozen=True)
class Network:
    """A network of timm.

    Attributes:
        timm_name: Its name there.
        mean: Mean of each RGB channel that it was trained with, for values in [0, 1].
        std: Standard deviation of each, likewise.
        key: From a parameter's name in the weights file to its name in timm.
    """

    timm_name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    key: Callable[[str], str]


NETWORKS = {
    "efficientnet_lite0": Network("tf_efficientnet_lite0", (127 / 255,) * 3, (128 / 255,) * 3, _lite0_key),
    "wide_resnet50_2": Network("wide_resnet50_2", *_IMAGENET, _unchanged),
    "resnet18": Network("resnet18", *_IMAGENET, _unchanged),
    "resnet34": Network("resnet34", *_IMAGENET, _unchanged),
    "resnet50": Network("resnet50", *_IMAGENET, _unchanged),
}


class TimmBackbone:
    """Level 2 (stride 8) and level 3 (stride 16) of a frozen network of timm; see :class:`.interface.Backbone`.

    Args:
        name: A key of :data:`NETWORKS`.
        weights: A state dict, read with ``weights_only=True``.
        device: ``"cpu"`` or ``"cuda"``.
        precision: ``"float32"``, or ``"bfloat16"`` for autocast.

    Raises:
        InputError: If the file is no state dict or does not fit the network, or holds values that are not finite.
    """

    def __init__(self, name: str, weights: str | Path, *, device: str, precision: str):
        network = NETWORKS[name]
        self._device, self._precision = device, precision
        self._model = timm.create_model(network.timm_name, pretrained=False, features_only=True, out_indices=(2, 3))
        state = {network.key(key): value for key, value in read_state(weights).items()}
        # A features_only model joins the names of what it keeps with underscores where it flattens the network.
        load_state(self._model, state, name, weights)
        self._model.eval().requires_grad_(False)
        fold_batch_norms(self._model)
        self._model.to(device, memory_format=torch.channels_last)
        self._mean = torch.tensor(network.mean, device=device).view(1, 3, 1, 1) * 255
        self._std = torch.tensor(network.std, device=device).view(1, 3, 1, 1) * 255

    @torch.inference_mode()
    def levels(self, photographs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return level 2 and level 3, ``(n, h, w, c)`` float32; see :class:`.interface.Backbone`."""
        batch = photographs.to(self._device).permute(0, 3, 1, 2).float()
        batch = ((batch - self._mean) / self._std).contiguous(memory_format=torch.channels_last)
        low = self._precision == "bfloat16"
        with torch.autocast(torch.device(self._device).type, torch.bfloat16, enabled=low):
            level2, level3 = self._model(batch)
        return level2.permute(0, 2, 3, 1).float(), level3.permute(0, 2, 3, 1).float()
