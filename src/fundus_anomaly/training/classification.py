"""Training of a classifier of normal and abnormal photographs (LesionPaste, Sec. 2.3 and 2.4, eq. 2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.networks.classifier import Classifier

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


class Classification:
    """A classifier as :func:`.epochs.learn` trains it: two classes, and an epoch judged on images of its own.

    Args:
        classifier: Changed in place.
        schedule: See :class:`Schedule`.
        training: From an epoch's number, counted from 0, to the batches of its training images.
        validation: From nothing to the batches of the validation images.
        steps: Training batches of an epoch.
        images: Training images of an epoch.
        device: ``"cpu"`` or ``"cuda"``.
        precision: ``"float32"``, or ``"bfloat16"`` for autocast.
        remedy: What the user can do if the loss is no longer finite.
    """

    def __init__(
        self,
        classifier: Classifier,
        schedule: Schedule,
        training: Callable[[int], Batches],
        validation: Callable[[], Batches],
        *,
        steps: int,
        images: int,
        device: str,
        precision: str,
        remedy: str,
    ):
        self._classifier = classifier.on(device)
        self._schedule, self._training, self._validation = schedule, training, validation
        self._steps, self.images, self._device, self._remedy = steps, images, device, remedy
        self._low = precision == "bfloat16"
        self._optimiser = torch.optim.SGD(
            classifier.parameters(),
            lr=schedule.learning_rate,
            momentum=schedule.momentum,
            weight_decay=schedule.weight_decay,
        )
        self.modules, self.optimisers = {"classifier": classifier}, {"optimiser": self._optimiser}

    def epoch(self, number: int, shown: Callable[[int], object]) -> dict[str, float]:
        """Train for one epoch, and judge the result on the validation images.

        Args:
            number: Of the epoch, from 0.
            shown: Called with the number of images after each step.

        Returns:
            ``loss``, ``validation_loss`` and ``validation_auc`` if there are validation images, ``learning_rate``.

        Raises:
            InputError: If the loss is no longer finite.
        """
        losses = {"loss": self._train(self._training(number), number, shown)} | self._judge(self._validation(), number)
        return losses | {"learning_rate": rate(self._schedule, number / self._schedule.epochs)}

    def _train(self, batches: Batches, number: int, shown: Callable[[int], object]) -> float:
        self._classifier.train()
        total, count = torch.zeros((), device=self._device), 0
        for step, (photographs, labels) in enumerate(batches):
            for group in self._optimiser.param_groups:
                group["lr"] = rate(self._schedule, (number + step / self._steps) / self._schedule.epochs)
            loss = self._loss(photographs, labels)[0]
            self._optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if self._schedule.clip:
                nn.utils.clip_grad_norm_(self._classifier.parameters(), self._schedule.clip)
            self._optimiser.step()
            total, count = total + loss.detach() * len(labels), count + len(labels)
            shown(len(labels))
        mean = float(total / count)
        self._require_finite(mean, number, "a loss")
        return mean

    def _loss(self, photographs: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return CE(f(I), 0) + CE(f(AP(I)), 1) of eq. 2 as a mean over the batch, and the logits."""
        photographs = photographs.to(self._device, non_blocking=True)
        with torch.autocast(torch.device(self._device).type, torch.bfloat16, enabled=self._low):
            logits = self._classifier(photographs)
        return nn.functional.cross_entropy(logits, labels.to(self._device, non_blocking=True)), logits

    @torch.inference_mode()
    def _judge(self, batches: Batches, number: int) -> dict[str, float]:
        """Return loss and area under the ROC curve on the validation images; nothing if there are none."""
        self._classifier.eval()
        losses, scores, truths = [], [], []
        for photographs, labels in batches:
            loss, logits = self._loss(photographs, labels)
            losses.append(float(loss) * len(labels))
            scores += (logits[:, 1] - logits[:, 0]).tolist()
            truths += labels.tolist()
        if not truths:
            return {}
        # The last step of an epoch may be the first to leave the finite numbers: its own loss does not show it.
        mean = sum(losses) / len(truths)
        self._require_finite(mean + sum(scores), number, "logits on the validation images, or a loss there,")
        return {"validation_loss": mean, "validation_auc": float(roc_auc_score(truths, scores))}

    def _require_finite(self, value: float, number: int, what: str) -> None:
        if not math.isfinite(value):
            raise InputError(
                Problem(f"training, epoch {number + 1}", f"{what} of {value}", "a finite loss", self._remedy)
            )


def by_validation(row: Mapping[str, float]) -> tuple[float, ...]:
    """Return what is smallest for the best epoch: by validation AUC, then by its loss; the last if there is neither."""
    if "validation_auc" not in row:
        return (-row["epoch"],)
    return -row["validation_auc"], row["validation_loss"], row["epoch"]


@torch.inference_mode()
def logits_of(classifier: Classifier, photographs: torch.Tensor, device: str, precision: str) -> torch.Tensor:
    """Return how much more abnormal than normal photographs look, ``(n,)`` float32.

    Args:
        classifier: In evaluation mode, on the device.
        photographs: ``(n, S, S, 3)`` uint8 RGB.
        device: ``"cpu"`` or ``"cuda"``.
        precision: As in :class:`Classification`.
    """
    low = precision == "bfloat16"
    with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=low):
        logits = classifier(photographs.to(device))
    return (logits[:, 1] - logits[:, 0]).float().cpu()
