"""A classifier trained on photographs with labels: what LesionPaste's Table 3 calls fully supervised.

The network, its first weights, its schedule and how its epoch is chosen are LesionPaste's own (Huang et al. 2022, Sec.
2.3 and 2.4); real abnormal photographs stand where LesionPaste has normals with pasted lesions. They are of the
dataset's photographs beside the test. How the paper treats classes of unequal size it does not say: here each
photograph is taken once in an epoch, or, balanced, as many abnormal ones as normals. It gives an image score and no
map.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from fundus_anomaly.methods.interface import Abnormal, Fitted, Method, Network, Photographs, Work
from fundus_anomaly.methods.learned import network_again, trained
from fundus_anomaly.methods.logits import LogitDetector
from fundus_anomaly.networks.classifier import Classifier, build, empty_network
from fundus_anomaly.seeds import digest, generator
from fundus_anomaly.training.classification import Batches, Classification, Schedule, by_validation
from fundus_anomaly.training.epochs import BestEpoch

_REMEDY = "lower methods.supervised.learning_rate, or set methods.supervised.clip to 1"
_PREFIX = "network."


@dataclass(frozen=True)
class Settings:
    """Settings of the method; workflow/schemas/config.schema.yaml says what each may be."""

    epochs: int = 50
    batch: int = 64
    learning_rate: float = 0.001
    momentum: float = 0.9
    weight_decay: float = 3e-5
    clip: float = 0.0
    balanced: bool = False
    head: str = "full"
    mean: list[float] = field(default_factory=lambda: [0.531, 0.519, 0.513])
    std: list[float] = field(default_factory=lambda: [0.117, 0.114, 0.078])


def batches(sides: Sequence[Photographs], places: np.ndarray, batch: int) -> Batches:
    """Yield batches of photographs and their classes.

    Args:
        sides: Normal and abnormal photographs.
        places: ``(n, 2)`` int, class and place within it of each photograph, in the order in which they are taken.
        batch: Photographs in a batch.

    Yields:
        ``(k, S, S, 3)`` uint8 photographs, k ≤ ``batch``, and ``(k,)`` int64, 0 normal and 1 abnormal.
    """
    for first in range(0, len(places), batch):
        part = places[first : first + batch]
        chosen = [part[part[:, 0] == label, 1] for label in (0, 1)]
        read = [side.images(numbers) for side, numbers in zip(sides, chosen, strict=True) if len(numbers)]
        yield torch.from_numpy(np.concatenate(read)), torch.from_numpy(np.repeat([0, 1], list(map(len, chosen))))


def order(counts: tuple[int, int], balanced: bool, epoch: int, seed: int) -> np.ndarray:
    """Return class and place of the photographs of an epoch, ``(n, 2)`` int64, in the order in which they are taken.

    Args:
        counts: Numbers of normal and abnormal photographs.
        balanced: Whether as many abnormal as normal ones are taken, repeated or not all; otherwise each once.
        epoch: Counted from 0.
        seed: Seed of this repeat.
    """
    random = generator(seed, "supervised order", epoch)
    abnormal = random.permutation(counts[1])
    taken = np.resize(abnormal, counts[0]) if balanced else abnormal
    pairs = [np.stack([np.full(len(one), label), one], 1) for label, one in enumerate((np.arange(counts[0]), taken))]
    return random.permutation(np.concatenate(pairs))


class Detector(LogitDetector):
    """The classifier, with the name of its network, which its file has to tell."""

    def __init__(self, classifier: Classifier, network: str, device: str):
        super().__init__(classifier, device)
        self._name = network

    def state(self) -> Mapping[str, torch.Tensor]:
        """Return the classifier's parameters and buffers, and the name of its network."""
        name = torch.frombuffer(bytearray(self._name.encode()), dtype=torch.uint8)
        return {"name": name} | super().state()


def fit(
    normals: Photographs, held_out: Photographs, settings: Settings, work: Work, *, abnormal: Abnormal, network: Network
) -> Fitted:
    """Train the classifier, and keep its best epoch by the held-out photographs of both classes.

    Raises:
        InputError: If the weights do not fit the network, or the loss is no longer finite.
    """
    options = {"head": settings.head, "mean": settings.mean, "std": settings.std}
    classifier = build(network.name, network.weights, **options, seed=digest(work.seed, "head") % 2**63)
    counts = len(normals), len(abnormal.taught)
    images = 2 * counts[0] if settings.balanced else sum(counts)

    def judged() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        sides = held_out, abnormal.held_out
        if all(map(len, sides)):
            places = np.concatenate(
                [[[label, place] for place in range(len(side))] for label, side in enumerate(sides)]
            )
            yield from batches(sides, places, settings.batch)

    learner = Classification(
        classifier,
        Schedule(settings.epochs, settings.learning_rate, settings.momentum, settings.weight_decay, settings.clip),
        lambda epoch: batches(
            (normals, abnormal.taught), order(counts, settings.balanced, epoch, work.seed), settings.batch
        ),
        judged,
        steps=math.ceil(images / settings.batch),
        images=images,
        device=work.device,
        precision="float32",
        remedy=_REMEDY,
    )
    best = BestEpoch(by_validation)
    history = trained(learner, settings.epochs, work, best)
    classifier.load_state_dict({name.removeprefix("classifier."): value for name, value in best.weights.items()})
    return Fitted(Detector(classifier, network.name, work.device), history)


def read(state: Mapping[str, torch.Tensor], size: int, settings: Settings, work: Work) -> Detector:
    """Return what an earlier fit has learned."""
    name = bytes(state["name"].numpy()).decode()
    own = {key.removeprefix(_PREFIX): value for key, value in state.items() if key.startswith(_PREFIX)}
    network = network_again("supervised", lambda: empty_network(name, settings.head), own)
    return Detector(Classifier(network, settings.mean, settings.std), name, work.device)


METHOD = Method(Settings, fit, read)
