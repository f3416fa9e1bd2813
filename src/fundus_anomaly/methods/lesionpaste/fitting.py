"""LesionPaste's classifier fitted to normal photographs and their twins (Sec. 2.3, eq. 2)."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from fundus_anomaly.datasets.subsets import taught_and_held_out
from fundus_anomaly.files.checksummed import checksummed, remove_checksummed
from fundus_anomaly.files.hdf5 import open_h5, read_all, read_ids
from fundus_anomaly.methods.interface import Network, Work
from fundus_anomaly.methods.lesionpaste.lesion import Lesion
from fundus_anomaly.methods.lesionpaste.synthesis import Options
from fundus_anomaly.methods.lesionpaste.twins import Twins, batches, order_of
from fundus_anomaly.networks.classifier import build
from fundus_anomaly.seeds import digest
from fundus_anomaly.training.checkpoint import read_checkpoint
from fundus_anomaly.training.classification import Classification, Schedule, by_validation
from fundus_anomaly.training.epochs import BestEpoch, learn

logger = logging.getLogger(__name__)
_REMEDY = "lower lesionpaste.training.learning_rate, or set lesionpaste.training.precision to float32"


class Pasting(NamedTuple):
    """How the twins of normal photographs are made.

    Attributes:
        bank: The lesions.
        options: How they are pasted; None for twins without lesions, which equal their normals: a control.
        fresh: Whether each epoch draws new twins.
        seed: The configured seed.
    """

    bank: Sequence[Lesion]
    options: Options | None
    fresh: bool
    seed: int


def fit_to_twins(
    images: str | os.PathLike[str],
    patient_of: Mapping[str, str],
    pasting: Pasting,
    network: Network,
    settings: Mapping,
    work: Work,
    *,
    workers: int,
    tested: Mapping[int, Path],
) -> tuple[dict[str, torch.Tensor], list[dict[str, float]]]:
    """Train the classifier, and return its weights after the best epoch by validation, and the history.

    Args:
        images: File of the rule ``images``.
        patient_of: The patient of each normal photograph to train on or to choose the epoch by.
        pasting: See :class:`Pasting`.
        network: What the classifier starts from.
        settings: The configuration's section ``lesionpaste.training``.
        work: See :class:`..interface.Work`.
        workers: Processes that make twins; what comes out does not depend on them.
        tested: Where the weights of some epochs are put that are to be tested; left there by an interrupted run.

    Raises:
        InputError: If the photographs are of one patient, a file is damaged, or the loss is no longer finite.
    """
    with open_h5(images, "image", "field_of_view", "source", "id") as file:
        ids = read_ids(file)
        # Twins are made in processes of their own, whose errors cannot name the file.
        read_all(file)
    taught, held_out = taught_and_held_out(ids, patient_of, settings["validation"], pasting.seed)
    batch = min(settings["batch"], 2 * len(taught))
    _tell(taught, held_out, patient_of, batch, settings["batch"])
    classifier = build(
        network.name,
        network.weights,
        **{name: settings[name] for name in ("head", "mean", "std")},
        seed=digest(work.seed, "head") % 2**63,
    )
    pinned = work.device == "cuda"

    def twins(numbers: Sequence[int], epoch: int = 0) -> Twins:
        return Twins(images, numbers, pasting.bank, pasting.options, pasting.seed, epoch)

    learner = Classification(
        classifier,
        Schedule(*(settings[name] for name in ("epochs", "learning_rate", "momentum", "weight_decay", "clip"))),
        lambda epoch: batches(
            twins(taught, epoch if pasting.fresh else 0),
            batch,
            workers,
            pinned,
            order_of(epoch, len(taught), work.seed),
        ),
        lambda: batches(twins(held_out), batch, workers, pinned),
        steps=math.ceil(len(taught) / max(1, batch // 2)),
        images=2 * len(taught),
        device=work.device,
        precision=settings["precision"],
        remedy=_REMEDY,
    )
    _require_tested(work, tested)
    best = BestEpoch(by_validation)
    history = learn(
        learner,
        settings["epochs"],
        checkpoint=work.checkpoint,
        key=work.key,
        seed=work.seed,
        drawn="lesionpaste dropout",
        best=best,
        after=lambda epoch, weights: save(tested[epoch], _of_classifier(weights)) if epoch in tested else None,
    )
    return _of_classifier(best.weights), history


def save(path: str | os.PathLike[str], weights: Mapping[str, torch.Tensor]) -> None:
    """Write a classifier's weights, whole or not at all."""
    with checksummed(path) as temporary, temporary.open("wb") as file:
        torch.save(dict(weights), file)


def _of_classifier(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix("classifier."): value for name, value in weights.items()}


def _require_tested(work: Work, tested: Mapping[int, Path]) -> None:
    """Let the training start again if weights that are to be tested are gone."""
    known = read_checkpoint(work.checkpoint, work.key) if tested else None
    done = 0 if known is None else len(known.history)
    gone = [epoch for epoch, file in tested.items() if epoch <= done and not file.exists()]
    if gone:
        logger.info("the weights of epoch %s, which are to be tested, are missing: the training starts again", gone[0])
        remove_checksummed(work.checkpoint)


def _tell(
    taught: Sequence[int], held_out: Sequence[int], patient_of: Mapping[str, str], batch: int, configured: int
) -> None:
    if batch < configured:
        logger.info("batches of %d images instead of %d: there are no more", batch, configured)
    found = len(taught) + len(held_out)
    if found < len(patient_of):
        logger.info("%d of the manifest's %d normal images: the audit excluded the others", found, len(patient_of))
    logger.info("%d normal images to train on, %d to choose the epoch by", len(taught), len(held_out))
