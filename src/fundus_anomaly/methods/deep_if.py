"""Deep-IF (Ouardini et al., Towards Practical Unsupervised Anomaly Detection on Retinal Images, 2019).

An isolation forest on features of a network that was trained on ImageNet: abnormal is what few random cuts set apart
from the rest. The features are the means over all positions of the levels 2 and 3 of the backbone; the authors have
an Inception network. It gives an image score and no map. "Deep Isolation Forest" (2023) is another method.

Kept are the features of the normals, the seed and the backbone's file: the same forest grows anew from them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.ensemble import IsolationForest

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.methods.interface import Fitted, Method, Network, Photographs, Scores, Work
from fundus_anomaly.networks.interface import Backbone, load
from fundus_anomaly.networks.weights import require_weights
from fundus_anomaly.progress import track


@dataclass(frozen=True)
class Settings:
    """Settings of the method; workflow/schemas/config.schema.yaml says what each may be."""

    trees: int = 100


def pooled(backbone: Backbone, images: np.ndarray) -> np.ndarray:
    """Return the means of levels 2 and 3 over their positions, ``(n, c2 + c3)`` float32.

    Photographs go through the network one by one, so that no rounding, within which a tree's cut may lie, depends on
    those beside them.

    Args:
        backbone: The frozen network.
        images: ``(n, S, S, 3)`` uint8 RGB.
    """
    found = [
        torch.cat([level.mean((1, 2)) for level in backbone.levels(torch.from_numpy(images[at : at + 1]))], 1)
        for at in range(len(images))
    ]
    return torch.cat(found).cpu().numpy()


class Detector:
    """The forest over the features of the normals.

    Args:
        backbone: The frozen network.
        kept: ``features`` (n, c) float32, ``seed`` () int64, ``name`` and ``weights`` of the network, uint8.
        settings: See :class:`Settings`.
    """

    def __init__(self, backbone: Backbone, kept: Mapping[str, torch.Tensor], settings: Settings):
        self._backbone, self._kept = backbone, kept
        forest = IsolationForest(n_estimators=settings.trees, random_state=int(kept["seed"]))
        self._forest = forest.fit(kept["features"].numpy())

    def score(self, images: np.ndarray, fields_of_view: np.ndarray) -> Scores:
        """Return how few cuts set a photograph apart, between 0 and 1, and no map."""
        return Scores(-self._forest.score_samples(pooled(self._backbone, images)))

    def state(self) -> Mapping[str, torch.Tensor]:
        """Return what the forest grows from."""
        return self._kept


def fit(normals: Photographs, held_out: Photographs, settings: Settings, work: Work, *, backbone: Network) -> Fitted:
    """Take the features of the normals, and grow the forest over them.

    Raises:
        InputError: If the backbone is a user's own graph, whose normalisation the detector's file could not keep.
    """
    require_weights("deep_if", backbone.name)
    network = _loaded(backbone.name, backbone.weights, work)
    features = [pooled(network, normals.images([at])) for at in track(range(len(normals)), len(normals), "features")]
    kept = {
        "features": torch.from_numpy(np.concatenate(features)),
        "seed": torch.tensor(work.seed % 2**32),
        "name": torch.frombuffer(bytearray(backbone.name.encode()), dtype=torch.uint8),
        "weights": torch.from_numpy(np.fromfile(backbone.weights, np.uint8)),
    }
    return Fitted(Detector(network, kept, settings), [{"epoch": 1, "trees": settings.trees}])


def read(state: Mapping[str, torch.Tensor], size: int, settings: Settings, work: Work) -> Detector:
    """Return what an earlier fit has learned.

    Raises:
        InputError: If the state is none of this method.
    """
    features = state["features"]
    if features.ndim != 2 or features.dtype != torch.float32 or not torch.isfinite(features).all():
        found = f"features of shape {tuple(features.shape)}, {features.dtype}"
        raise InputError(Problem("deep_if", found, "finite float32, (n, c)", "fit it again"))
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "backbone.weights"
        state["weights"].numpy().tofile(weights)
        network = _loaded(bytes(state["name"].numpy()).decode(), weights, work)
    return Detector(network, state, settings)


def _loaded(name: str, weights: Path, work: Work) -> Backbone:
    return load(name, weights, device=work.device, precision="float32", threads=1, onnx={})


METHOD = Method(Settings, fit, read)
