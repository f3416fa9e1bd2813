"""First weights as DCGAN has them, and DRAEM: drawn from normal distributions of standard deviation .02."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

_SPREAD = 0.02

Network = TypeVar("Network", bound=nn.Module)


def initialised(network: Network) -> Network:
    """Return a network with weights of convolutions from N(0, .02), scales of its normalisations from N(1, .02)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, _SPREAD)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, _SPREAD)
            nn.init.zeros_(module.bias)
    return network
