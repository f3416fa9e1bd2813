"""f of eq. 2: a network with ImageNet convolutions and a fresh head that tells normal from abnormal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import timm
import torch
from torch import nn
from torchvision.models import vgg16

from ..backbones.state import load_state, read_state
from ..backbones.timm_network import NETWORKS
from ..backbones.vgg16_convolutions import vgg16_convolutions

HEADS = ("full", "linear")


class Classifier(nn.Module):
    """A network on uint8 photographs, with one logit: how much more abnormal than normal an image looks.

    Args:
        network: Takes normalised images, gives two logits, normal and abnormal.
        mean: Mean of each RGB channel of the images, for values in 0 to 1.
        std: Standard deviation of each, likewise.
    """

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]):
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1) * 255, persistent=False)

    def forward(self, photographs: torch.Tensor) -> torch.Tensor:
        """Return the two logits of ``(n, S, S, 3)`` uint8 RGB photographs, ``(n, 2)`` float32."""
        batch = (photographs.permute(0, 3, 1, 2).float() - self.mean) / self.std
        return self.network(batch.contiguous(memory_format=torch.channels_last)).float()


def build(
    name: str, weights: str | Path, *, head: str, mean: Sequence[float], std: Sequence[float], seed: int
) -> Classifier:
    """Return a classifier with the convolutions of a weights file and a freshly initialised head.

    Args:
        name: ``"vgg16"`` (the paper) or a network of :data:`..backbones.timm_network.NETWORKS`.
        weights: Its weights; see :mod:`..backbones.vgg16_convolutions` for VGG16's.
        head: ``"full"``, VGG16's own three layers, or ``"linear"``, one layer on pooled features; the other networks'
            own head is linear.
        mean: See :class:`Classifier`.
        std: See :class:`Classifier`.
        seed: Seed of the head's initialisation, below 2⁶⁴.

    Raises:
        InputError: If the file does not fit the network.
    """
    # The generator of the process is left as it was found.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = empty_network(name, head)
    if name == "vgg16":
        state, last = vgg16_convolutions(weights), "classifier"
    else:
        key, last = NETWORKS[name].key, network.default_cfg["classifier"]
        state = {key(old): value for old, value in read_state(weights).items()}
    fresh = [key for key in network.state_dict() if key.startswith(f"{last}.")]
    load_state(network, state, name, weights, fresh)
    return Classifier(network, mean, std).to(memory_format=torch.channels_last)


def empty_network(name: str, head: str) -> nn.Module:
    """Return a network with two outputs and parameters as they are initialised; see :func:`build`."""
    if name != "vgg16":
        return timm.create_model(NETWORKS[name].timm_name, pretrained=False, num_classes=2)
    network = vgg16(weights=None, num_classes=2)
    if head == "linear":
        network.avgpool = nn.AdaptiveAvgPool2d(1)
        network.classifier = nn.Linear(512, 2)
        nn.init.normal_(network.classifier.weight, std=0.01)
        nn.init.zeros_(network.classifier.bias)
    return network
