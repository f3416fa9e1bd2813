"""The dense and the spatial auto-encoder: as published, and a detector of what they have not seen."""

import numpy as np
import pytest
import torch
from method_checks import assert_finds_a_bright_square, assert_same_scores, same_state
from sample_photographs import ArrayPhotographs, discs

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.auto_encoder import METHOD, Settings, network, summed_l1
from fundus_anomaly.methods.interface import Work
from fundus_anomaly.methods.reconstruction import Reconstruction


@pytest.mark.parametrize(
    ("size", "code", "parameters"),
    [(256, 128, 2_064_595), (128, 128, 1_628_915), (256, 0, 1_797_059)],
)
def test_it_has_the_published_number_of_parameters(size, code, parameters):
    assert sum(part.numel() for part in network(size, code).parameters()) == parameters


@pytest.mark.parametrize("code", [16, 0])
def test_an_image_is_reconstructed_at_its_own_size(code):
    assert network(64, code).eval()(torch.zeros(2, 3, 64, 64)).shape == (2, 3, 64, 64)


def test_the_dense_form_depends_on_its_code_alone():
    model = network(64, 4).eval()
    place = next(number for number, part in enumerate(model) if isinstance(part, torch.nn.Linear))
    encoder, decoder = model[: place + 1], model[place + 1 :]
    images = torch.rand(2, 3, 64, 64)
    codes = encoder(images)
    assert codes.shape == (2, 4)
    assert torch.equal(decoder(codes), model(images))
    assert torch.equal(*decoder(codes[:1].expand(2, -1)))


def test_the_loss_is_summed_over_an_image_and_a_mean_over_images():
    a, b = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    b[0] = 1.0
    assert float(summed_l1(a, b)) == 3 * 4 * 4 / 2


@pytest.mark.parametrize("size", [8, 96, 100])
def test_a_size_that_no_stage_halves_to_eight_is_an_error_with_its_key(size):
    with pytest.raises(InputError, match=r"compared\.size.*8 times a power of 2"):
        network(size, 128)


def fitted(tmp_path, photographs, epochs, name="a", seed=3):
    work = Work("cpu", seed, tmp_path / f"{name}.checkpoint.pt", "key")
    settings = Settings(epochs=epochs, batch=4, learning_rate=2e-3, code=16)
    return METHOD.fit(photographs, ArrayPhotographs(photographs.array[:1]), settings, work)


def test_four_images_are_learned_by_heart():
    photographs, model = ArrayPhotographs(discs(4, 32)), network(32, 64)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3, betas=(0.5, 0.999))
    learner = Reconstruction(model, optimiser, summed_l1, photographs, photographs, batch=4, device="cpu", seed=0)
    losses = [learner.epoch(number, lambda count: None) for number in range(200)]
    # Those of the held-out set, here the same, are without dropout and with the statistics of all batches.
    assert min(row["held_out_loss"] for row in losses) < 0.05 * losses[0]["loss"]


def test_each_epoch_has_its_own_row(tmp_path):
    history = fitted(tmp_path, ArrayPhotographs(discs(4, 32)), 3).history
    assert [row["epoch"] for row in history] == [1, 2, 3]


def test_a_pasted_bright_square_has_more_residual_inside_than_outside(tmp_path):
    assert_finds_a_bright_square(fitted(tmp_path, ArrayPhotographs(discs(8, 64)), 40).detector)


def test_the_own_score_is_the_mean_within_the_field_of_view(tmp_path):
    detector = fitted(tmp_path, ArrayPhotographs(discs(2, 64)), 1).detector
    view = np.zeros((1, 64, 64), bool)
    view[0, 10:50, 10:50] = True
    found = detector.score(discs(1, 64), view)
    # 2 % of 64 pixels are one.
    assert found.own[0] == found.maps[0, 11:49, 11:49].mean(dtype=np.float64)


def test_the_same_seed_gives_the_same_detector_and_another_seed_another(tmp_path):
    photographs = ArrayPhotographs(discs(4, 64))
    one, two = (fitted(tmp_path, photographs, 2, name).detector for name in "ab")
    assert same_state(one, two)
    assert not same_state(one, fitted(tmp_path, photographs, 2, "c", seed=4).detector)


def test_what_was_learned_is_read_again(tmp_path):
    photographs = ArrayPhotographs(discs(4, 64))
    detector = fitted(tmp_path, photographs, 2).detector
    found = assert_same_scores(
        detector, METHOD.read(detector.state(), 64, Settings(code=16), Work()), photographs.array
    )
    assert found.maps.dtype == np.float32
    assert found.own.dtype == np.float64
