"""WDMT-Net (Zhang et al., A Multi-task Network with Weight Decay Skip Connection Training for Anomaly Detection, 2022).

A U-Net reconstructs normal photographs and draws their oriented gradients. Its skip connections, through which a lesion
could be copied, fade away in the first epochs. Its code has a protocol for fundus photographs, here ``protocol:
paper``: grey, 768×768 (the workflow asks for photographs of that size), cut into 3×3 patches, each three times in an
epoch, with gradients of cells of 4, 8 and 16 pixels. ``common`` is that of the other methods: in colour at their size,
each patch once in an epoch, with cells drawn at random. Not taken over is that code's choice of the epoch by the test.
Patches are blurred, and so is what they are to become; gradients are those of the sharp photograph, divided by their
maximum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torchvision.transforms.v2.functional import gaussian_blur

from fundus_anomaly.imaging.hog_image import hog_image
from fundus_anomaly.imaging.patch_grid import cut, joined
from fundus_anomaly.methods.interface import Fitted, Method, Photographs, Scores, Work
from fundus_anomaly.methods.learned import first_network, network_again, trained
from fundus_anomaly.methods.reconstruction import MARGIN, absolute_residual, unit_images
from fundus_anomaly.networks.fading_unet import FadingUNet
from fundus_anomaly.scoring.maps import inside
from fundus_anomaly.seeds import generator

_CELLS, _PAPERS_SIDE, _PAPERS_CUTS = (4, 8, 16), 768, 3
_BLUR, _SIGMA = (5, 9), (0.1, 5.0)
# Photographs whose patches are mixed with each other; those of all may be beyond memory.
_TOGETHER = 16


@dataclass(frozen=True)
class Settings:
    """Settings of the method; workflow/schemas/config.schema.yaml says what each may be."""

    protocol: str = "common"
    cuts: int = 1
    width: int = 64
    fading: float = 0.05
    epochs: int = 200
    batch: int = 32
    learning_rate: float = 1e-4
    weight_decay: float = 5e-5

    def skip(self, epochs: float) -> float:
        """Return α after a number of epochs."""
        return max(0.0, 1 - self.fading * epochs)

    def channels(self) -> int:
        """Return the channels of the images that the network sees."""
        return 1 if self.protocol == "paper" else 3

    def grid(self) -> int:
        """Return the patches along a side."""
        return _PAPERS_CUTS if self.protocol == "paper" else self.cuts

    def seen(self, images: np.ndarray) -> torch.Tensor:
        """Return ``(n, S, S, 3)`` uint8 photographs before they are cut, ``(n, channels, side, side)`` in 0 to 1."""
        unit = unit_images(images, "cpu")
        if self.protocol == "paper":
            return F.interpolate(_grey(unit), (_PAPERS_SIDE, _PAPERS_SIDE), mode="bilinear", antialias=True)
        return unit


def network(settings: Settings) -> FadingUNet:
    """Return the network; what it gives has a channel of gradients behind those of the image."""
    return FadingUNet(settings.channels(), settings.channels() + 1, settings.width)


def gradients(images: torch.Tensor, cell: int) -> torch.Tensor:
    """Return the oriented gradients of images between 0 and 1, each divided by its maximum, ``(n, 1, side, side)``."""
    drawn = [hog_image(image[0].numpy(), cell) for image in _grey(images)]
    return torch.from_numpy(np.stack([one / max(one.max(), 1e-12) for one in drawn])[:, None]).float()


def _grey(images: torch.Tensor) -> torch.Tensor:
    if images.shape[1] == 1:
        return images
    return (images * images.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)


class Detector:
    """The network after its training, with what is left of its skip connections."""

    def __init__(self, model: FadingUNet, settings: Settings, device: str):
        self._model, self._settings, self._device = model.to(device).eval(), settings, device
        model.skip = settings.skip(settings.epochs)

    @torch.inference_mode()
    def score(self, images: np.ndarray, fields_of_view: np.ndarray) -> Scores:
        """Return |x − x̂| of the image, and as score its maximum within the field of view less 2 % of the width."""
        maps = np.concatenate([self._residual(images[number : number + 1]) for number in range(len(images))])
        side, own = maps.shape[-1], []
        for map_, view in zip(maps, fields_of_view, strict=True):
            known = torch.from_numpy(np.ascontiguousarray(view))[None, None].float()
            at_side = F.interpolate(known, (side, side), mode="nearest")[0, 0].numpy() > 0
            own.append(map_[inside(at_side, MARGIN * side)].max())
        return Scores(np.array(own, np.float64), maps)

    def _residual(self, images: np.ndarray) -> np.ndarray:
        parts = cut(self._settings.seen(images), self._settings.grid()).to(self._device)
        found = absolute_residual(parts, self._model(parts)[:, : parts.shape[1]])
        return joined(found[:, None], self._settings.grid())[:, 0].cpu().numpy()

    def state(self) -> Mapping[str, torch.Tensor]:
        """Return the network's parameters and buffers."""
        return self._model.state_dict()


