"""How methods make a network, train it and have it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import nn

from fundus_anomaly.methods.interface import Work
from fundus_anomaly.networks.state import load_state
from fundus_anomaly.training.epochs import BestEpoch, Learner, learn
from fundus_anomaly.training.seeded import seeded

Network = TypeVar("Network", bound=nn.Module)


def first_network(method: str, build: Callable[[], Network], work: Work) -> Network:
    """Return a network with the first weights of this repeat, the same on every device."""
    with seeded(work.seed, f"{method} weights"):
        return build().to(work.device)


def trained(learner: Learner, epochs: int, work: Work, best: BestEpoch | None = None) -> list[dict[str, float]]:
    """Train, or go on from the checkpoint of this work; return one row an epoch. See :func:`..training.epochs.learn`.

    Raises:
        InputError: If the checkpoint is damaged or of another learner, or a figure is not finite.
    """
    return learn(learner, epochs, checkpoint=work.checkpoint, key=work.key, seed=work.seed, best=best)


def network_again(method: str, build: Callable[[], Network], state: Mapping[str, torch.Tensor]) -> Network:
    """Return a network with the parameters of a detector's file.

    Raises:
        InputError: If they are not those of a network of these settings.
    """
    # Without memory until its parameters are known to be there: the settings may come from elsewhere.
    with torch.device("meta"):
        network = build()
    load_state(network, dict(state), method, "the detector's file", assign=True)
    return network
