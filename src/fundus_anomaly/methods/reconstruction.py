"""What methods share that look for what they cannot reconstruct: their training, the map of the residual, its mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from fundus_anomaly.methods.interface import Photographs, Scores
from fundus_anomaly.scoring.maps import inside
from fundus_anomaly.seeds import generator

# A ring of residual at the border of the field of view would win every mean and maximum.
MARGIN = 0.02
_SCORED_AT_ONCE = 16


def unit_images(images: np.ndarray, device: str) -> torch.Tensor:
    """Return ``(n, S, S, 3)`` uint8 photographs as ``(n, 3, S, S)`` float32 between 0 and 1 on a device."""
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 255


def absolute_residual(images: torch.Tensor, reconstructed: torch.Tensor) -> torch.Tensor:
    """Return |x − x̂|, the mean over the channels, ``(n, S, S)``."""
    return (images - reconstructed).abs().mean(1)


class Reconstructor:
    """A detector: a network that reconstructs normal photographs, and what it misses of others.

    Args:
        network: From ``(n, 3, S, S)`` images between 0 and 1 to their reconstructions.
        device: ``"cpu"`` or ``"cuda"``.
        residual: From images and reconstructions to maps, ``(n, S, S)``.
    """

    def __init__(
        self,
        network: nn.Module,
        device: str,
        residual: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = absolute_residual,
    ):
        self._network, self._device, self._residual = network.to(device).eval(), device, residual

    @torch.inference_mode()
    def score(self, images: np.ndarray, fields_of_view: np.ndarray) -> Scores:
        """Return residual maps, and as image score their mean within the field of view less 2 % of the width."""
        maps = []
        for first in range(0, len(images), _SCORED_AT_ONCE):
            batch = unit_images(images[first : first + _SCORED_AT_ONCE], self._device)
            maps.append(self._residual(batch, self._network(batch)).float().cpu().numpy())
        residuals = np.concatenate(maps)
        margin = MARGIN * images.shape[2]
        views = [inside(view, margin) for view in fields_of_view]
        means = [map_[view].mean(dtype=np.float64) for map_, view in zip(residuals, views, strict=True)]
        return Scores(np.array(means), residuals)

    def state(self) -> Mapping[str, torch.Tensor]:
        """Return the network's parameters and buffers."""
        return self._network.state_dict()


class Reconstruction:
    """A training by reconstruction, epoch by epoch; see :func:`..training.epochs.learn`.

    Args:
        network: As in :class:`Reconstructor`; changed in place.
        optimiser: Of its parameters.
        loss: From images and what the network gives for them to a number that is a mean over the images.
        normals: Photographs to learn from.
        held_out: Photographs whose loss is reported beside theirs.
        batch: Photographs a step.
        device: ``"cpu"`` or ``"cuda"``.
        seed: Seed of this repeat.
    """

    def __init__(
        self,
        network: nn.Module,
        optimiser: torch.optim.Optimizer,
        loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        normals: Photographs,
        held_out: Photographs,
        *,
        batch: int,
        device: str,
        seed: int,
    ):
        self._network, self._optimiser, self._loss = network, optimiser, loss
        self._normals, self._held_out = normals, held_out
        self._batch, self._device, self._seed = batch, device, seed
        self.modules, self.optimisers = {"network": network}, {"optimiser": optimiser}
        self.images = len(normals)

    def epoch(self, number: int, shown: Callable[[int], object]) -> dict[str, float]:
        """Take each normal once, in an order of this epoch's own; return the losses of both sets."""
        self._network.train()
        order = generator(self._seed, "order", number).permutation(len(self._normals))
        total = torch.zeros((), device=self._device)
        for first in range(0, len(order), self._batch):
            places = order[first : first + self._batch]
            images = unit_images(self._normals.images(places), self._device)
            loss = self._loss(images, self._network(images))
            self._optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self._optimiser.step()
            total += loss.detach() * len(places)
            shown(len(places))
        losses = {"loss": float(total) / len(order)}
        return losses | ({"held_out_loss": self._judge()} if len(self._held_out) else {})

    @torch.inference_mode()
    def _judge(self) -> float:
        """Return the loss of the held-out photographs."""
        self._network.eval()
        total, count = 0.0, len(self._held_out)
        for first in range(0, count, self._batch):
            images = self._held_out.images(range(first, min(first + self._batch, count)))
            batch = unit_images(images, self._device)
            total += float(self._loss(batch, self._network(batch))) * len(images)
        return total / count