class Training:
    """The training, epoch by epoch; see :func:`..training.epochs.learn`."""

    def __init__(self, model: FadingUNet, normals: Photographs, held_out: Photographs, settings: Settings, work: Work):
        self._model, self._normals, self._held_out = model, normals, held_out
        self._settings, self._work = settings, work
        decay = {"lr": settings.learning_rate, "weight_decay": settings.weight_decay}
        self._optimiser = torch.optim.Adam(model.parameters(), amsgrad=True, **decay)
        self.modules, self.optimisers, self.images = {"network": model}, {"optimiser": self._optimiser}, len(normals)
        self._cells_at_once = len(_CELLS) if settings.protocol == "paper" else 1

    def epoch(self, number: int, shown: Callable[[int], object]) -> dict[str, float]:
        """Take each patch of each normal; the skip connections and the learning rate (a cosine) fall with each step."""
        patches = len(self._normals) * self._settings.grid() ** 2 * self._cells_at_once
        steps, totals = math.ceil(patches / self._settings.batch), torch.zeros(2, device=self._work.device)
        self._model.train()
        for step, batch in enumerate(self._batches(number, shown)):
            done = number + step / steps
            self._model.skip = self._settings.skip(done)
            (group,) = self._optimiser.param_groups
            group["lr"] = self._settings.learning_rate * (1 + math.cos(math.pi * done / self._settings.epochs)) / 2
            losses = self.losses(batch)
            self._optimiser.zero_grad(set_to_none=True)
            losses.sum().backward()
            self._optimiser.step()
            totals += losses.detach() * len(batch)
        image, drawn = (float(total) / patches for total in totals)
        self._model.skip = self._settings.skip(number + 1)
        figures = {"loss": image + drawn, "image_loss": image, "gradient_loss": drawn, "skip": self._model.skip}
        return figures | ({"held_out_loss": self._judge()} if len(self._held_out) else {})

    def losses(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the squared errors of image and gradients, ``(2,)``, for patches with their gradients behind them."""
        batch = batch.to(self._work.device)
        given, channels = self._model(batch[:, :-1]), self._settings.channels()
        image, drawn = (F.mse_loss(given[:, part], batch[:, part]) for part in (slice(channels), slice(channels, None)))
        return torch.stack([image, drawn])

    def _batches(self, number: int, shown: Callable[[int], object]) -> Iterator[torch.Tensor]:
        """Yield the epoch's patches; those of 16 photographs are mixed."""
        order = generator(self._work.seed, "order", number).permutation(len(self._normals))
        waiting: list[torch.Tensor] = []
        for first in range(0, len(order), _TOGETHER):
            group = order[first : first + _TOGETHER]
            added = [patch for place in group for patch in self._patches(number, place)]
            mixed = generator(self._work.seed, "patches", number, first).permutation(len(added))
            waiting += [added[place] for place in mixed]
            while len(waiting) >= self._settings.batch or (waiting and first + _TOGETHER >= len(order)):
                yield torch.stack(waiting[: self._settings.batch])
                waiting = waiting[self._settings.batch :]
            shown(len(group))

    def _patches(self, number: int, place: int) -> Iterator[torch.Tensor]:
        """Yield the patches of a normal with their gradients, mirrored and blurred at random."""
        chance = generator(self._work.seed, "patch", number, self._normals.ids[place])
        image = self._settings.seen(self._normals.images([place]))
        parts = [self._with_gradients(image, cell) for cell in _CELLS]
        for patch in range(len(parts[0])):
            for cell in chance.permutation(len(_CELLS))[: self._cells_at_once]:
                yield augmented(parts[cell][patch], chance)

    def _with_gradients(self, images: torch.Tensor, cell: int) -> torch.Tensor:
        return cut(torch.cat([images, gradients(images, cell)], 1), self._settings.grid())

    @torch.inference_mode()
    def _judge(self) -> float:
        """Return the loss of the held-out photographs, as they are, with gradients of the smallest cells."""
        self._model.eval()
        count, total = len(self._held_out), 0.0
        for place in range(count):
            image = self._settings.seen(self._held_out.images([place]))
            total += float(self.losses(self._with_gradients(image, _CELLS[0])).sum())
        return total / count


def augmented(patch: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
    """Return a patch, its gradients in the last channel, mirrored at random along both sides, and its image blurred."""
    patch = patch.flip([axis for axis in (1, 2) if chance.random() < 0.5])
    sigma = float(chance.uniform(*_SIGMA))
    return torch.cat([gaussian_blur(patch[:-1], list(_BLUR), [sigma, sigma]), patch[-1:]])


def fit(normals: Photographs, held_out: Photographs, settings: Settings, work: Work) -> Fitted:
    """Learn to reconstruct normal photographs and their gradients: Adam with AMSGrad."""
    model = first_network("wdmt_net", lambda: network(settings), work)
    learner = Training(model, normals, held_out, settings, work)
    history = trained(learner, settings.epochs, work)
    return Fitted(Detector(model, settings, work.device), history)


def read(state: Mapping[str, torch.Tensor], size: int, settings: Settings, work: Work) -> Detector:
    """Return what an earlier fit has learned."""
    model = network_again("wdmt_net", lambda: network(settings), state)
    return Detector(model, settings, work.device)


METHOD = Method(Settings, fit, read)
