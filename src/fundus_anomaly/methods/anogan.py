"""AnoGAN (Schlegl et al., Unsupervised Anomaly Detection with Generative Adversarial Networks, 2017).

A GAN learns to make normal patches; of a patch that is judged the latent vector z is searched whose generated patch
comes nearest to it (Sec. 2.2). What is left of the difference is abnormal. The networks are those of Radford et al.
(DCGAN, 2015). The paper gives neither the search's learning rate nor a photograph's score, here its worst patch's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from fundus_anomaly.methods.interface import Fitted, Method, Photographs, Work
from fundus_anomaly.methods.learned import first_network, network_again, trained
from fundus_anomaly.methods.patches import Judged, PatchDetector, drawn, signed
from fundus_anomaly.networks.dcgan import CODE, Discriminator, Generator
from fundus_anomaly.networks.normal_weights import initialised
from fundus_anomaly.training.seeded import seeded
from fundus_anomaly.training.stages import STEPS_AN_EPOCH, epochs_of, steps_in

_FEATURES = 0.1
"""λ of eq. 5."""


@dataclass(frozen=True)
class Settings:
    """Settings of the method; workflow/schemas/config.schema.yaml says what each may be."""

    width: int = 64
    steps: int = 20000
    batch: int = 64
    learning_rate: float = 2e-4
    mapping_steps: int = 500
    mapping_learning_rate: float = 0.05
    stride: int = 64


class Networks(nn.Module):
    """Generator G and discriminator D.

    Args:
        width: Channels of their widest maps; 64 are the published networks.
    """

    def __init__(self, width: int):
        super().__init__()
        self.generator, self.discriminator = Generator(width), Discriminator(width)

    def losses(self, patches: torch.Tensor, wanted: torch.Tensor, generated: torch.Tensor) -> torch.Tensor:
        """Return (1 − λ) Σ|x − G(z)| + λ Σ|f(x) − f(G(z))| of each patch, ``(n,)`` (eq. 3 to 5).

        Args:
            patches: x, ``(n, 3, 64, 64)``.
            wanted: f(x), what the discriminator's logit is made of, ``(n, d)``.
            generated: G(z), as ``patches``.
        """
        residual = (patches - generated).abs().flatten(1).sum(1)
        features = (wanted - self.discriminator.features(generated)).abs().sum(1)
        return (1 - _FEATURES) * residual + _FEATURES * features

    def mapped(
        self, patches: torch.Tensor, codes: torch.Tensor, steps: int, learning_rate: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Search the latent vectors of patches, with Adam; those of each patch as if it were alone.

        The losses of all patches are added: no patch's gradient has a part of another's, and Adam's steps are taken
        element by element. In evaluation mode no normalisation couples patches either.

        Args:
            patches: x, ``(n, 3, 64, 64)``.
            codes: z₀, ``(n, 100)``.
            steps: How many.
            learning_rate: Of Adam.

        Returns:
            z* and its loss, ``(n, 100)`` and ``(n,)``: the best that each patch has seen, z₀ included.
        """
        codes = codes.detach().clone().requires_grad_()
        optimiser = torch.optim.Adam([codes], lr=learning_rate)
        with torch.no_grad():
            wanted = self.discriminator.features(patches)
        best, least = codes.detach().clone(), torch.full_like(codes[:, 0], math.inf)
        for step in range(steps + 1):
            losses = self.losses(patches, wanted, self.generator(codes))
            better = losses.detach() < least
            best[better], least[better] = codes.detach()[better], losses.detach()[better]
            if step < steps:
                (codes.grad,) = torch.autograd.grad(losses.sum(), codes)
                optimiser.step()
        return best, least


class Adversaries:
    """The training of generator and discriminator, as a learner; see :class:`..training.epochs.Learner`."""

    def __init__(self, networks: Networks, normals: Photographs, settings: Settings, device: str, seed: int):
        self._networks, self._normals, self._settings = networks, normals, settings
        self._device, self._seed = device, seed
        self.modules = {"generator": networks.generator, "discriminator": networks.discriminator}
        self.optimisers = {
            name: torch.optim.Adam(network.parameters(), lr=settings.learning_rate, betas=(0.5, 0.999))
            for name, network in self.modules.items()
        }
        self.epochs = epochs_of(settings.steps)
        self.images = min(settings.steps, STEPS_AN_EPOCH) * settings.batch

    def epoch(self, number: int, shown: Callable[[int], object]) -> dict[str, float]:
        """Take 50 steps of each network; return the means of both losses."""
        self._networks.train().requires_grad_(True)
        total = torch.zeros(2, device=self._device)
        steps = steps_in(number, self._settings.steps)
        for step in steps:
            real = signed(drawn(self._normals, self._settings.batch, self._seed, "step", step), self._device)
            total += self.step(real)
            shown(len(real))
        generator_loss, discriminator_loss = (total / len(steps)).tolist()
        return {"generator_loss": generator_loss, "discriminator_loss": discriminator_loss}

    def step(self, real: torch.Tensor) -> torch.Tensor:
        """Take one step of the discriminator, then one of the generator; return the losses, the generator's first."""
        generator, discriminator = self._networks.generator, self._networks.discriminator
        # Drawn on the CPU, so that every device has the same.
        fake = generator(torch.randn(len(real), CODE).to(real.device))
        of_discriminator = (
            nn.functional.softplus(-discriminator(real)).mean()
            + nn.functional.softplus(discriminator(fake.detach())).mean()
        )
        self._improve("discriminator", of_discriminator)
        # Non-saturating: the generator's patches are to be taken for real.
        of_generator = nn.functional.softplus(-discriminator(fake)).mean()
        self._improve("generator", of_generator)
        return torch.stack([of_generator, of_discriminator]).detach()

    def _improve(self, name: str, loss: torch.Tensor) -> None:
        optimiser = self.optimisers[name]
        optimiser.zero_grad(set_to_none=True)
        loss.backward(inputs=list(self.modules[name].parameters()))
        optimiser.step()


def fit(normals: Photographs, held_out: Photographs, settings: Settings, work: Work) -> Fitted:
    """Train generator and discriminator; the held-out photographs have no loss that could be reported."""
    networks = first_network("anogan", lambda: initialised(Networks(settings.width)), work)
    learner = Adversaries(networks, normals, settings, work.device, work.seed)
    history = trained(learner, learner.epochs, work)
    return Fitted(_detector(networks, settings, work), history)


def _detector(networks: Networks, settings: Settings, work: Work) -> PatchDetector:
    def judge(patches: torch.Tensor, seeds: Sequence[int]) -> Judged:
        codes = torch.stack([_first_code(seed) for seed in seeds]).to(patches.device)
        codes, losses = networks.mapped(patches, codes, settings.mapping_steps, settings.mapping_learning_rate)
        with torch.no_grad():
            # |x − x̂| of values between 0 and 1, as the maps of other methods.
            return Judged(losses, (patches - networks.generator(codes)).abs().mean(1) / 2)

    return PatchDetector(networks, judge, settings.stride, work.device)


def _first_code(seed: int) -> torch.Tensor:
    with seeded(seed, "z"):
        return torch.randn(CODE)


def read(state: Mapping[str, torch.Tensor], size: int, settings: Settings, work: Work) -> PatchDetector:
    """Return what an earlier fit has learned."""
    networks = network_again("anogan", lambda: Networks(settings.width), state)
    return _detector(networks, settings, work)


METHOD = Method(Settings, fit, read)
