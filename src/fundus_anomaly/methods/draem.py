"""DRAEM (Zavrtanik et al., DRAEM: A Discriminatively Trained Reconstruction Embedding [...], 2021, arXiv:2108.07610).

Textures are pasted into normal photographs (``pasted_textures.py``). One network learns to take them away again,
another to find them from what it was given and what it took away. LesionPaste's Table 3 calls the method "DREAM". What
the paper and its authors' code have differently is as in the code: opacity, turns of the photograph, learning rates.
Photographs are not normalised. Textures are procedural (``textures.py``), or a folder of the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from fundus_anomaly.methods.draem_losses import focal_loss, ssim
from fundus_anomaly.methods.interface import Fitted, Method, Photographs, Scores, Work
from fundus_anomaly.methods.learned import first_network, network_again, trained
from fundus_anomaly.methods.pasted_textures import pasted
from fundus_anomaly.methods.reconstruction import MARGIN, unit_images
from fundus_anomaly.methods.texture_source import Textures
from fundus_anomaly.networks.draem import DiscriminativeNetwork, ReconstructiveNetwork
from fundus_anomaly.networks.normal_weights import initialised
from fundus_anomaly.scoring.maps import inside
from fundus_anomaly.seeds import generator

_SCORED_AT_ONCE = 4
_SLOWER, _SLOWER_FROM = 0.2, (0.8, 0.9)
_FILTER = 21 / 256


@dataclass(frozen=True)
class Settings:
    """Settings of the method; workflow/schemas/config.schema.yaml says what each may be."""

    reconstructive_width: int = 128
    discriminative_width: int = 64
    epochs: int = 700
    batch: int = 8
    learning_rate: float = 1e-4
    finest: int = 5
    texture_folder: str = ""


class Networks(nn.Module):
    """The reconstructive and the discriminative network, of these widths."""

    def __init__(self, reconstructive: int, discriminative: int):
        super().__init__()
        self.reconstructive = ReconstructiveNetwork(reconstructive)
        self.discriminative = DiscriminativeNetwork(discriminative)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return reconstructions ``(n, 3, S, S)``, and the probabilities of normal and abnormal, ``(n, 2, S, S)``."""
        reconstructed = self.reconstructive(images)
        return reconstructed, self.discriminative(torch.cat([reconstructed, images], 1)).softmax(1)


class Discrimination:
    """The training of both networks at once, as a learner; see :class:`..training.epochs.Learner`."""

    def __init__(self, networks: Networks, normals: Photographs, held_out: Photographs, settings: Settings, work: Work):
        self._networks, self._normals, self._held_out = networks, normals, held_out
        self._settings, self._device, self._seed = settings, work.device, work.seed
        self._textures = Textures(settings.texture_folder)
        self._optimiser = torch.optim.Adam(networks.parameters(), lr=settings.learning_rate)
        self.modules, self.optimisers = {"networks": networks}, {"optimiser": self._optimiser}
        self.images = len(normals)

    def epoch(self, number: int, shown: Callable[[int], object]) -> dict[str, float]:
        """Take each normal once, in an order and with anomalies of this epoch's own; return the three losses."""
        self._networks.train()
        for group in self._optimiser.param_groups:
            group["lr"] = rate(self._settings, number)
        order = generator(self._seed, "order", number).permutation(len(self._normals))
        total = torch.zeros(3, device=self._device)
        for places in self._batches(order):
            losses = self._losses(self._normals, places, f"epoch {number}")
            self._optimiser.zero_grad(set_to_none=True)
            losses.sum().backward()
            self._optimiser.step()
            total += losses.detach() * len(places)
            shown(len(places))
        squares, similarity, focal = (total / len(order)).tolist()
        row = {"loss": squares + similarity + focal, "l2_loss": squares, "ssim_loss": similarity, "focal_loss": focal}
        return row | ({"held_out_loss": self._judge()} if len(self._held_out) else {})

    def _batches(self, order: np.ndarray) -> list[np.ndarray]:
        return [order[first : first + self._settings.batch] for first in range(0, len(order), self._settings.batch)]

    def _losses(self, photographs: Photographs, places: Sequence[int], name: str) -> torch.Tensor:
        """Return mean square, 1 − SSIM and focal loss of some photographs with anomalies, ``(3,)`` (eq. 1 to 4)."""
        read = zip(places, photographs.images(places), photographs.fields_of_view(places), strict=True)
        made = [
            pasted(
                *(image, view, self._textures, self._settings.finest),
                generator(self._seed, "anomaly", photographs.ids[place], name),
            )
            for place, image, view in read
        ]
        clean, images = (unit_images(np.stack(each), self._device) for each in list(zip(*made, strict=True))[:2])
        mask = torch.from_numpy(np.stack([one.mask for one in made])).to(self._device)
        reconstructed, probabilities = self._networks(images)
        squares = nn.functional.mse_loss(reconstructed, clean)
        return torch.stack([squares, 1 - ssim(reconstructed, clean), focal_loss(probabilities, mask)])

    @torch.inference_mode()
    def _judge(self) -> float:
        """Return the loss of the held-out photographs, whose anomalies are the same in each epoch."""
        self._networks.eval()
        batches = self._batches(np.arange(len(self._held_out)))
        total = sum(float(self._losses(self._held_out, part, "held out").sum()) * len(part) for part in batches)
        return total / len(self._held_out)


