"""The residual networks of f-AnoGAN's authors for patches of 64×64 pixels: generator, critic and encoder.

They are those of Gulrajani et al. (Improved Training of Wasserstein GANs, 2017, Sec. 5.2), as wgangp_64x64.py and
z_encoding_izif.py of the authors' code have them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import nn

CODE = 128
"""Length of the latent vector z."""
_SIDE = 4


def _layer_norm(channels: int) -> nn.Module:
    """Return normalisation over channels and positions of a sample, with one scale and shift a channel."""
    return nn.GroupNorm(1, channels)


class UpBlock(nn.Module):
    """Twice the side: ``(n, before, h, w)`` to ``(n, after, 2h, 2w)``."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.main = nn.Sequential(
            *(nn.BatchNorm2d(before), nn.ReLU(), nn.Upsample(scale_factor=2)),
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            *(nn.BatchNorm2d(after), nn.ReLU(), nn.Conv2d(after, after, 3, padding=1)),
        )
        self.shortcut = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 1))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the block's output."""
        return self.main(maps) + self.shortcut(maps)


class DownBlock(nn.Module):
    """Half the side: ``(n, before, h, w)`` to ``(n, after, h / 2, w / 2)``."""

    def __init__(self, before: int, after: int, norm: Callable[[int], nn.Module]):
        super().__init__()
        self.main = nn.Sequential(
            *(norm(before), nn.ReLU(), nn.Conv2d(before, before, 3, padding=1, bias=False)),
            *(norm(before), nn.ReLU(), nn.Conv2d(before, after, 3, padding=1), nn.AvgPool2d(2)),
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(before, after, 1))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the block's output."""
        return self.main(maps) + self.shortcut(maps)


class Generator(nn.Module):
    """G, from ``(n, 128)`` normal noise to ``(n, 3, 64, 64)`` patches between -1 and 1."""

    code = CODE

    def __init__(self, width: int):
        super().__init__()
        channels = [8 * width, 8 * width, 4 * width, 2 * width, width]
        self.first = nn.Sequential(nn.Linear(CODE, channels[0] * _SIDE**2), nn.Unflatten(1, (-1, _SIDE, _SIDE)))
        self.blocks = nn.Sequential(*(UpBlock(*pair) for pair in itertools.pairwise(channels)))
        self.last = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 3, 3, padding=1), nn.Tanh())

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return patches."""
        return self.last(self.blocks(self.first(codes)))


def _down(width: int, norm: Callable[[int], nn.Module]) -> nn.Sequential:
    channels = [width, 2 * width, 4 * width, 8 * width, 8 * width]
    blocks = (DownBlock(*pair, norm) for pair in itertools.pairwise(channels))
    return nn.Sequential(nn.Conv2d(3, width, 3, padding=1), *blocks, nn.Flatten())


class Critic(nn.Module):
    """D, from ``(n, 3, 64, 64)`` patches to ``(n,)`` values; no sample changes what another one gets."""

    def __init__(self, width: int):
        super().__init__()
        self.features = _down(width, _layer_norm)
        self.last = nn.Linear(8 * width * _SIDE**2, 1)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Return values; ``features`` gives what they are made of, ``(n, 128 · width)``."""
        return self.last(self.features(patches)).squeeze(1)


class Encoder(nn.Module):
    """E, from ``(n, 3, 64, 64)`` patches to ``(n, 128)`` latent vectors between -1 and 1."""

    def __init__(self, width: int):
        super().__init__()
        self.features = _down(width, nn.BatchNorm2d)
        self.last = nn.Sequential(nn.Linear(8 * width * _SIDE**2, CODE), nn.Tanh())

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Return latent vectors."""
        return self.last(self.features(patches))
