"""DevNet for images (Pang et al., Explainable Deep Few-shot Anomaly Detection with Deviation Networks, 2021).

arXiv:2108.00462. A few photographs that are labelled abnormal, ten in LesionPaste's Table 3, are distinguished from the
normals by how far their scores lie from those of a standard normal distribution: at 0 for normals, 5 deviations beyond
for the others. The paper draws 5,000 new numbers of that distribution at every step; here mean and deviation are its
exact 0 and 1. Its network is ResNet-18 on 448×448 pixels; here the configured backbone's, on the photographs that all
compared methods see. The map is the gradient of the score (Sec. 3.4), not scaled by image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import cv2
import numpy as np
import torch

from fundus_anomaly.methods.deviation import SCORED_AT_ONCE, Deviation
from fundus_anomaly.methods.interface import Abnormal, Fitted, Method, Network, Photographs, Scores, Work
from fundus_anomaly.methods.learned import first_network, network_again, trained
from fundus_anomaly.methods.reconstruction import unit_images
from fundus_anomaly.networks.deviation import DeviationNetwork, load_features
from fundus_anomaly.networks.weights import require_weights

_SMOOTHING = 4 / 448


@dataclass(frozen=True)
class Settings:
    """Settings of the method; workflow/schemas/config.schema.yaml says what each may be."""

    anomalies: int = 10
    top: float = 0.1
    epochs: int = 50
    steps: int = 20
    batch: int = 48
    learning_rate: float = 2e-4
    weight_decay: float = 1e-5


class Detector:
    """The network, trained.

    Args:
        network: See :class:`..networks.deviation.DeviationNetwork`.
        backbone: Name of the network that it starts from.
        device: ``"cpu"`` or ``"cuda"``.
    """

    def __init__(self, network: DeviationNetwork, backbone: str, device: str):
        self._network, self._backbone, self._device = network.to(device).eval(), backbone, device

    def score(self, images: np.ndarray, fields_of_view: np.ndarray) -> Scores:
        """Return scores and maps: the absolute gradient of the score, summed over the channels and smoothed.

        The paper smooths by 4 pixels of 448, and scales each map by its own 99th percentile, after which the maps of
        several photographs cannot be compared.
        """
        own, maps = [], []
        for first in range(0, len(images), SCORED_AT_ONCE):
            batch = unit_images(images[first : first + SCORED_AT_ONCE], self._device).requires_grad_()
            scores = self._network(batch)
            (gradient,) = torch.autograd.grad(scores.sum(), batch)
            own.append(scores.detach().double().cpu().numpy())
            maps.append(gradient.abs().sum(1).float().cpu().numpy())
        deviation = _SMOOTHING * images.shape[1]
        smoothed = [cv2.GaussianBlur(one, (0, 0), deviation) for one in np.concatenate(maps)]
        return Scores(np.concatenate(own), np.stack(smoothed))

    def state(self) -> Mapping[str, torch.Tensor]:
        """Return the network's parameters and buffers, and the name of what it starts from."""
        name = torch.frombuffer(bytearray(self._backbone.encode()), dtype=torch.uint8)
        return {"backbone": name} | self._network.state_dict()


def fit(
    normals: Photographs,
    held_out: Photographs,
    settings: Settings,
    work: Work,
    *,
    abnormal: Abnormal,
    backbone: Network,
) -> Fitted:
    """Train the network.

    Raises:
        InputError: If there are fewer abnormal photographs than are to be learned from, or the backbone is a user's own
            graph, which cannot be trained.
    """
    require_weights("devnet", backbone.name)
    network = first_network("devnet", lambda: DeviationNetwork(backbone.name, settings.top), work)
    load_features(network, backbone.name, backbone.weights)
    options = {name: value for name, value in asdict(settings).items() if name not in ("top", "epochs")}
    learner = Deviation(network, normals, held_out, abnormal, work, **options)
    history = trained(learner, settings.epochs, work)
    return Fitted(Detector(network, backbone.name, work.device), history)


def read(state: Mapping[str, torch.Tensor], size: int, settings: Settings, work: Work) -> Detector:
    """Return what an earlier fit has learned."""
    name = bytes(state["backbone"].numpy()).decode()
    network = network_again("devnet", lambda: DeviationNetwork(name, settings.top), state)
    return Detector(network, name, work.device)


METHOD = Method(Settings, fit, read)