def rate(settings: Settings, number: int) -> float:
    """Return the learning rate of an epoch: a fifth from 80 % of the epochs on, a twenty-fifth from 90 %."""
    return settings.learning_rate * _SLOWER ** sum(number >= share * settings.epochs for share in _SLOWER_FROM)


class Detector:
    """Both networks, trained."""

    def __init__(self, networks: Networks, device: str):
        self._networks, self._device = networks.to(device).eval(), device

    @torch.inference_mode()
    def score(self, images: np.ndarray, fields_of_view: np.ndarray) -> Scores:
        """Return each pixel's probability of an anomaly; the image score is the maximum after a mean filter.

        The filter's 21 pixels are of 256, and it is looked at within the field of view less 2 % of the width.
        """
        maps, smoothed = [], []
        reach = round((_FILTER * images.shape[1] - 1) / 2)
        for first in range(0, len(images), _SCORED_AT_ONCE):
            batch = unit_images(images[first : first + _SCORED_AT_ONCE], self._device)
            abnormal = self._networks(batch)[1][:, 1]
            maps.append(abnormal.float().cpu().numpy())
            filtered = nn.functional.avg_pool2d(abnormal[:, None], 2 * reach + 1, 1, reach)
            smoothed.append(filtered[:, 0].double().cpu().numpy())
        views = [inside(view, MARGIN * images.shape[2]) for view in fields_of_view]
        highest = [map_[view].max() for map_, view in zip(np.concatenate(smoothed), views, strict=True)]
        return Scores(np.array(highest), np.concatenate(maps))

    def state(self) -> Mapping[str, torch.Tensor]:
        """Return the networks' parameters and buffers."""
        return self._networks.state_dict()


def _networks(settings: Settings) -> Networks:
    return Networks(settings.reconstructive_width, settings.discriminative_width)


def fit(normals: Photographs, held_out: Photographs, settings: Settings, work: Work) -> Fitted:
    """Train both networks."""
    networks = first_network("draem", lambda: initialised(_networks(settings)), work)
    learner = Discrimination(networks, normals, held_out, settings, work)
    history = trained(learner, settings.epochs, work)
    return Fitted(Detector(networks, work.device), history)


def read(state: Mapping[str, torch.Tensor], size: int, settings: Settings, work: Work) -> Detector:
    """Return what an earlier fit has learned."""
    networks = network_again("draem", lambda: _networks(settings), state)
    return Detector(networks, work.device)


METHOD = Method(Settings, fit, read)
