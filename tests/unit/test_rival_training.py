"""What the compared methods train with: optimisers, losses, first weights and schedules of their papers or authors."""

import math

import numpy as np
import pytest
import torch
from sample_photographs import ArrayPhotographs, discs
from torch import nn

from fundus_anomaly.methods import learned
from fundus_anomaly.methods.interface import Work
from fundus_anomaly.methods.named import method_named

SIZES = {
    "auto_encoder": {"code": 8},
    "anogan": {"width": 8, "mapping_steps": 1},
    "draem": {"reconstructive_width": 8, "discriminative_width": 8},
    "f_anogan": {"width": 4, "batch": 2},
    "memae": {"channels": [8, 8, 16, 16], "items": 20},
    "wdmt_net": {"width": 4},
}
PHOTOGRAPHS = ArrayPhotographs(discs(5, 64))


@pytest.fixture
def untrained(monkeypatch, tmp_path):
    """Return a function that gives the learner that a method's fit trains, and its detector, before its training."""

    def of(method, **changes):
        caught, module = [], method_named(method)
        monkeypatch.setattr(learned, "learn", lambda learner, epochs, **work: [caught.append(learner)])
        settings = module.settings(**SIZES[method] | changes)
        fitted = module.fit(PHOTOGRAPHS, ArrayPhotographs(discs(0, 64)), settings, Work("cpu", 3, tmp_path / "a", "k"))
        return caught[0], fitted.detector

    return of


ADAM = {"betas": (0.9, 0.999), "amsgrad": False, "weight_decay": 0}


@pytest.mark.parametrize(
    ("method", "network", "optimiser", "kind", "options"),
    [
        ("auto_encoder", "network", "optimiser", torch.optim.Adam, ADAM | {"lr": 1e-4, "betas": (0.5, 0.999)}),
        ("anogan", "generator", "generator", torch.optim.Adam, ADAM | {"lr": 2e-4, "betas": (0.5, 0.999)}),
        ("anogan", "discriminator", "discriminator", torch.optim.Adam, ADAM | {"lr": 2e-4, "betas": (0.5, 0.999)}),
        ("draem", "networks", "optimiser", torch.optim.Adam, ADAM | {"lr": 1e-4}),
        ("f_anogan", "generator", "generator", torch.optim.Adam, ADAM | {"lr": 1e-4, "betas": (0, 0.9)}),
        ("f_anogan", "critic", "critic", torch.optim.Adam, ADAM | {"lr": 1e-4, "betas": (0, 0.9)}),
        ("f_anogan", "encoder", "encoder", torch.optim.RMSprop, {"lr": 5e-5, "momentum": 0, "weight_decay": 0}),
        ("memae", "network", "optimiser", torch.optim.Adam, ADAM | {"lr": 1e-4}),
        (
            *("wdmt_net", "network", "optimiser", torch.optim.Adam),
            ADAM | {"lr": 1e-4, "amsgrad": True, "weight_decay": 5e-5},
        ),
    ],
)
def test_each_network_is_trained_by_the_optimiser_of_its_paper(untrained, method, network, optimiser, kind, options):
    learner, _ = untrained(method)
    found = learner.optimisers[optimiser]
    assert type(found) is kind
    (group,) = found.param_groups
    assert {name: group[name] for name in options} == options
    assert {id(part) for part in group["params"]} == {id(part) for part in learner.modules[network].parameters()}


@pytest.mark.parametrize("method", ["anogan", "draem"])
def test_first_weights_are_drawn_from_narrow_normal_distributions(untrained, method):
    networks = nn.ModuleList(untrained(method)[0].modules.values())
    weights = [part.weight for part in networks.modules() if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)]
    scales = [part.weight for part in networks.modules() if isinstance(part, nn.BatchNorm2d)]
    for parts, mean in ((weights, 0), (scales, 1)):
        values = torch.cat([part.detach().flatten() for part in parts])
        assert values.mean().item() == pytest.approx(mean, abs=0.002)
        assert values.std().item() == pytest.approx(0.02, rel=0.1)


