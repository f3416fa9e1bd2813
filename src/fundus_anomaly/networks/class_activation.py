"""Where a trained classifier looks: GradCAM and GradCAM++ of the abnormal class (LesionPaste, Fig. A3)."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torchcam.methods import GradCAM, GradCAMpp

from fundus_anomaly.networks.classifier import Classifier

METHODS = {"GradCAM": GradCAM, "GradCAM++": GradCAMpp}
"""Selvaraju et al. 2017; Chattopadhay et al. 2018."""

_ABNORMAL = 1


def class_activation(classifier: Classifier, photographs: np.ndarray) -> dict[str, np.ndarray]:
    """Return the class activation maps of the abnormal class at the last level of convolutions.

    Args:
        classifier: Trained; put into evaluation mode, on the CPU.
        photographs: ``(n, S, S, 3)`` uint8 RGB, as the classifier takes them.

    Returns:
        For each of :data:`METHODS` ``(n, S, S)`` float32, 0 where nothing speaks for "abnormal", and 1 where most does;
        each image has its own scale. An image in which nothing does is 0 throughout.
    """
    classifier = classifier.cpu().eval()
    for module in classifier.modules():
        if isinstance(module, nn.ReLU):
            # What a hook holds must not be overwritten by the layer that follows.
            module.inplace = False
    layer = last_level(classifier.network)
    found = {}
    for name, method in METHODS.items():
        maps = []
        with method(classifier.network, target_layer=layer) as extractor:
            for photograph in photographs:
                logits = classifier(torch.from_numpy(photograph)[None])
                (cam,) = extractor(_ABNORMAL, logits, normalized=False)
                size = photograph.shape[:2]
                wide = functional.interpolate(cam[None].float(), size, mode="bilinear", align_corners=False)[0, 0]
                maps.append((wide / wide.max().clamp(min=1e-12)).detach().numpy())
        found[name] = np.stack(maps)
    return found


def last_level(network: nn.Module) -> str:
    """Return the name of the module that gives a network's last level of convolutions."""
    names = [name for name, _ in network.named_modules()]
    if "features.29" in names:
        # VGG16's last rectifier, before the pooling that halves its side.
        return "features.29"
    return "layer4" if "layer4" in names else "bn2"
