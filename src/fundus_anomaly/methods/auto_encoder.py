"""Auto-Encoder (Baur et al., Deep Autoencoding Models for Unsupervised Anomaly Segmentation in Brain MR Images, 2018).

What a network cannot reconstruct that has only seen normal photographs is abnormal. The dense form presses a photograph
through a vector of numbers, the spatial one through a map of 8×8 positions. Channels and losses are those of the code
that the authors' group published; its MRI priors (only positive residuals, a median filter) are not: lesions of the
retina are darker or brighter than what surrounds them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.methods.interface import Fitted, Method, Photographs, Work
from fundus_anomaly.methods.learned import first_network, network_again, trained
from fundus_anomaly.methods.reconstruction import Reconstruction, Reconstructor

_SIDE = 8
_DROPPED, _SLOPE, _SQUEEZED = 0.2, 0.3, 16


@dataclass(frozen=True)
class Settings:
    """Settings of the method; workflow/schemas/config.schema.yaml says what each may be."""

    code: int = 128
    epochs: int = 100
    batch: int = 128
    learning_rate: float = 1e-4


def network(size: int, code: int) -> nn.Module:
    """Return the network, from ``(n, 3, size, size)`` images to their reconstructions, of the same shape.

    Convolutions of stride 2 are padded by 2 on each side, and transposed ones give one row more (TensorFlow's "same"
    pads 1 before and 2 after), so that all shapes are those of the published code.

    Args:
        size: Side of the images, 8 times a power of 2.
        code: Length of the dense form's vector; 0 for the spatial form, 8×8 positions of all channels.

    Raises:
        InputError: For another size.
    """
    stages = round(math.log2(size / _SIDE))
    if stages < 1 or _SIDE * 2**stages != size:
        remedy = "set compared.size to 64, 128, 256 or 512"
        raise InputError(Problem("config, compared.size", str(size), "8 times a power of 2 for auto_encoder", remedy))
    down = [3, *(min(32 * 2**stage, 128) for stage in range(stages))]
    deepest = down[-1]
    up = [deepest, *(max(128 // 2**stage, 32) for stage in range(stages))]
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(down):
        layers += [nn.Conv2d(before, after, 5, 2, 2), nn.BatchNorm2d(after), nn.LeakyReLU(_SLOPE)]
    layers += _dense(deepest, code) if code else [nn.Dropout(_DROPPED)]
    layers += [nn.BatchNorm2d(deepest), nn.ReLU()]
    for before, after in itertools.pairwise(up):
        layers += [nn.ConvTranspose2d(before, after, 5, 2, 2, 1), nn.BatchNorm2d(after), nn.LeakyReLU(_SLOPE)]
    return nn.Sequential(*layers, nn.Conv2d(up[-1], 3, 1))


def _dense(channels: int, code: int) -> list[nn.Module]:
    flat = _SQUEEZED * _SIDE**2
    return [
        nn.Conv2d(channels, _SQUEEZED, 1),
        nn.Flatten(),
        *(nn.Linear(flat, code), nn.Dropout(_DROPPED)),
        *(nn.Linear(code, flat), nn.Dropout(_DROPPED)),
        nn.Unflatten(1, (_SQUEEZED, _SIDE, _SIDE)),
        nn.Conv2d(_SQUEEZED, channels, 1),
    ]


def summed_l1(images: torch.Tensor, reconstructed: torch.Tensor) -> torch.Tensor:
    """Return the loss: |x − x̂| summed over the pixels and channels of an image, a mean over the images."""
    return (images - reconstructed).abs().sum() / len(images)


def fit(normals: Photographs, held_out: Photographs, settings: Settings, work: Work) -> Fitted:
    """Learn to reconstruct normal photographs: Adam with β₁ = .5."""
    size = normals.images([0]).shape[1]
    model = first_network("auto_encoder", lambda: network(size, settings.code), work)
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, betas=(0.5, 0.999))
    learner = Reconstruction(
        model,
        optimiser,
        summed_l1,
        normals,
        held_out,
        batch=settings.batch,
        device=work.device,
        seed=work.seed,
    )
    history = trained(learner, settings.epochs, work)
    return Fitted(Reconstructor(model, work.device), history)


def read(state: Mapping[str, torch.Tensor], size: int, settings: Settings, work: Work) -> Reconstructor:
    """Return what an earlier fit has learned."""
    model = network_again("auto_encoder", lambda: network(size, settings.code), state)
    return Reconstructor(model, work.device)


METHOD = Method(Settings, fit, read)
