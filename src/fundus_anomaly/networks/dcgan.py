"""Generator and discriminator of DCGAN (Radford et al., 2015) for patches of 64×64 pixels in three colours."""

from __future__ import annotations

import itertools

import torch
from torch import nn

CODE = 100
"""Length of the latent vector z."""
_SLOPE = 0.2


class Generator(nn.Module):
    """G, from ``(n, 100)`` normal noise to ``(n, 3, 64, 64)`` patches between -1 and 1."""

    def __init__(self, width: int):
        super().__init__()
        channels = [8 * width, 4 * width, 2 * width, width]
        layers: list[nn.Module] = [nn.ConvTranspose2d(CODE, channels[0], 4, bias=False)]
        for before, after in itertools.pairwise([*channels, 3]):
            layers += [nn.BatchNorm2d(before), nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)]
        self.layers = nn.Sequential(*layers, nn.Tanh())

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return patches."""
        return self.layers(codes[:, :, None, None])


class Discriminator(nn.Module):
    """D, from ``(n, 3, 64, 64)`` patches to ``(n,)`` logits, positive for real ones."""

    def __init__(self, width: int):
        super().__init__()
        channels = [width, 2 * width, 4 * width, 8 * width]
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(_SLOPE)]
        for before, after in itertools.pairwise(channels):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(_SLOPE)]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Conv2d(channels[-1], 1, 4, bias=False)

    def features(self, patches: torch.Tensor) -> torch.Tensor:
        """Return f, what the logit is made of, ``(n, 128 · width)``."""
        return self.layers(patches).flatten(1)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        return self.last(self.layers(patches)).flatten()
