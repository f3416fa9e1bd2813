"""DevNet's network for images (Pang et al. 2021, Sec. 3.2 and 3.3): an anomaly score at each position of deep features.

As in its authors' code: the absolute values of the scores of the highest positions are averaged, on the photograph and
on one of half its side, by the same weights.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from fundus_anomaly.networks.state import load_state, read_state
from fundus_anomaly.networks.timm_network import NETWORKS
from fundus_anomaly.networks.without_compiler import without_compiler

with without_compiler():
    import timm

_LAST_LEVEL = 4


class DeviationNetwork(nn.Module):
    """A network of ImageNet to its last level (stride 32), and one score for each of its positions.

    Args:
        name: A key of :data:`.timm_network.NETWORKS`; the paper's is ``"resnet18"``.
        top: Share of the positions, the highest, whose mean is the photograph's score; at least one is taken.
    """

    def __init__(self, name: str, top: float):
        super().__init__()
        network = NETWORKS[name]
        self.features = timm.create_model(
            network.timm_name, pretrained=False, features_only=True, out_indices=(_LAST_LEVEL,)
        )
        self.head = nn.Conv2d(self.features.feature_info.channels()[-1], 1, 1)
        self._top, self._mean, self._std = top, network.mean, network.std

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the scores of ``(n, 3, S, S)`` images between 0 and 1, ``(n,)``, at least 0."""
        mean, std = (images.new_tensor(one).view(1, 3, 1, 1) for one in (self._mean, self._std))
        normalised = (images - mean) / std
        half = nn.functional.avg_pool2d(normalised, 2)
        return torch.stack([self._score(normalised), self._score(half)]).mean(0)

    def _score(self, normalised: torch.Tensor) -> torch.Tensor:
        (level,) = self.features(normalised)
        return highest_mean(self.head(level).flatten(1).abs(), self._top)


def highest_mean(scores: torch.Tensor, top: float) -> torch.Tensor:
    """Return the mean of a share of the positions of each image, those with the highest scores.

    Args:
        scores: ``(n, positions)``.
        top: The share, above 0 and at most 1; rounded down, but one position at least.
    """
    return scores.topk(max(1, int(top * scores.shape[1])), dim=1).values.mean(1)


def load_features(network: DeviationNetwork, name: str, weights: str | Path) -> None:
    """Give a network the ImageNet weights of a file; its head stays as it is.

    Raises:
        InputError: If the file is no state dict or does not fit the network.
    """
    state = {NETWORKS[name].key(key): value for key, value in read_state(weights).items()}
    load_state(network.features, state, name, weights)
