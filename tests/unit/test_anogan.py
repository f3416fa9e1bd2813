"""AnoGAN: the networks of DCGAN, and a search that changes nothing but latent vectors, of each patch as if alone."""

import copy

import numpy as np
import pytest
import torch
from method_checks import assert_alone_as_together, assert_same, assert_same_scores, stopped_and_resumed
from sample_photographs import ArrayPhotographs, discs

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.anogan import METHOD, Adversaries, Networks, Settings
from fundus_anomaly.methods.interface import Work
from fundus_anomaly.networks.dcgan import Discriminator, Generator
from fundus_anomaly.networks.normal_weights import initialised
from fundus_anomaly.training import stages

TINY = Settings(width=2, steps=4, batch=4, mapping_steps=3)


@pytest.mark.parametrize(("network", "parameters"), [(Generator, 3_576_704), (Discriminator, 2_765_568)])
def test_the_networks_have_the_published_numbers_of_parameters(network, parameters):
    with torch.device("meta"):
        assert sum(part.numel() for part in network(64).parameters()) == parameters


def test_weights_are_drawn_as_dcgan_draws_them():
    torch.manual_seed(0)
    networks = initialised(Networks(16))
    weights = torch.cat([part.flatten() for name, part in networks.named_parameters() if part.ndim == 4])
    assert weights.std().item() == pytest.approx(0.02, rel=0.01)
    assert abs(weights.mean().item()) < 1e-4
    scales = torch.cat([part for name, part in networks.named_parameters() if part.ndim == 1 and "weight" in name])
    assert scales.mean().item() == pytest.approx(1, abs=0.01)


@pytest.fixture(scope="module")
def networks():
    """Networks in float64, whose patches differ much by their latent vectors, as those of a trained generator."""
    torch.manual_seed(0)
    model = initialised(Networks(4)).double().eval().requires_grad_(False)
    with torch.no_grad():
        for part in model.generator.layers:
            if isinstance(part, torch.nn.ConvTranspose2d):
                part.weight.mul_(10)
    return model


def test_a_generated_patch_is_found_again_from_a_latent_vector_nearby(networks):
    codes = torch.randn(2, 100, dtype=torch.float64)
    patches = networks.generator(codes)
    near = codes + 0.1 * torch.randn_like(codes)
    residuals = [
        (patches - networks.generator(found)).abs().mean()
        for found in (near, networks.mapped(patches, near, 150, 0.02)[0])
    ]
    assert residuals[1] < 0.1 * residuals[0]
    assert residuals[1] < 0.02


def test_patches_are_mapped_together_as_alone(networks):
    patches, codes = torch.rand(3, 3, 64, 64, dtype=torch.float64), torch.randn(3, 100, dtype=torch.float64)
    together, losses = networks.mapped(patches, codes, 12, 0.05)
    for number in range(3):
        alone, loss = networks.mapped(patches[number, None], codes[number, None], 12, 0.05)
        torch.testing.assert_close(alone[0], together[number], rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(loss[0], losses[number])


def test_the_search_keeps_the_best_that_it_has_seen(networks):
    patches, codes = torch.rand(3, 3, 64, 64, dtype=torch.float64), torch.randn(3, 100, dtype=torch.float64)
    wanted = networks.discriminator.features(patches)
    first = networks.losses(patches, wanted, networks.generator(codes))
    # Steps far too long: each is worse than what it comes from.
    found, losses = networks.mapped(patches, codes, 5, 1e4)
    assert (losses <= first).all()
    torch.testing.assert_close(losses, networks.losses(patches, wanted, networks.generator(found)))
    assert (networks.mapped(patches, codes, 30, 0.05)[1] < first).all()


def test_the_loss_has_nine_tenths_of_the_summed_residual_and_a_tenth_of_the_features(networks):
    x, generated = torch.rand(2, 2, 3, 64, 64, dtype=torch.float64)
    wanted, features = networks.discriminator.features(x), networks.discriminator.features(generated)
    expected = 0.9 * (x - generated).abs().sum((1, 2, 3)) + 0.1 * (wanted - features).abs().sum(1)
    torch.testing.assert_close(networks.losses(x, wanted, generated), expected)


def fitted(tmp_path, settings=TINY, name="a", seed=3):
    photographs = ArrayPhotographs(discs(3, 64))
    return METHOD.fit(photographs, photographs, settings, Work("cpu", seed, tmp_path / name, "k"))


def test_the_search_changes_neither_network(tmp_path):
    detector = fitted(tmp_path).detector
    before = copy.deepcopy(dict(detector.state()))
    detector.score(discs(2, 64), np.ones((2, 64, 64), bool))
    assert all(torch.equal(value, before[name]) for name, value in detector.state().items())


def test_each_step_improves_one_network_at_a_time():
    torch.manual_seed(0)
    model = initialised(Networks(2))
    learner = Adversaries(model, ArrayPhotographs(discs(2, 64)), TINY, "cpu", 0)
    real = 2 * torch.rand(4, 3, 64, 64) - 1
    for name, other in (("discriminator", "generator"), ("generator", "discriminator")):
        before = {key: value.clone() for key, value in model.named_parameters()}
        plain = learner._improve
        learner._improve = lambda named, loss, wanted=name, plain=plain: plain(named, loss) if named == wanted else None
        learner.step(real)
        learner._improve = plain
        changed = {key.split(".")[0] for key, value in model.named_parameters() if not torch.equal(value, before[key])}
        assert changed == {name}, other


def test_the_discriminator_learns_and_both_losses_are_in_the_history(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "STEPS_AN_EPOCH", 10)
    settings = Settings(width=4, steps=30, batch=8, learning_rate=1e-3, mapping_steps=1)
    history = fitted(tmp_path, settings).history
    assert [set(row) for row in history] == 3 * [{"epoch", "generator_loss", "discriminator_loss"}]
    assert history[-1]["discriminator_loss"] < history[0]["discriminator_loss"]


def test_a_fit_that_was_stopped_goes_on_to_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "STEPS_AN_EPOCH", 2)
    whole = fitted(tmp_path, name="whole")
    assert_same(whole, stopped_and_resumed(monkeypatch, Adversaries, 1, lambda: fitted(tmp_path)))


def test_what_was_learned_is_read_again_and_a_batch_is_as_its_photographs_alone(tmp_path):
    detector, images = fitted(tmp_path).detector, discs(2, 128, 5)
    assert_same_scores(detector, METHOD.read(detector.state(), 128, TINY, Work()), images)
    assert_alone_as_together(detector, images, 1e-4, 1e-4)


def test_the_state_of_another_width_is_refused_in_words(tmp_path):
    state = fitted(tmp_path).detector.state()
    with pytest.raises(InputError, match=r"parameters that do not fit.*anogan"):
        METHOD.read(state, 64, Settings(width=3), Work())


def test_a_loss_that_is_not_finite_stops_in_words(tmp_path):
    with pytest.raises(InputError, match=r"epoch 1: found .*_loss of nan.*learning_rate"):
        fitted(tmp_path, Settings(width=2, steps=3, batch=2, learning_rate=1e30))
