"""A training epoch by epoch, that goes on from its checkpoint to the same bytes after it was stopped."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import torch
from torch import nn

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.progress import bar
from fundus_anomaly.training.checkpoint import Checkpoint, damaged, read_checkpoint, write_checkpoint
from fundus_anomaly.training.seeded import seeded

logger = logging.getLogger(__name__)


class Learner(Protocol):
    """What is trained.

    Attributes:
        modules: All networks with a state, those too that are only buffers.
        optimisers: All optimisers.
        images: Photographs that an epoch takes.
    """

    modules: Mapping[str, nn.Module]
    optimisers: Mapping[str, torch.optim.Optimizer]
    images: int

    def epoch(self, number: int, shown: Callable[[int], object]) -> dict[str, float]:
        """Train for one epoch, counted from 0, and return its figures; ``shown`` is called with photographs done.

        What is random in it is drawn from torch's generators, which are seeded for it, or from the epoch's number.
        All figures are to be finite; of what there is not, there is no figure.
        """


def learn(learner: Learner, epochs: int, *, checkpoint: Path, key: str, seed: int) -> list[dict[str, float]]:
    """Train for a fixed number of epochs, and keep a checkpoint after each.

    Args:
        learner: Changed in place.
        epochs: How many, those of an earlier, interrupted run included.
        checkpoint: The checkpoint's file; it is left where it is.
        key: What the training is configured with: a checkpoint of another key is not gone on from.
        seed: Seed of this repeat.

    Returns:
        One row an epoch: ``epoch``, from 1, and its figures.

    Raises:
        InputError: If the checkpoint is damaged or of another learner, or a figure is not finite.
    """
    known = read_checkpoint(checkpoint, key)
    history = [] if known is None else _resumed(learner, known, checkpoint)
    if history:
        logger.info("resuming after epoch %d", len(history))
    images = learner.images
    with bar(images * epochs, "training", "image", images * len(history)) as shown:
        for number in range(len(history), epochs):
            with seeded(seed, "epoch", number):
                row = {"epoch": number + 1} | learner.epoch(number, shown.update)
            _require_finite(row)
            history = [*history, row]
            write_checkpoint(checkpoint, _state(learner, history), key)
            logger.info("epoch %d: " + ", ".join(f"{name} {row[name]:.4g}" for name in list(row)[1:]), row["epoch"])
    return history


def _state(learner: Learner, history: list[dict[str, float]]) -> Checkpoint:
    weights = {
        f"{name}.{key}": value for name, module in learner.modules.items() for key, value in module.state_dict().items()
    }
    optimisers = {name: optimiser.state_dict() for name, optimiser in learner.optimisers.items()}
    return Checkpoint(history, weights, optimisers, weights)


def _resumed(learner: Learner, known: Checkpoint, path: Path) -> list[dict[str, float]]:
    """Give a learner the state of a checkpoint, and return its history."""
    try:
        for name, module in learner.modules.items():
            own = {
                key.removeprefix(f"{name}."): value
                for key, value in known.weights.items()
                if key.startswith(f"{name}.")
            }
            module.load_state_dict(own)
        for name, optimiser in learner.optimisers.items():
            optimiser.load_state_dict(known.optimiser[name])
    except Exception as error:  # torch raises many kinds for a state of another structure
        raise damaged(path, f"the state of another network ({type(error).__name__})") from error
    return known.history


def _require_finite(row: Mapping[str, float]) -> None:
    strange = [name for name, value in row.items() if not math.isfinite(value)]
    if strange:
        remedy = "lower the method's learning_rate (methods in the configuration, or the row of compared.rows)"
        found = ", ".join(f"{name} of {row[name]}" for name in strange)
        raise InputError(Problem(f"training, epoch {row['epoch']}", found, "finite figures", remedy))
