"""A training epoch by epoch, that goes on from its checkpoint to the same bytes after it was stopped."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


@dataclass
class BestEpoch:
    """Keeps what a learner was after its best epoch, through interruptions too.

    Attributes:
        merit: From a row of the history to what is smallest for the best epoch.
        weights: The states of the learner's modules after that epoch, on the CPU, by the names that they have in a
            checkpoint: ``<module>.<parameter>``.
    """

    merit: Callable[[Mapping[str, float]], tuple[float, ...]]
    weights: dict[str, torch.Tensor] = field(default_factory=dict)


def learn(
    learner: Learner,
    epochs: int,
    *,
    checkpoint: Path,
    key: str,
    seed: int,
    drawn: str = "epoch",
    best: BestEpoch | None = None,
    after: Callable[[int, Mapping[str, torch.Tensor]], object] = lambda epoch, weights: None,
) -> list[dict[str, float]]:
    """Train for a fixed number of epochs, and keep a checkpoint after each.

    Args:
        learner: Changed in place.
        epochs: How many, those of an earlier, interrupted run included.
        checkpoint: The checkpoint's file; it is left where it is.
        key: What the training is configured with: a checkpoint of another key is not resumed.
        seed: Seed of this repeat.
        drawn: What an epoch's generators are seeded with, beside its number.
        best: Filled with the best epoch's weights; None keeps the last ones alone.
        after: Called after each epoch, before its checkpoint, with its number from 1 and the weights as in ``best``.

    Returns:
        One row an epoch: ``epoch``, from 1, and its figures.

    Raises:
        InputError: If the checkpoint is damaged or of another learner, or a figure is not finite.
    """
    known = read_checkpoint(checkpoint, key)
    history = [] if known is None else _resumed(learner, known, checkpoint)
    if best is not None:
        best.weights = {} if known is None else known.best
    if history:
        logger.info("resuming after epoch %d", len(history))
    images = learner.images
    with bar(images * epochs, "training", "image", images * len(history)) as shown:
        for number in range(len(history), epochs):
            with seeded(seed, drawn, number):
                row = {"epoch": number + 1} | learner.epoch(number, shown.update)
            _require_finite(row)
            history = [*history, row]
            weights = _weights(learner)
            if best is not None and min(history, key=best.merit) is row:
                best.weights = weights
            after(row["epoch"], weights)
            optimisers = {name: optimiser.state_dict() for name, optimiser in learner.optimisers.items()}
            kept = weights if best is None else best.weights
            write_checkpoint(checkpoint, Checkpoint(history, weights, optimisers, kept), key)
            logger.info("epoch %d: " + ", ".join(f"{name} {row[name]:.4g}" for name in list(row)[1:]), row["epoch"])
    return history


def _weights(learner: Learner) -> dict[str, torch.Tensor]:
    # Copies: on a CPU a state is the parameters themselves, which the next epoch changes.
    return {
        f"{name}.{key}": value.to("cpu", copy=True)
        for name, module in learner.modules.items()
        for key, value in module.state_dict().items()
    }


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
