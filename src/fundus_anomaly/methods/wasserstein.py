"""Wasserstein GAN with gradient penalty (Gulrajani et al., Improved Training of Wasserstein GANs, 2017) by steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from fundus_anomaly.methods.interface import Photographs
from fundus_anomaly.methods.patches import drawn, signed
from fundus_anomaly.training.stages import STEPS_AN_EPOCH, epochs_of, steps_in

_PENALTY = 10.0


def gradient_penalty(
    critic: Callable[[torch.Tensor], torch.Tensor], real: torch.Tensor, fake: torch.Tensor, mix: torch.Tensor
) -> torch.Tensor:
    """Return λ(‖∇D(x̂)‖₂ − 1)² with λ = 10 of each sample, ``(n,)``, x̂ between a real and a generated one (eq. 3).

    Args:
        critic: D, from ``(n, …)`` samples to ``(n,)`` values.
        real: ``(n, …)`` float.
        fake: Likewise.
        mix: ``(n,)`` float between 0 and 1, the share of the real sample in x̂: one number a sample.
    """
    mix = mix.view(-1, *[1] * (real.ndim - 1))
    between = (mix * real + (1 - mix) * fake).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return _PENALTY * (gradient.flatten(1).norm(dim=1) - 1) ** 2


@dataclass
class WassersteinStage:
    """The training of generator and critic, as a learner; see :class:`..training.epochs.Learner`.

    Attributes:
        generator: From ``(n, z)`` normal noise to ``(n, 3, 64, 64)`` patches between -1 and 1.
        critic: From such patches to ``(n,)`` values.
        normals: Photographs to draw patches from.
        steps: Steps of the generator.
        critic_steps: Steps of the critic before each of them.
        batch: Patches a step.
        learning_rate: Of Adam, β = (0, .9).
        device: ``"cpu"`` or ``"cuda"``.
        seed: Seed of this repeat.
    """

    generator: nn.Module
    critic: nn.Module
    normals: Photographs
    steps: int
    critic_steps: int
    batch: int
    learning_rate: float
    device: str
    seed: int

    def __post_init__(self) -> None:
        """Make the optimisers."""
        self._of_generator, self._of_critic = (
            torch.optim.Adam(network.parameters(), lr=self.learning_rate, betas=(0.0, 0.9))
            for network in (self.generator, self.critic)
        )
        self.modules = {"generator": self.generator, "critic": self.critic}
        self.optimisers = {"generator": self._of_generator, "critic": self._of_critic}
        self.epochs = epochs_of(self.steps)
        self.images = min(self.steps, STEPS_AN_EPOCH) * self.batch * (self.critic_steps + 1)

    def epoch(self, number: int, shown: Callable[[int], object]) -> dict[str, float]:
        """Take 50 steps of the generator; return both losses and the distance D(x) − D(G(z)), means over the steps."""
        self.generator.train().requires_grad_(True)
        self.critic.train().requires_grad_(True)
        total = torch.zeros(3, device=self.device)
        steps = steps_in(number, self.steps)
        for step in steps:
            for turn in range(self.critic_steps):
                total[:2] += self.improve_critic(step, turn) / self.critic_steps
            total[2] += self.improve_generator()
            shown(self.batch * (self.critic_steps + 1))
        distance, critic_loss, generator_loss = (total / len(steps)).tolist()
        return {"generator_loss": generator_loss, "critic_loss": critic_loss, "critic_distance": distance}

    def improve_critic(self, step: int, turn: int) -> torch.Tensor:
        """Take one step of the critic; return D(x) − D(G(z)) and its loss, ``(2,)``."""
        real = signed(drawn(self.normals, self.batch, self.seed, "critic", step, turn), self.device)
        with torch.no_grad():
            fake = self.generator(self._noise())
        distance = (self.critic(real) - self.critic(fake)).mean()
        mix = torch.rand(self.batch).to(self.device)
        loss = gradient_penalty(self.critic, real, fake, mix).mean() - distance
        self._of_critic.zero_grad(set_to_none=True)
        loss.backward()
        self._of_critic.step()
        return torch.stack([distance, loss]).detach()

    def improve_generator(self) -> torch.Tensor:
        """Take one step of the generator; return its loss −D(G(z))."""
        self.critic.requires_grad_(False)
        loss = -self.critic(self.generator(self._noise())).mean()
        self._of_generator.zero_grad(set_to_none=True)
        loss.backward()
        self._of_generator.step()
        self.critic.requires_grad_(True)
        return loss.detach()

    def _noise(self) -> torch.Tensor:
        # Drawn on the CPU, so that every device has the same.
        return torch.randn(self.batch, self.generator.code).to(self.device)
