"""A training after some epoch, as a file that a killed run goes on from."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files import provenance
from fundus_anomaly.files.checksummed import checksummed, require_unchanged
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.files.torch_file import load

logger = logging.getLogger(__name__)


@dataclass
class Checkpoint:
    """What a training needs to go on.

    Attributes:
        history: One row an epoch, ``epoch`` and its figures.
        weights: States of all networks after the last epoch, by ``<network>.<parameter>``.
        optimiser: States of all optimisers, by their names.
        best: States of the networks after the best epoch; those after the last where none is chosen.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    weights: dict[str, torch.Tensor] = field(default_factory=dict)
    optimiser: dict = field(default_factory=dict)
    best: dict[str, torch.Tensor] = field(default_factory=dict)


def key_of(files: Iterable[str | os.PathLike[str]], settings: Iterable[object]) -> str:
    """Return a digest of all that the weights of a training depend on, the versions of its libraries included.

    Args:
        files: Those that it reads.
        settings: Its settings and a digest of its code, of plain values.
    """
    made = provenance.parse(provenance.line())
    content = [[sha256(file) for file in files], dict(made.libraries) if made else {}, *settings]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=dict).encode()).hexdigest()


def write_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint, key: str) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: The file.
        checkpoint: Its content.
        key: What the training was configured with, see :func:`read_checkpoint`.
    """
    same = checkpoint.best is checkpoint.weights
    content = {
        "key": key,
        "history": checkpoint.history,
        "weights": checkpoint.weights,
        "optimiser": checkpoint.optimiser,
        "best": {} if same else checkpoint.best,
    }
    # Through a file of Python's own, torch tells why it cannot write.
    with checksummed(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)


def read_checkpoint(path: str | os.PathLike[str], key: str) -> Checkpoint | None:
    """Return the checkpoint of a training, or None if there is none of this configuration.

    Args:
        path: The file; it may be absent.
        key: What the training is configured with: the checkpoint of another one is not resumed.

    Raises:
        InputError: If the file is damaged.
    """
    path = Path(path)
    if not path.exists():
        return None
    require_unchanged(path)
    try:
        content = load(path)
        known, best = str(content["key"]), content["best"] or content["weights"]
        checkpoint = Checkpoint(list(content["history"]), dict(content["weights"]), dict(content["optimiser"]), best)
        if not all(isinstance(row.get("epoch"), int) for row in checkpoint.history):
            raise ValueError("a history without epochs")
    except Exception as error:  # torch raises many kinds for a damaged file
        raise damaged(path, f"a file that is no checkpoint ({type(error).__name__})") from error
    if known != key:
        logger.info("%s is of another configuration: the training starts again", path)
        return None
    return checkpoint


def damaged(path: str | os.PathLike[str], found: str) -> InputError:
    """Return the error for a checkpoint that a training cannot resume from."""
    remedy = f"delete {path} and run the same command again; the training starts again"
    return InputError(Problem(str(path), found, "a checkpoint as it was written", remedy))
