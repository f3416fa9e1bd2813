"""f-AnoGAN: the authors' networks, a penalty for each sample, an encoder that changes nothing but itself."""

import copy

import numpy as np
import pytest
import torch
from method_checks import assert_alone_as_together, assert_same, assert_same_scores, stopped_and_resumed
from sample_photographs import ArrayPhotographs, discs

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.f_anogan import METHOD, EncoderStage, Networks, Settings
from fundus_anomaly.methods.interface import Work
from fundus_anomaly.methods.wasserstein import WassersteinStage, gradient_penalty
from fundus_anomaly.networks.residual_gan import Critic, Encoder, Generator
from fundus_anomaly.training import stages

TINY = Settings(width=2, generator_steps=3, critic_steps=2, encoder_steps=3, batch=4)


@pytest.mark.parametrize(("network", "parameters"), [(Generator, 8_540_483), (Critic, 7_491_841), (Encoder, 8_532_352)])
def test_the_networks_have_the_published_numbers_of_parameters(network, parameters):
    with torch.device("meta"):
        assert sum(part.numel() for part in network(64).parameters()) == parameters


def test_the_networks_fit_one_another():
    networks = Networks(4).eval()
    codes = networks.encoder(torch.rand(2, 3, 64, 64))
    assert codes.shape == (2, 128)
    assert networks.generator(codes).shape == (2, 3, 64, 64)
    assert networks.critic(torch.rand(2, 3, 64, 64)).shape == (2,)
    assert networks.critic.features(torch.rand(2, 3, 64, 64)).shape == (2, 128 * 4)


@pytest.mark.parametrize(("slope", "penalty"), [(1.0, 0.0), (3.0, 40.0)])
def test_the_penalty_of_a_linear_critic_is_that_of_its_slope(slope, penalty):
    weight = torch.randn(3, 64, 64, generator=torch.manual_seed(0))
    weight = slope * weight / weight.norm()
    real, fake = torch.rand(2, 5, 3, 64, 64)
    found = gradient_penalty(lambda x: (x * weight).sum((1, 2, 3)), real, fake, torch.rand(5))
    assert found.tolist() == pytest.approx([penalty] * 5, abs=1e-4)


def penalties(critic):
    real, fake, mix = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64), torch.tensor([0.3, 0.6])
    other = real.clone()
    other[1] = torch.rand(3, 64, 64)
    return (gradient_penalty(critic, each, fake, mix)[0].item() for each in (real, other))


def test_the_penalty_of_a_sample_does_not_depend_on_the_others():
    torch.manual_seed(0)
    alone, beside_another = penalties(Critic(4))
    assert alone == pytest.approx(beside_another, rel=1e-5)
    # Batch normalisation, which public ports have in the critic, would couple them.
    coupled = Encoder(4)
    one, two = penalties(lambda x: coupled(x)[:, 0])
    assert one != pytest.approx(two, rel=1e-3)


def test_the_place_between_two_samples_is_one_number_a_sample():
    seen = []

    def critic(between):
        seen.append(between.detach())
        return between.sum((1, 2, 3))

    gradient_penalty(critic, torch.ones(2, 3, 4, 4), torch.zeros(2, 3, 4, 4), torch.tensor([0.25, 0.75]))
    assert torch.equal(seen[0], torch.tensor([0.25, 0.75]).view(2, 1, 1, 1).expand(2, 3, 4, 4))


def adversarial(networks, normals, **changes):
    options = {"steps": 3, "critic_steps": 1, "batch": 4, "learning_rate": 1e-3, "device": "cpu", "seed": 0}
    return WassersteinStage(networks.generator, networks.critic, normals, **options | changes)


def test_a_critic_learns_to_tell_real_patches_from_a_generators():
    torch.manual_seed(0)
    networks = Networks(2)
    before = copy.deepcopy(networks.generator.state_dict())
    stage = adversarial(networks, ArrayPhotographs(discs(8, 64)))
    losses = [stage.improve_critic(step, 0)[1].item() for step in range(50)]
    assert losses[0] > 0
    assert np.mean(losses[-10:]) < 0
    kept = dict(networks.generator.named_parameters())
    assert all(torch.equal(before[name], value) for name, value in kept.items())