def test_memaes_loss_is_the_squared_error_between_minus_1_and_1_and_the_weighed_entropy(untrained):
    learner, _ = untrained("memae", entropy=3.0)
    images, weights = torch.full((2, 3, 4, 4), 0.25), torch.tensor([[0.5, 0.5, 0], [1, 0, 0]])
    # (2 · .5)² and the mean of ln 2 and 0.
    assert learner._loss(images, (images + 0.5, weights)).item() == pytest.approx(1 + 3 * math.log(2) / 2)


def test_memaes_encoder_sees_values_between_minus_1_and_1_and_its_decoder_gives_them(untrained):
    network, seen = untrained("memae")[0].modules["network"], []
    network.encoder.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network.decoder.register_forward_hook(lambda _, given, found: torch.full_like(found, -0.5))
    reconstructed, _ = network(torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1).expand(2, 3, 64, 64))
    assert seen[0][0, :, 0, 0].tolist() == [-1, 0, 1]
    assert (reconstructed == 0.25).all()


class Constant(nn.Module):
    """A discriminator that says the same of all."""

    def forward(self, patches):
        return 0 * patches.sum((1, 2, 3)) + 2


def test_anogans_losses_are_cross_entropies_and_the_generators_does_not_saturate(untrained, monkeypatch):
    learner, _ = untrained("anogan")
    learner._networks.discriminator = Constant()
    monkeypatch.setattr(learner, "_improve", lambda name, loss: None)
    real, fake = -math.log(1 / (1 + math.exp(-2))), -math.log(1 - 1 / (1 + math.exp(-2)))
    assert learner.step(torch.zeros(2, 3, 64, 64)).tolist() == pytest.approx([real, real + fake])


def test_f_anogans_score_is_the_residual_and_as_much_of_the_critics_features(untrained):
    learner, detector = untrained("f_anogan")
    networks = nn.ModuleDict(dict(learner.modules)).eval()
    images = discs(2, 64, 7)
    x = torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        # Features of another size than the pixels, so that neither hides the other.
        for part in networks["critic"].parameters():
            part.mul_(2)
        generated = networks["generator"](networks["encoder"](x))
        features = [networks["critic"].features(each) for each in (x, generated)]
    residual = (x - generated).square().mean((1, 2, 3))
    apart = (features[0] - features[1]).square().mean(1)
    assert (apart > 0.1 * residual).all()
    # One patch is the whole photograph.
    assert detector.score(images, np.ones((2, 64, 64), bool)).own == pytest.approx((residual + apart).numpy(), rel=1e-4)
    encoding = learner._stages[1].learner
    with torch.no_grad():
        assert encoding.networks.score(x).numpy() == pytest.approx((residual + apart).numpy(), rel=1e-4)


@pytest.mark.parametrize("critic_steps", [1, 3])
def test_the_critic_takes_as_many_steps_before_each_of_the_generators_as_is_set(untrained, critic_steps):
    learner, _ = untrained("f_anogan", critic_steps=critic_steps, generator_steps=2)
    learner.epoch(0, lambda count: None)
    taken = {
        name: {int(state["step"]) for state in learner.optimisers[name].state.values()}
        for name in ("generator", "critic")
    }
    assert taken == {"generator": {2}, "critic": {2 * critic_steps}}


def test_wdmt_nets_learning_rate_falls_along_a_cosine_with_each_step(untrained):
    learner, _ = untrained("wdmt_net", epochs=4, batch=3)
    (group,) = learner.optimisers["optimiser"].param_groups
    for number in (0, 2):
        learner.epoch(number, lambda count: None)
        # The second of two steps is half an epoch later.
        assert group["lr"] == pytest.approx(1e-4 * (1 + math.cos(math.pi * (number + 0.5) / 4)) / 2)


def test_draems_learning_rate_is_that_of_the_epoch(untrained):
    learner, _ = untrained("draem", epochs=10, batch=5)
    (group,) = learner.optimisers["optimiser"].param_groups
    learner.epoch(9, lambda count: None)
    assert group["lr"] == pytest.approx(1e-4 / 25)
