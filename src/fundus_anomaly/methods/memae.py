"""MemAE (Gong et al., Memorizing Normality to Detect Anomaly: Memory-augmented Deep Autoencoder, ICCV 2019).

An auto-encoder whose decoder sees the code of a photograph only as a mixture of remembered items, so that what has no
like among the normals cannot be passed on. The channels and the loss are those of the authors' code for video, without
time; each position of the code is a query (Sec. 3.3).

A query for which no item's weight exceeds the threshold λ is dead: it passes on zeros and no gradient. The authors'
λ = .0025 with 2000 items leaves 95 % of the queries dead at the start where the code has 256 channels. Here λ is given
in multiples of 1/N; the paper has 1 to 3.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.methods.interface import Fitted, Method, Photographs, Work
from fundus_anomaly.methods.learned import first_network, network_again, trained
from fundus_anomaly.methods.reconstruction import Reconstruction, Reconstructor

_SLOPE = 0.2
_MOST_DEAD = 0.5


@dataclass(frozen=True)
class Settings:
    """Settings of the method; workflow/schemas/config.schema.yaml says what each may be."""

    channels: list[int] = field(default_factory=lambda: [96, 128, 256, 256])
    items: int = 2000
    similarity: str = "inner_product"
    shrinkage: float = 1.0
    entropy: float = 0.0002
    epochs: int = 100
    batch: int = 14
    learning_rate: float = 1e-4


def hard_shrinkage(weights: torch.Tensor, threshold: float) -> torch.Tensor:
    """Return the weights that exceed a threshold, normalised (eq. 5 to 7): they sum to 1, or to 0 where none does.

    Args:
        weights: w, ``(q, N)``, those of a soft-max.
        threshold: λ.
    """
    above = F.relu(weights - threshold) * weights / ((weights - threshold).abs() + 1e-12)
    return F.normalize(above, p=1, dim=1)


class Memory(nn.Module):
    """N items, and the mixtures of them that stand for queries (Sec. 3.2).

    Args:
        items: N.
        channels: Length of an item.
        shrinkage: λ·N.
        similarity: ``"inner_product"``, the authors' code, or ``"cosine"``, eq. 4.
    """

    def __init__(self, items: int, channels: int, shrinkage: float, similarity: str):
        super().__init__()
        bound = channels**-0.5
        self.items = nn.Parameter(torch.empty(items, channels).uniform_(-bound, bound))
        self._threshold, self._cosine = shrinkage / items, similarity == "cosine"

    def forward(self, queries: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mixtures ``(q, C)`` and the weights of the items in them ``(q, N)`` for queries ``(q, C)``."""
        if self._cosine:
            logits = F.linear(F.normalize(queries, dim=1), F.normalize(self.items, dim=1))
        else:
            logits = F.linear(queries, self.items)
        weights = hard_shrinkage(logits.softmax(1), self._threshold)
        return weights @ self.items, weights


class MemAE(nn.Module):
    """Encoder, memory, decoder.

    Args:
        settings: See :class:`Settings`.
    """

    def __init__(self, settings: Settings):
        super().__init__()
        channels = list(settings.channels)
        encoder: list[nn.Module] = []
        for before, after in itertools.pairwise([3, *channels]):
            encoder += [nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.LeakyReLU(_SLOPE)]
        decoder: list[nn.Module] = []
        for before, after in itertools.pairwise([channels[-1], *channels[-2::-1]]):
            decoder += [nn.ConvTranspose2d(before, after, 3, 2, 1, 1), nn.BatchNorm2d(after), nn.LeakyReLU(_SLOPE)]
        decoder.append(nn.ConvTranspose2d(channels[0], 3, 3, 2, 1, 1))
        self.encoder, self.decoder = nn.Sequential(*encoder), nn.Sequential(*decoder)
        self.memory = Memory(settings.items, channels[-1], settings.shrinkage, settings.similarity)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the reconstructions of ``(n, 3, S, S)`` images between 0 and 1, and the weights ``(q, N)``."""
        codes = self.encoder(images * 2 - 1)
        count, channels, height, width = codes.shape
        mixtures, weights = self.memory(codes.permute(0, 2, 3, 1).reshape(-1, channels))
        codes = mixtures.reshape(count, height, width, channels).permute(0, 3, 1, 2)
        return (self.decoder(codes) + 1) / 2, weights


def entropy(weights: torch.Tensor) -> torch.Tensor:
    """Return the mean over queries of the entropy of their weights (eq. 9), between 0 and log N."""
    return -(weights * (weights + 1e-12).log()).sum(1).mean()


def loss_of(weight: float) -> Callable[[torch.Tensor, tuple[torch.Tensor, torch.Tensor]], torch.Tensor]:
    """Return the loss: the squared error of images between -1 and 1, and the weighed entropy (eq. 10)."""

    def loss(images: torch.Tensor, given: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return 4 * F.mse_loss(given[0], images) + weight * entropy(given[1])

    return loss


def euclidean_residual(images: torch.Tensor, given: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return √Σ(x − x̂)² over the channels, ``(n, S, S)``."""
    return (images - given[0]).square().sum(1).sqrt()


class _Training(Reconstruction):
    """The training, which also tells what the memory does."""

    def epoch(self, number: int, shown: Callable[[int], object]) -> dict[str, float]:
        """Train for an epoch; add the shares of dead queries and of items that any query of the epoch used.

        Raises:
            InputError: If most queries are dead.
        """
        dead, queries, used = torch.zeros((), device=self._device), 0, torch.zeros((), device=self._device)

        def watch(_: nn.Module, __: object, given: tuple[torch.Tensor, torch.Tensor]) -> None:
            nonlocal dead, queries, used
            if self.modules["network"].training:
                alive = given[1] > 0
                dead, queries = dead + (~alive.any(1)).sum(), queries + len(alive)
                used = torch.maximum(used, alive.any(0).float())

        hook = self.modules["network"].memory.register_forward_hook(watch)
        try:
            row = super().epoch(number, shown)
        finally:
            hook.remove()
        share = float(dead) / queries
        if share > _MOST_DEAD:
            remedy = "set methods.memae.shrinkage to 1, or similarity to inner_product, or compare with fewer items"
            found = f"no item above the threshold for {share:.0%} of the queries"
            raise InputError(Problem(f"memae, epoch {number + 1}", found, f"at most {_MOST_DEAD:.0%}", remedy))
        return row | {"dead_queries": share, "items_used": float(used.mean())}


def fit(normals: Photographs, held_out: Photographs, settings: Settings, work: Work) -> Fitted:
    """Learn to reconstruct normal photographs from remembered items, by Adam."""
    model = first_network("memae", lambda: MemAE(settings), work)
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    given = {"batch": settings.batch, "device": work.device, "seed": work.seed}
    learner = _Training(model, optimiser, loss_of(settings.entropy), normals, held_out, **given)
    history = trained(learner, settings.epochs, work)
    return Fitted(Reconstructor(model, work.device, euclidean_residual), history)


def read(state: Mapping[str, torch.Tensor], size: int, settings: Settings, work: Work) -> Reconstructor:
    """Return what an earlier fit has learned."""
    model = network_again("memae", lambda: MemAE(settings), state)
    return Reconstructor(model, work.device, euclidean_residual)


METHOD = Method(Settings, fit, read)
