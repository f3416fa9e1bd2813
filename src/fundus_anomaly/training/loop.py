"""Training of the classifier on normals and their twins (LesionPaste, Sec. 2.3 and 2.4, eq. 2)."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.networks.classifier import Classifier
from fundus_anomaly.seeds import digest
from fundus_anomaly.training.checkpoint import Checkpoint, damaged

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Schedule:
    """Stochastic gradient descent with momentum, its rate falling as a cosine over the whole training.

    Attributes:
        epochs: Passes over the training images.
        learning_rate: At the first step.
        momentum: Of the gradient.
        weight_decay: Of all parameters.
        clip: Largest Euclidean norm of a step's gradient over all parameters; 0 for none.
    """

    epochs: int
    learning_rate: float
    momentum: float
    weight_decay: float
    clip: float = 0.0


def rate(schedule: Schedule, progress: float) -> float:
    """Return the learning rate once a share ``progress`` of all steps is done."""
    return 0.5 * schedule.learning_rate * (1 + math.cos(math.pi * progress))


class Training:
    """A training that can stop after any epoch and go on from its checkpoint to the same weights.

    What is random in an epoch (the order of images, dropout) is seeded by the epoch, so that no generator's state has
    to be kept.

    Args:
        classifier: Changed in place.
        schedule: See :class:`Schedule`.
        device: ``"cpu"`` or ``"cuda"``.
        precision: ``"float32"``, or ``"bfloat16"`` for autocast.
        seed: Seed of this repeat.
    """

    def __init__(self, classifier: Classifier, schedule: Schedule, *, device: str, precision: str, seed: int):
        self._classifier = classifier.on(device)
        self._schedule, self._device, self._seed = schedule, device, seed
        self._low = precision == "bfloat16"
        self._optimiser = torch.optim.SGD(
            classifier.parameters(),
            lr=schedule.learning_rate,
            momentum=schedule.momentum,
            weight_decay=schedule.weight_decay,
        )
        self.state = Checkpoint()

    def resume(self, checkpoint: Checkpoint, path: str | os.PathLike[str]) -> None:
        """Go on after the checkpoint's last epoch.

        Args:
            checkpoint: Of a training of this configuration.
            path: Its file, for the error.

        Raises:
            InputError: If it holds the state of another classifier or optimiser.
        """
        try:
            self._classifier.load_state_dict(checkpoint.weights)
            self._optimiser.load_state_dict(checkpoint.optimiser)
        except Exception as error:  # torch raises many kinds for a state of another structure
            raise damaged(path, f"the state of another classifier ({type(error).__name__})") from error
        self.state = checkpoint

    def epoch(self, training: Batches, validation: Batches, steps: int, shown: Callable[[int], object]) -> Checkpoint:
        """Train for one epoch, judge the result on the validation images, and return what a checkpoint holds.

        Args:
            training: Batches of the training images.
            validation: Batches of the validation images.
            steps: Number of training batches.
            shown: Called with the number of images after each step.

        Raises:
            InputError: If the loss is no longer finite.
        """
        number = len(self.state.history)
        torch.manual_seed(digest(self._seed, "lesionpaste dropout", number) % 2**63)
        loss = self._train(training, number, steps, shown)
        held_out, auc = self._judge(validation, number)
        row = {"epoch": number + 1, "loss": loss, "validation_loss": held_out, "validation_auc": auc}
        row["learning_rate"] = rate(self._schedule, number / self._schedule.epochs)
        history = [*self.state.history, row]
        best = min(history, key=_merit)["epoch"]
        # A copy: on a CPU a state is the parameters themselves, which the next epoch changes.
        weights = {key: value.to("cpu", copy=True) for key, value in self._classifier.state_dict().items()}
        kept = weights if best == row["epoch"] else self.state.best
        self.state = Checkpoint(history, weights, self._optimiser.state_dict(), kept)
        return self.state

    def _train(self, batches: Batches, number: int, steps: int, shown: Callable[[int], object]) -> float:
        self._classifier.train()
        total, count = torch.zeros((), device=self._device), 0
        for step, (photographs, labels) in enumerate(batches):
            for group in self._optimiser.param_groups:
                group["lr"] = rate(self._schedule, (number + step / steps) / self._schedule.epochs)
            loss = self._loss(photographs, labels)[0]
            self._optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if self._schedule.clip:
                nn.utils.clip_grad_norm_(self._classifier.parameters(), self._schedule.clip)
            self._optimiser.step()
            total, count = total + loss.detach() * len(labels), count + len(labels)
            shown(len(labels))
        mean = float(total / count)
        _require_finite(mean, number, "a loss")
        return mean

    def _loss(self, photographs: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return CE(f(I), 0) + CE(f(AP(I)), 1) of eq. 2 as a mean over the batch, and the logits."""
        photographs = photographs.to(self._device, non_blocking=True)
        with torch.autocast(torch.device(self._device).type, torch.bfloat16, enabled=self._low):
            logits = self._classifier(photographs)
        return nn.functional.cross_entropy(logits, labels.to(self._device, non_blocking=True)), logits

    @torch.inference_mode()
    def _judge(self, batches: Batches, number: int) -> tuple[float, float]:
        """Return loss and area under the ROC curve on the validation images; NaN if there are none."""
        self._classifier.eval()
        losses, scores, truths = [], [], []
        for photographs, labels in batches:
            loss, logits = self._loss(photographs, labels)
            losses.append(float(loss) * len(labels))
            scores += (logits[:, 1] - logits[:, 0]).tolist()
            truths += labels.tolist()
        if not truths:
            return math.nan, math.nan
        # The last step of an epoch may be the first to leave the finite numbers: its own loss does not show it.
        mean = sum(losses) / len(truths)
        _require_finite(mean + sum(scores), number, "logits on the validation images, or a loss there,")
        return mean, float(roc_auc_score(truths, scores))


def _require_finite(value: float, number: int, what: str) -> None:
    if not math.isfinite(value):
        raise InputError(
            Problem(
                f"training, epoch {number + 1}",
                f"{what} of {value}",
                "a finite loss",
                "lower lesionpaste.training.learning_rate, or set lesionpaste.training.precision to float32",
            )
        )


def _merit(row: dict) -> tuple[float, float, float]:
    """Return what is smallest for the best epoch: by validation AUC, then by its loss; the last if there is neither."""
    if math.isnan(row["validation_auc"]):
        return 0.0, 0.0, -row["epoch"]
    return -row["validation_auc"], row["validation_loss"], row["epoch"]


@torch.inference_mode()
def logits_of(classifier: Classifier, photographs: torch.Tensor, device: str, precision: str) -> torch.Tensor:
    """Return how much more abnormal than normal photographs look, ``(n,)`` float32.

    Args:
        classifier: In evaluation mode, on the device.
        photographs: ``(n, S, S, 3)`` uint8 RGB.
        device: ``"cpu"`` or ``"cuda"``.
        precision: As in :class:`Training`.
    """
    low = precision == "bfloat16"
    with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=low):
        logits = classifier(photographs.to(device))
    return (logits[:, 1] - logits[:, 0]).float().cpu()
