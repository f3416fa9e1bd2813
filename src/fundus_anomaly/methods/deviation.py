"""DevNet's training: abnormal scores are driven away from those of normals (Pang et al. 2021, Sec. 3, eq. 2 and 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from fundus_anomaly.datasets.labelled import require_labelled
from fundus_anomaly.methods.interface import Abnormal, Photographs, Work
from fundus_anomaly.methods.reconstruction import unit_images
from fundus_anomaly.seeds import digest, generator

MARGIN = 5.0
"""Deviations that abnormal scores are to lie beyond 0; a of eq. 3."""
SCORED_AT_ONCE = 8
_CLIP, _SLOWER, _SLOWER_EVERY = 1.0, 0.1, 10


def deviation_loss(scores: torch.Tensor, abnormal: torch.Tensor) -> torch.Tensor:
    """Return the mean of (1 − y)·|s| + y·max(0, 5 − s) (eq. 3).

    Args:
        scores: ``(n,)``.
        abnormal: ``(n,)`` bool, y.
    """
    return torch.where(abnormal, (MARGIN - scores).clamp(min=0), scores.abs()).mean()


def drawn_anomalies(ids: Sequence[str], count: int, seed: int) -> list[int]:
    """Return the places of the abnormal photographs that are learned from; nothing depends on their order.

    Args:
        ids: Of all that may be learned from.
        count: How many are drawn.
        seed: Seed of this repeat: each has its own.

    Raises:
        InputError: If there are too few.
    """
    require_labelled(len(ids), count, "devnet", "methods.devnet.anomalies")
    return sorted(range(len(ids)), key=lambda place: digest(seed, "devnet anomalies", ids[place]))[:count]


def rate(learning_rate: float, number: int) -> float:
    """Return the learning rate of an epoch, counted from 0: a tenth every ten epochs, as in the authors' code."""
    return learning_rate * _SLOWER ** (number // _SLOWER_EVERY)


def turned(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return an ``(S, S, 3)`` uint8 image turned about its middle by any angle; black comes in at its corners."""
    middle = (image.shape[0] - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), random.uniform(-180, 180), 1.0)
    return cv2.warpAffine(image, matrix, image.shape[:2], flags=cv2.INTER_LINEAR)


@torch.inference_mode()
def scores_of(network: nn.Module, photographs: Photographs, device: str) -> torch.Tensor:
    """Return a network's scores of photographs, ``(n,)`` float32 on the CPU."""
    found = [torch.zeros(0)]
    for first in range(0, len(photographs), SCORED_AT_ONCE):
        places = range(first, min(first + SCORED_AT_ONCE, len(photographs)))
        found.append(network(unit_images(photographs.images(places), device)).cpu())
    return torch.cat(found)


class Deviation:
    """The training, as a learner; see :class:`..training.epochs.Learner`.

    Args:
        network: From images between 0 and 1 to scores; changed in place.
        normals: Normals to learn from.
        held_out: Normals that are held out.
        abnormal: Abnormal photographs of both sides.
        work: Device and seed.
        anomalies: Abnormal photographs that are learned from.
        steps: Of an epoch.
        batch: Photographs a step, half of them normal.
        learning_rate: Of Adam, at first.
        weight_decay: Of Adam.

    Raises:
        InputError: If there are fewer abnormal photographs than are to be learned from.
    """

    def __init__(
        self,
        network: nn.Module,
        normals: Photographs,
        held_out: Photographs,
        abnormal: Abnormal,
        work: Work,
        *,
        anomalies: int,
        steps: int,
        batch: int,
        learning_rate: float,
        weight_decay: float,
    ):
        self._network, self._device, self._seed = network, work.device, work.seed
        self._normals, self._abnormal, self._judged = normals, abnormal.taught, (held_out, abnormal.held_out)
        self._drawn = drawn_anomalies(abnormal.taught.ids, anomalies, work.seed)
        self._rate, self._half, self._steps = learning_rate, batch // 2, steps
        self._optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate, weight_decay=weight_decay)
        self.modules, self.optimisers = {"network": network}, {"optimiser": self._optimiser}
        self.images = 2 * self._half * steps

    def epoch(self, number: int, shown: Callable[[int], object]) -> dict[str, float]:
        """Take the steps of an epoch, each photograph turned by any angle; return the losses."""
        self._network.train()
        for group in self._optimiser.param_groups:
            group["lr"] = rate(self._rate, number)
        random, count = generator(self._seed, "order", number), self._half * self._steps
        normals = np.resize(random.permutation(len(self._normals)), count)
        anomalies = np.resize(random.permutation(self._drawn), count)
        wanted = torch.arange(2 * self._half, device=self._device) >= self._half
        total = torch.zeros((), device=self._device)
        for first in range(0, count, self._half):
            part = slice(first, first + self._half)
            images = np.concatenate([self._normals.images(normals[part]), self._abnormal.images(anomalies[part])])
            batch = unit_images(np.stack([turned(image, random) for image in images]), self._device)
            loss = deviation_loss(self._network(batch), wanted)
            self._optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self._network.parameters(), _CLIP)
            self._optimiser.step()
            total += loss.detach()
            shown(len(batch))
        return {"loss": float(total) / self._steps} | self._judge()

    def _judge(self) -> dict[str, float]:
        """Return loss and area under the ROC curve of what is held out, if it has both classes."""
        if not all(map(len, self._judged)):
            return {}
        self._network.eval()
        sides = [scores_of(self._network, side, self._device) for side in self._judged]
        loss = sum(float(deviation_loss(side, torch.full(side.shape, bool(y)))) for y, side in enumerate(sides)) / 2
        # The loop, which looks at the loss, reports what is not finite.
        scores, truth = torch.cat(sides).nan_to_num(), np.repeat([0, 1], list(map(len, sides)))
        return {"held_out_loss": loss, "held_out_auc": float(roc_auc_score(truth, scores))}
