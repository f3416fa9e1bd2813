"""A training in stages, one after another, as one learner: one loop, one checkpoint, one history."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import nn

from fundus_anomaly.training.epochs import Learner

STEPS_AN_EPOCH = 50
"""After how many steps of a training that counts steps a checkpoint is kept."""


class Stage(NamedTuple):
    """A learner and the number of its epochs."""

    learner: Learner
    epochs: int


class Stages:
    """Stages as one learner; all networks and optimisers are in each of its checkpoints.

    Args:
        stages: In order; a network or optimiser that several have is named alike in each.
    """

    def __init__(self, stages: Sequence[Stage]):
        self._stages = stages
        self.modules: Mapping[str, nn.Module] = {}
        self.optimisers: Mapping[str, torch.optim.Optimizer] = {}
        for learner, _ in stages:
            self.modules, self.optimisers = self.modules | learner.modules, self.optimisers | learner.optimisers
        self.epochs = sum(epochs for _, epochs in stages)
        # For the progress bar alone; stages may take different numbers of images.
        total = sum(learner.images * epochs for learner, epochs in stages)
        self.images = math.ceil(total / self.epochs)

    def epoch(self, number: int, shown: Callable[[int], object]) -> dict[str, float]:
        """Train for one epoch of the stage that it falls in, counted from that stage's first."""
        for learner, epochs in self._stages:
            if number < epochs:
                return learner.epoch(number, shown)
            number -= epochs
        raise ValueError("no stage has an epoch of this number")


def epochs_of(steps: int) -> int:
    """Return how many epochs a training has that counts steps."""
    return math.ceil(steps / STEPS_AN_EPOCH)


def steps_in(number: int, steps: int) -> range:
    """Return the steps of an epoch of a training that counts steps; the last epoch may have fewer.

    Args:
        number: The epoch, from 0.
        steps: Of the whole training.
    """
    return range(number * STEPS_AN_EPOCH, min((number + 1) * STEPS_AN_EPOCH, steps))
