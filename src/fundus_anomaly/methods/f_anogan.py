"""f-AnoGAN (Schlegl et al., f-AnoGAN: Fast Unsupervised Anomaly Detection with Generative Adversarial Networks, 2019).

A Wasserstein GAN learns to make normal patches; then an encoder learns which latent vector a patch has (izi_f: image to
z to image, with the critic's features). What the generator cannot make of an encoded patch is abnormal. The networks
are the residual ones of the authors' code, whose TensorFlow does not update the encoder's running statistics in
training; here they are updated, as is evidently meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from fundus_anomaly.methods.interface import Fitted, Method, Photographs, Work
from fundus_anomaly.methods.learned import first_network, network_again, trained
from fundus_anomaly.methods.patches import Judged, PatchDetector, drawn, signed
from fundus_anomaly.methods.wasserstein import WassersteinStage
from fundus_anomaly.networks.residual_gan import Critic, Encoder, Generator
from fundus_anomaly.training.stages import STEPS_AN_EPOCH, Stage, Stages, epochs_of, steps_in

_FEATURES = 1.0


@dataclass(frozen=True)
class Settings:
    """Settings of the method; workflow/schemas/config.schema.yaml says what each may be."""

    width: int = 64
    generator_steps: int = 5000
    critic_steps: int = 5
    encoder_steps: int = 50000
    batch: int = 64
    learning_rate: float = 1e-4
    encoder_learning_rate: float = 5e-5
    stride: int = 32


class Networks(nn.Module):
    """Generator G, critic D and encoder E.

    Args:
        width: Channels of their widest maps; the paper's 64.
    """

    def __init__(self, width: int):
        super().__init__()
        self.generator, self.critic, self.encoder = Generator(width), Critic(width), Encoder(width)

    def judge(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return of patches ``(n, 3, 64, 64)`` x: G(E(x)), and the means of (x − G(E(x)))² and (f(x) − f(G(E(x))))²."""
        generated = self.generator(self.encoder(patches))
        features = self.critic.features(patches) - self.critic.features(generated)
        return generated, (patches - generated).square().mean((1, 2, 3)), features.square().mean(1)

    def score(self, patches: torch.Tensor) -> torch.Tensor:
        """Return the anomaly score, which is the encoder's loss, too: the residual and κ = 1 times the features'."""
        _, residual, features = self.judge(patches)
        return residual + _FEATURES * features


@dataclass
class EncoderStage:
    """The encoder's training with generator and critic as they are, as a learner."""

    networks: Networks
    normals: Photographs
    held_out: Photographs
    settings: Settings
    device: str
    seed: int
    modules: Mapping[str, nn.Module] = field(init=False)

    def __post_init__(self) -> None:
        """Make the optimiser."""
        encoder, steps = self.networks.encoder, self.settings.encoder_steps
        self._optimiser = torch.optim.RMSprop(encoder.parameters(), lr=self.settings.encoder_learning_rate)
        self.modules, self.optimisers = {"encoder": encoder}, {"encoder": self._optimiser}
        self.epochs = epochs_of(steps)
        self.images = min(steps, STEPS_AN_EPOCH) * self.settings.batch

    def epoch(self, number: int, shown: Callable[[int], object]) -> dict[str, float]:
        """Take 50 steps; return the mean loss, and that of patches of the held-out photographs."""
        batch = self.settings.batch
        # In evaluation mode, too: their batch normalisation must not learn either.
        self.networks.eval().requires_grad_(False)
        self.networks.encoder.train().requires_grad_(True)
        total = torch.zeros((), device=self.device)
        steps = steps_in(number, self.settings.encoder_steps)
        for step in steps:
            patches = signed(drawn(self.normals, batch, self.seed, "encoder", step), self.device)
            loss = self.networks.score(patches).mean()
            self._optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self._optimiser.step()
            total += loss.detach()
            shown(batch)
        row = {"loss": float(total) / len(steps)}
        if len(self.held_out):
            self.networks.eval()
            with torch.inference_mode():
                patches = signed(drawn(self.held_out, batch, self.seed, "held out"), self.device)
                row["held_out_loss"] = float(self.networks.score(patches).mean())
        return row


def fit(normals: Photographs, held_out: Photographs, settings: Settings, work: Work) -> Fitted:
    """Train generator and critic, then the encoder."""
    networks = first_network("f_anogan", lambda: Networks(settings.width), work)
    adversarial = WassersteinStage(
        networks.generator,
        networks.critic,
        normals,
        steps=settings.generator_steps,
        critic_steps=settings.critic_steps,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        device=work.device,
        seed=work.seed,
    )
    encoding = EncoderStage(networks, normals, held_out, settings, work.device, work.seed)
    learner = Stages([Stage(adversarial, adversarial.epochs), Stage(encoding, encoding.epochs)])
    history = trained(learner, learner.epochs, work)
    return Fitted(_detector(networks, settings, work), history)


def _detector(networks: Networks, settings: Settings, work: Work) -> PatchDetector:
    @torch.inference_mode()
    def judge(patches: torch.Tensor, seeds: Sequence[int]) -> Judged:
        generated, residual, features = networks.judge(patches)
        # |x − x̂| of values between 0 and 1, as the maps of other methods.
        return Judged(residual + _FEATURES * features, (patches - generated).abs().mean(1) / 2)

    return PatchDetector(networks, judge, settings.stride, work.device)


def read(state: Mapping[str, torch.Tensor], size: int, settings: Settings, work: Work) -> PatchDetector:
    """Return what an earlier fit has learned."""
    networks = network_again("f_anogan", lambda: Networks(settings.width), state)
    return _detector(networks, settings, work)


METHOD = Method(Settings, fit, read)
