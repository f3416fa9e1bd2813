"""MemAE: as published, and what its memory does with queries."""

import math

import pytest
import torch
import torch.nn.functional as F
from method_checks import assert_alone_as_together, assert_finds_a_bright_square, assert_same, assert_same_scores
from sample_photographs import ArrayPhotographs, discs

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.interface import Work
from fundus_anomaly.methods.memae import METHOD, MemAE, Memory, Settings, entropy, euclidean_residual, hard_shrinkage

SMALL = {"channels": [8, 8, 16, 16], "items": 20, "batch": 4, "learning_rate": 3e-3}


def test_it_has_the_published_number_of_parameters():
    assert sum(part.numel() for part in MemAE(Settings()).parameters()) == 2_511_491


def test_an_image_is_reconstructed_at_its_own_size_and_each_position_is_a_query():
    reconstructed, weights = MemAE(Settings(**SMALL))(torch.rand(2, 3, 64, 64))
    assert reconstructed.shape == (2, 3, 64, 64)
    assert weights.shape == (2 * 4 * 4, 20)


def queries(count, channels, seed=0):
    """Return what batch normalisation and a leaky rectifier give at the start."""
    return F.leaky_relu(torch.randn(count, channels, generator=torch.Generator().manual_seed(seed)), 0.2)


def memory(items, channels, shrinkage, similarity="inner_product"):
    torch.manual_seed(1)
    return Memory(items, channels, shrinkage, similarity)


@torch.no_grad()
@pytest.mark.parametrize(
    ("items", "channels", "shrinkage", "similarity", "dead", "left"),
    [
        (2000, 256, 1, "inner_product", 0.0, 835),
        (2000, 256, 2, "inner_product", 0.0, 61),
        (2000, 256, 3, "inner_product", 0.07, 4.5),
        # The authors' λ = .0025.
        (2000, 256, 5, "inner_product", 0.95, None),
        (2000, 256, 1, "cosine", 0.0, None),
        (2000, 256, 2, "cosine", 1.0, 0),
        (500, 64, 1, "inner_product", 0.0, 211),
        (500, 64, 3, "inner_product", 0.47, None),
    ],
)
def test_as_many_queries_are_dead_at_the_start_as_was_computed(items, channels, shrinkage, similarity, dead, left):
    _, weights = memory(items, channels, shrinkage, similarity)(queries(2000, channels))
    alive = (weights > 0).sum(1).double()
    assert float((alive == 0).double().mean()) == pytest.approx(dead, abs=0.03)
    if left is not None:
        assert float(alive.mean()) == pytest.approx(left, rel=0.1)


@torch.no_grad()
def test_the_weights_of_a_query_sum_to_one_or_are_all_zero():
    _, weights = memory(500, 64, 3)(queries(500, 64))
    sums = weights.sum(1)
    dead = sums == 0
    assert dead.any() and not dead.all()
    assert (weights >= 0).all()
    assert torch.allclose(sums[~dead], torch.ones(int((~dead).sum())), atol=1e-6)


@torch.no_grad()
def test_without_a_threshold_the_weights_are_the_softmax():
    asked, held = queries(50, 16), memory(30, 16, 0)
    assert torch.allclose(held(asked)[1], (asked @ held.items.T).softmax(1), atol=1e-7)


def test_the_shrinkage_keeps_what_exceeds_the_threshold_and_in_proportion():
    kept = hard_shrinkage(torch.tensor([[0.5, 0.3, 0.15, 0.05]]), 0.2)
    assert torch.allclose(kept, torch.tensor([[0.625, 0.375, 0.0, 0.0]]))


def test_a_dead_query_passes_on_zeros_and_no_gradient():
    held, asked = memory(500, 64, 3), queries(500, 64).requires_grad_()
    mixtures, weights = held(asked)
    mixtures.square().sum().backward()
    dead = weights.sum(1) == 0
    assert (mixtures[dead] == 0).all() and (asked.grad[dead] == 0).all()
    assert (asked.grad[~dead].abs().sum(1) > 0).any()


@torch.no_grad()
def test_every_mixture_lies_in_the_span_of_the_items():
    mixtures, _ = memory(5, 16, 0)(queries(200, 16))
    assert int(torch.linalg.matrix_rank(mixtures.double(), rtol=1e-5)) <= 5


@torch.no_grad()
def test_one_item_gives_one_answer_to_all():
    held = memory(1, 16, 0)
    mixtures, weights = held(queries(20, 16))
    assert (weights == 1).all()
    assert torch.equal(mixtures, held.items.expand(20, -1))


def test_the_entropy_lies_between_nothing_and_that_of_even_weights():
    assert float(entropy(torch.eye(7))) == pytest.approx(0, abs=1e-6)
    assert float(entropy(torch.full((3, 7), 1 / 7))) == pytest.approx(math.log(7))
    assert float(entropy(torch.zeros(3, 7))) == 0
    random = hard_shrinkage(torch.randn(50, 7).softmax(1), 1 / 7)
    assert 0 < float(entropy(random)) < math.log(7)


def test_the_residual_is_the_euclidean_distance_of_colours():
    images = torch.zeros(1, 3, 2, 2)
    images[0, :, 0, 1] = torch.tensor([0.3, 0.0, 0.4])
    found = euclidean_residual(images, (torch.zeros(1, 3, 2, 2), torch.zeros(0)))
    assert torch.allclose(found, torch.tensor([[[0.0, 0.5], [0.0, 0.0]]]))


def fitted(tmp_path, photographs, name="a", seed=3, **changes):
    work = Work("cpu", seed, tmp_path / f"{name}.checkpoint.pt", "key")
    settings = Settings(**SMALL | {"epochs": 2} | changes)
    return METHOD.fit(photographs, ArrayPhotographs(photographs.array[:1]), settings, work)


def test_each_epoch_tells_of_dead_queries_and_of_the_items_used(tmp_path):
    history = fitted(tmp_path, ArrayPhotographs(discs(4, 64))).history
    assert set(history[0]) == {"epoch", "loss", "held_out_loss", "dead_queries", "items_used"}
    assert all(0 <= row["dead_queries"] <= 0.5 and 0 < row["items_used"] <= 1 for row in history)


def test_a_memory_that_answers_hardly_any_query_stops_the_training_in_words(tmp_path):
    with pytest.raises(InputError, match=r"memae, epoch 1: found no item .* 100% of the queries.*shrinkage"):
        fitted(tmp_path, ArrayPhotographs(discs(4, 64)), similarity="cosine", shrinkage=3.0)


def test_a_pasted_bright_square_has_more_residual_inside_than_outside(tmp_path):
    assert_finds_a_bright_square(fitted(tmp_path, ArrayPhotographs(discs(8, 64)), epochs=30).detector)


def test_the_same_seed_gives_the_same_detector_and_an_interrupted_fit_too(tmp_path):
    photographs = ArrayPhotographs(discs(4, 64))
    whole = fitted(tmp_path, photographs, "whole", epochs=3)
    fitted(tmp_path, photographs, "cut", epochs=2)
    assert_same(whole, fitted(tmp_path, photographs, "cut", epochs=3))


def test_what_was_learned_is_read_again_and_photographs_are_judged_one_by_one(tmp_path):
    photographs = ArrayPhotographs(discs(4, 64))
    detector = fitted(tmp_path, photographs).detector
    again = METHOD.read(detector.state(), 64, Settings(**SMALL), Work())
    assert_same_scores(detector, again, photographs.array)
    assert_alone_as_together(detector, photographs.array, atol=1e-5)
