"""DRAEM's two networks: one that takes an anomaly away, and one that finds it by the difference."""

from __future__ import annotations

import itertools

import torch
from torch import nn


def _pair(before: int, between: int, after: int) -> nn.Sequential:
    return nn.Sequential(*_single(before, between), *_single(between, after))


def _single(before: int, after: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()


def _up(before: int, after: int) -> nn.Sequential:
    larger = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
    return nn.Sequential(larger, *_single(before, after))


class ReconstructiveNetwork(nn.Module):
    """From ``(n, 3, S, S)`` images between 0 and 1 to the same without what is abnormal; no skips.

    Args:
        width: Channels of the widest maps; the paper's 128.
    """

    def __init__(self, width: int):
        super().__init__()
        down = [width, 2 * width, 4 * width, 8 * width, 8 * width]
        layers: list[nn.Module] = [_pair(3, width, width)]
        for before, after in itertools.pairwise(down):
            layers += [nn.MaxPool2d(2), _pair(before, after, after)]
        up = [8 * width, 4 * width, 2 * width, width, width]
        for before, after in itertools.pairwise(up):
            layers += [_up(before, before), _pair(before, before, after)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return reconstructions."""
        return self.layers(images)


class DiscriminativeNetwork(nn.Module):
    """A U-Net from a reconstruction and its image, ``(n, 6, S, S)``, to two logits a pixel, the second for an anomaly.

    Args:
        width: Channels of the widest maps; the paper's 64.
    """

    def __init__(self, width: int):
        super().__init__()
        down = [6, *(factor * width for factor in (1, 2, 4, 8, 8, 8))]
        self.down = nn.ModuleList(_pair(before, after, after) for before, after in itertools.pairwise(down))
        up = [factor * width for factor in (8, 8, 4, 2, 1, 1)]
        self.larger = nn.ModuleList(_up(before, after) for before, after in itertools.pairwise(up))
        beside = down[-2:0:-1]
        self.up = nn.ModuleList(
            _pair(after + skipped, after, after) for after, skipped in zip(up[1:], beside, strict=True)
        )
        self.last = nn.Conv2d(width, 2, 3, padding=1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits, ``(n, 2, S, S)``."""
        skipped = [self.down[0](images)]
        for pair in self.down[1:]:
            skipped.append(pair(self.pool(skipped[-1])))
        maps = skipped.pop()
        for larger, pair in zip(self.larger, self.up, strict=True):
            maps = pair(torch.cat([larger(maps), skipped.pop()], 1))
        return self.last(maps)
