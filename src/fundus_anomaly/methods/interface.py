"""What a method that learns from normal photographs is to the others: it is fitted, scores, is kept and read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch


class Photographs(Protocol):
    """Prepared photographs of one size, read when they are asked for."""

    ids: Sequence[str]

    def __len__(self) -> int:
        """Return how many there are."""

    def images(self, places: Sequence[int]) -> np.ndarray:
        """Return some of them, ``(n, S, S, 3)`` uint8 RGB, in the order of ``places``."""

    def fields_of_view(self, places: Sequence[int]) -> np.ndarray:
        """Return their fields of view, ``(n, S, S)`` bool."""


class Abnormal(NamedTuple):
    """Photographs that are labelled abnormal, for a method that learns from labels.

    None is of a patient of the test, nor a copy of one of the test's photographs.

    Attributes:
        taught: To learn from; of patients whose normals are not held out.
        held_out: Of the patients whose normals are held out, and of an equal share of the others. Nothing may be
            learned from them but when to stop.
    """

    taught: Photographs
    held_out: Photographs


class Network(NamedTuple):
    """A network that was trained on ImageNet, for a method that starts from one.

    Attributes:
        name: As the configuration names it.
        weights: Its file, whole and checked.
    """

    name: str
    weights: Path


class Scores(NamedTuple):
    """What a method says of n photographs.

    Attributes:
        own: ``(n,)`` float64, the image score that its paper names; the larger, the more abnormal.
        maps: ``(n, h, w)`` float32, how abnormal each position of the photograph looks; None of a method that gives
            no maps. The tables then have no figure of its pixels.
    """

    own: np.ndarray
    maps: np.ndarray | None = None


class Detector(Protocol):
    """A method that has learned."""

    def score(self, images: np.ndarray, fields_of_view: np.ndarray) -> Scores:
        """Return what it says of photographs.

        Args:
            images: ``(n, S, S, 3)`` uint8 RGB, S as it was fitted with.
            fields_of_view: ``(n, S, S)`` bool.
        """

    def state(self) -> Mapping[str, torch.Tensor]:
        """Return all that it has learned, by name."""


@dataclass(frozen=True)
class Work:
    """How a method is to work; none of it changes what comes out but ``seed``.

    Attributes:
        device: ``"cpu"`` or ``"cuda"``.
        seed: Seed of this repeat.
        checkpoint: File that an interrupted fit goes on from; it is removed by whoever asked for the fit.
        key: What the fit is configured with: a checkpoint of another key is not resumed.
    """

    device: str = "cpu"
    seed: int = 0
    checkpoint: Path = Path("training.checkpoint.pt")
    key: str = ""


class Fitted(NamedTuple):
    """What a fit gives.

    Attributes:
        detector: Ready to score.
        history: One row an epoch, ``epoch`` and the figures of its learning curves.
    """

    detector: Detector
    history: list[dict[str, float]]


@dataclass(frozen=True)
class Method:
    """One way to tell abnormal from normal photographs; a module of this package has it as ``METHOD``.

    How it is printed, its paper, and what it takes beside normal photographs (``takes``) stand in
    workflow/schemas/config.schema.yaml with its settings.

    Attributes:
        settings: A dataclass whose fields are the keys of the configuration's section ``methods.<module>``.
        fit: Learns from normal photographs; the second ones are held out, and nothing may be learned from them. What
            the schema says that it takes comes as further arguments, by their names: ``abnormal``, an
            :class:`Abnormal`; ``backbone`` and ``network``, the :class:`Network` of the configuration's section
            ``backbone`` and ``lesionpaste.network``.
        read: Takes ``Detector.state`` of an earlier fit, the side S of its photographs, and its settings.
    """

    settings: Callable[..., Any]
    fit: Callable[..., Fitted]
    read: Callable[[Mapping[str, torch.Tensor], int, Any, Work], Detector]
