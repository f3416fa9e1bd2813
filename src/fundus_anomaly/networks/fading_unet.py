"""A U-Net whose skip connections fade away as it is trained (Zhang et al. 2022): WDMT-Net's."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn


class FadingUNet(nn.Module):
    """Five levels, each half as large as the one above; each decoder sees s = α·skip + (1 − α)·up beside up itself.

    No gradient flows back through ``up`` beside s: as long as α is 1, all below the first and last block stands still.

    Args:
        inputs: Channels of the images.
        outputs: Channels of what is given for them, without a rectifier.
        width: Channels of the first level; the authors' code has 64.
    """

    def __init__(self, inputs: int, outputs: int, width: int):
        super().__init__()
        channels = [width, 2 * width, 4 * width, 8 * width, 8 * width]
        self.down = nn.ModuleList(
            _block(before, after, after) for before, after in itertools.pairwise([inputs, *channels])
        )
        self.up = nn.ModuleList(
            _block(2 * given, given, after)
            for given, after in zip(channels[3::-1], [*channels[2::-1], channels[0]], strict=True)
        )
        self.last = nn.Conv2d(width, outputs, 1)
        self.skip = 1.0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return ``(n, outputs, S, S)`` for images ``(n, inputs, S, S)``, S a multiple of 16; ``skip`` is α."""
        return self.decoded(self.encoded(images))

    def encoded(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the five levels, the largest first."""
        levels = [self.down[0](images)]
        for block in self.down[1:]:
            levels.append(block(F.max_pool2d(levels[-1], 2)))
        return levels

    def decoded(self, levels: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return what is made of the last level, and of the others as far as α lets them through."""
        *others, found = levels
        for block, level in zip(self.up, reversed(others), strict=True):
            found = F.interpolate(found, scale_factor=2, mode="bilinear", align_corners=True)
            mixed = self.skip * level + (1 - self.skip) * found
            found = block(torch.cat([mixed, found.detach()], 1))
        return self.last(found)


def _block(before: int, between: int, after: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for first, second in ((before, between), (between, after)):
        layers += [nn.Conv2d(first, second, 3, padding=1, bias=False), nn.BatchNorm2d(second), nn.ReLU()]
    return nn.Sequential(*layers)