def test_a_step_of_the_generator_leaves_the_critic_as_it_was():
    networks = Networks(4)
    stage = adversarial(networks, ArrayPhotographs(discs(2, 64)))
    before = copy.deepcopy(networks.state_dict())
    stage.improve_generator()
    after = networks.state_dict()
    changed = {name.split(".")[0] for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed == {"generator"}


def test_the_encoders_training_changes_neither_weights_nor_statistics_of_generator_and_critic():
    networks = Networks(4)
    photographs = ArrayPhotographs(discs(4, 64))
    before = copy.deepcopy(networks.state_dict())
    EncoderStage(networks, photographs, photographs, TINY, "cpu", 0).epoch(0, lambda count: None)
    after = networks.state_dict()
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert {name.split(".")[0] for name in changed} == {"encoder"}
    assert any("running_mean" in name for name in changed)


def test_the_encoder_learns_what_latent_vectors_a_generators_patches_have():
    torch.manual_seed(0)
    networks = Networks(2).eval()
    with torch.no_grad():
        # A generator whose patches differ much by their latent vectors, as those of an untrained one do not.
        networks.generator.first[0].weight.mul_(20)
        patches = networks.generator(torch.rand(8, 128).round() * 2 - 1)
    images = ((patches + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy()
    settings = Settings(width=2, encoder_steps=100, batch=8, encoder_learning_rate=3e-3)
    stage = EncoderStage(networks, ArrayPhotographs(images), ArrayPhotographs(images[:0]), settings, "cpu", 0)
    first, second = (stage.epoch(number, lambda count: None) for number in range(stage.epochs))
    assert set(first) == {"loss"}
    assert second["loss"] < 0.8 * first["loss"]


def fitted(tmp_path, settings=TINY, name="a", seed=3, count=3):
    photographs = ArrayPhotographs(discs(count, 64))
    return METHOD.fit(photographs, ArrayPhotographs(discs(2, 64, 1)), settings, Work("cpu", seed, tmp_path / name, "k"))


def test_the_history_has_both_losses_the_critics_distance_and_then_the_encoders(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "STEPS_AN_EPOCH", 2)
    history = fitted(tmp_path).history
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert [set(row) - {"epoch"} for row in history] == 2 * [{"generator_loss", "critic_loss", "critic_distance"}] + (
        2 * [{"loss", "held_out_loss"}]
    )


@pytest.mark.parametrize("stopped", ["in the first stage", "between the stages", "in the second stage"])
def test_a_fit_that_was_stopped_goes_on_to_the_same_bytes(tmp_path, monkeypatch, stopped):
    monkeypatch.setattr(stages, "STEPS_AN_EPOCH", 2)
    whole = fitted(tmp_path, name="whole")
    stage, number = {
        "in the first stage": (WassersteinStage, 1),
        "between the stages": (EncoderStage, 0),
        "in the second stage": (EncoderStage, 1),
    }[stopped]
    assert_same(whole, stopped_and_resumed(monkeypatch, stage, number, lambda: fitted(tmp_path)))


def test_another_seed_gives_another_detector(tmp_path):
    one, two = (fitted(tmp_path, name=str(seed), seed=seed).detector.state() for seed in (1, 2))
    assert not torch.equal(one["encoder.last.0.weight"], two["encoder.last.0.weight"])


def test_a_loss_that_is_not_finite_stops_in_words(tmp_path):
    with pytest.raises(InputError, match=r"epoch 1: found .*_loss of nan.*learning_rate"):
        fitted(tmp_path, Settings(width=4, generator_steps=2, critic_steps=1, batch=2, learning_rate=1e30))


def test_what_was_learned_is_read_again_and_a_batch_is_as_its_photographs_alone(tmp_path):
    detector, images = fitted(tmp_path).detector, discs(3, 128, 5)
    found = assert_same_scores(detector, METHOD.read(detector.state(), 128, TINY, Work()), images)
    assert_alone_as_together(detector, images, 1e-4, 1e-5)
    assert found.maps.dtype == np.float32
    assert found.own.dtype == np.float64


def test_the_state_of_another_width_is_refused_in_words(tmp_path):
    state = fitted(tmp_path).detector.state()
    with pytest.raises(InputError, match=r"parameters that do not fit.*f_anogan"):
        METHOD.read(state, 64, Settings(width=8), Work())
