"""f of eq. 2: a network with ImageNet convolutions and a fresh head that distinguishes normal from abnormal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from fundus_anomaly.networks.state import load_state, read_state
from fundus_anomaly.networks.timm_network import NETWORKS
from fundus_anomaly.networks.vgg16_convolutions import vgg16_convolutions
from fundus_anomaly.networks.without_compiler import without_compiler

with without_compiler():
    import timm
    from torchvision.models import vgg16

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
        self._format = memory_format(network, "cpu")
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1) * 255, persistent=False)

    def forward(self, photographs: torch.Tensor) -> torch.Tensor:
        """Return the two logits of ``(n, S, S, 3)`` uint8 RGB photographs, ``(n, 2)`` float32."""
        batch = (photographs.permute(0, 3, 1, 2).float() - self.mean) / self.std
        return self.network(batch.contiguous(memory_format=self._format)).float()

    def on(self, device: str) -> Classifier:
        """Move the classifier to a device, ``"cpu"`` or ``"cuda"``, in the memory format that is fastest there."""
        self._format = memory_format(self.network, device)
        return self.to(device, memory_format=self._format)

    def train(self, mode: bool = True) -> Classifier:
        """Switch to training or, with False, to evaluation; batch normalisation keeps ImageNet's statistics in both.

        Batch statistics would mislead: half of each batch are near-copies of the other half, and small training sets
        give small batches.
        """
        super().train(mode)
        for module in self.network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self


def memory_format(network: nn.Module, device: str) -> torch.memory_format:
    """Return the order of a tensor's dimensions with which a network is trained fastest on a kind of device.

    On a CPU in float32 the gradients of plain convolutions take up to twice as long with channels last, those of
    depthwise ones longer with channels first (benchmarks/training.py).
    """
    grouped = any(isinstance(module, nn.Conv2d) and module.groups > 1 for module in network.modules())
    return torch.channels_last if grouped or device == "cuda" else torch.contiguous_format


def build(
    name: str, weights: str | Path, *, head: str, mean: Sequence[float], std: Sequence[float], seed: int
) -> Classifier:
    """Return a classifier with the convolutions of a weights file and a freshly initialised head.

    Args:
        name: ``"vgg16"`` (the paper) or a network of :data:`..backbones.timm_network.NETWORKS`.
        weights: Its weights; see :mod:`..backbones.vgg16_convolutions` for VGG16's.
        head: ``"full"``, VGG16's own three layers, or ``"linear"``, one layer on pooled and normalised features; the
            other networks' own head is linear.
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
    return Classifier(network, mean, std)


def empty_network(name: str, head: str) -> nn.Module:
    """Return a network with two outputs and parameters as they are initialised; see :func:`build`."""
    if name != "vgg16":
        network = timm.create_model(NETWORKS[name].timm_name, pretrained=False, num_classes=2)
        _initialise(network.get_classifier())
        return network
    network = vgg16(weights=None, num_classes=2)
    if head == "linear":
        network.avgpool = nn.AdaptiveAvgPool2d(1)
        # VGG16's pooled features are some fifteen times smaller than those that batch normalisation leaves to the other
        # networks' heads: without a scale a small lesion moves no logit, and no gradient comes back.
        network.classifier = nn.Sequential(nn.LayerNorm(512, elementwise_affine=False), nn.Linear(512, 2))
        _initialise(network.classifier[1])
    return network


def _initialise(head: nn.Linear) -> None:
    """Start a linear head as VGG16's layers start: larger weights' first gradients undo the ImageNet convolutions."""
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
