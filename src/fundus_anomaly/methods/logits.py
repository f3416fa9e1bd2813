"""A classifier of normal and abnormal photographs as a detector, its logit the image score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from fundus_anomaly.methods.interface import Scores
from fundus_anomaly.networks.classifier import Classifier
from fundus_anomaly.training.classification import logits_of


class LogitDetector:
    """Tells normal from abnormal photographs by a classifier's logits; it gives no maps.

    Args:
        classifier: Trained.
        device: ``"cpu"`` or ``"cuda"``.
        precision: ``"float32"``, or ``"bfloat16"`` for autocast.
    """

    def __init__(self, classifier: Classifier, device: str, precision: str = "float32"):
        self._classifier, self._device, self._precision = classifier.on(device).eval(), device, precision

    def score(self, images: np.ndarray, fields_of_view: np.ndarray) -> Scores:
        """Return the abnormal logit less the normal one; see :class:`.interface.Detector`."""
        found = logits_of(self._classifier, torch.from_numpy(images), self._device, self._precision)
        return Scores(found.numpy().astype(np.float64))

    def state(self) -> Mapping[str, torch.Tensor]:
        """Return the classifier's parameters and buffers."""
        return self._classifier.state_dict()
