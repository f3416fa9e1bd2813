"""WDMT-Net: as published, what learns while its skip connections fade, and what it is shown."""

import numpy as np
import pytest
import torch
from method_checks import assert_same, assert_same_scores, stopped_and_resumed
from sample_photographs import ArrayPhotographs, discs

from fundus_anomaly.imaging.patch_grid import cut, joined
from fundus_anomaly.methods.interface import Work
from fundus_anomaly.methods.wdmt_net import METHOD, Detector, Settings, Training, augmented, gradients, network

SMALL = {"width": 4, "epochs": 2, "fading": 0.5, "batch": 4, "learning_rate": 1e-3}


@pytest.mark.parametrize(("width", "parameters"), [(64, 17_261_890), (16, 1_080_658)])
def test_it_has_the_published_number_of_parameters(width, parameters):
    model = network(Settings(protocol="paper", width=width))
    assert sum(part.numel() for part in model.parameters()) == parameters


def test_skip_connections_fade_to_nothing_in_twenty_epochs():
    skip = Settings().skip
    assert [skip(epochs) for epochs in (0, 10, 20, 200)] == [1, 0.5, 0, 0]
    assert 0.95 < skip(0.5) < 1


def gradient_of(model):
    """Return the largest gradient of each block."""
    torch.manual_seed(0)
    model(torch.rand(2, 3, 32, 32)).square().sum().backward()
    blocks = {f"down {n}": block for n, block in enumerate(model.down)} | {
        f"up {n}": block for n, block in enumerate(model.up)
    }
    return {
        name: max(0.0 if part.grad is None else float(part.grad.abs().max()) for part in block.parameters())
        for name, block in (blocks | {"last": model.last}).items()
    }


def test_at_first_only_the_outermost_blocks_learn_and_later_all():
    model = network(Settings(**SMALL))
    learning = {name for name, value in gradient_of(model).items() if value}
    assert learning == {"down 0", "up 3", "last"}
    model.skip = 0.5
    model.zero_grad()
    assert all(value > 0 for value in gradient_of(model).values())


@torch.no_grad()
def test_without_skip_connections_what_they_carried_does_not_matter():
    model = network(Settings(**SMALL)).eval()
    levels = model.encoded(torch.rand(1, 3, 32, 32))
    noisy = [*(torch.rand_like(level) for level in levels[:4]), levels[4]]
    model.skip = 0.0
    assert torch.equal(model.decoded(levels), model.decoded(noisy))
    model.skip = 0.5
    assert not torch.equal(model.decoded(levels), model.decoded(noisy))


def test_an_image_that_was_cut_is_put_together_again():
    images = torch.rand(2, 3, 12, 12)
    parts = cut(images, 3)
    assert parts.shape == (18, 3, 4, 4)
    assert torch.equal(parts[1], images[0, :, :4, 4:8])
    assert torch.equal(joined(parts, 3), images)


def test_gradients_lie_between_nothing_and_one_and_of_an_even_image_there_are_none():
    found = gradients(torch.rand(2, 3, 32, 32), 4)
    assert found.shape == (2, 1, 32, 32)
    assert float(found.min()) == 0 and found.amax((1, 2, 3)).tolist() == [1, 1]
    assert (gradients(torch.full((1, 1, 32, 32), 0.5), 8) == 0).all()


def test_a_patch_and_its_gradients_are_mirrored_together_and_the_patch_alone_is_blurred():
    patch = torch.arange(4 * 16 * 16.0).reshape(4, 16, 16)
    patch[1:] = patch[:1]
    seen = set()
    for seed in range(30):
        found = augmented(patch, np.random.default_rng(seed))
        axes = [axes for axes in ([], [1], [2], [1, 2]) if torch.equal(found[3:], patch[3:].flip(axes))]
        assert len(axes) == 1
        seen.add(tuple(axes[0]))
        # A plane stays one under a symmetric blur, but at the border.
        assert torch.allclose(found[:3, 4:-4, 2:-2], patch[:3].flip(axes[0])[:, 4:-4, 2:-2], rtol=1e-3)
        assert not torch.equal(found[0], found[3])
    assert len(seen) == 4


def trained(settings, photographs, tmp_path, name="a", seed=1):
    work = Work("cpu", seed, tmp_path / f"{name}.checkpoint.pt", "key")
    return METHOD.fit(photographs, ArrayPhotographs(photographs.array[:1]), settings, work)


@pytest.mark.parametrize(
    ("protocol", "cuts", "shape", "patches"),
    [("common", 1, (4, 32, 32), 5), ("common", 2, (4, 16, 16), 20), ("paper", 1, (2, 256, 256), 5 * 27)],
)
def test_an_epoch_has_each_patch_once_and_in_the_papers_protocol_three_times(protocol, cuts, shape, patches):
    settings = Settings(**SMALL | {"protocol": protocol, "cuts": cuts})
    photographs = ArrayPhotographs(discs(5, 32))
    learner = Training(network(settings), photographs, photographs, settings, Work())
    done = []
    batches = list(learner._batches(0, done.append))
    assert sum(map(len, batches)) == patches
    assert {batch.shape[1:] for batch in batches} == {torch.Size(shape)}
    assert {len(batch) for batch in batches[:-1]} == {4}
    assert sum(done) == 5


def test_both_errors_fall_and_so_do_the_skip_connections(tmp_path):
    settings = Settings(**SMALL | {"epochs": 12, "fading": 0.2, "learning_rate": 5e-3})
    history = trained(settings, ArrayPhotographs(discs(8, 32)), tmp_path).history
    assert history[-1]["image_loss"] < 0.5 * history[0]["image_loss"]
    assert history[-1]["gradient_loss"] < history[0]["gradient_loss"]
    assert [row["skip"] for row in history[:6]] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0, 0])
    assert all(row["loss"] == row["image_loss"] + row["gradient_loss"] for row in history)


def test_the_map_is_the_error_of_the_image_and_the_score_its_maximum_within_the_field_of_view():
    settings = Settings(**SMALL)
    torch.manual_seed(0)
    detector = Detector(network(settings), settings, "cpu")
    images, view = discs(2, 64), np.zeros((2, 64, 64), bool)
    view[:, 10:50, 10:50] = True
    found = detector.score(images, view)
    assert found.maps.shape == (2, 64, 64) and found.maps.dtype == np.float32
    # 2 % of 64 pixels are one.
    assert found.own.tolist() == [map_[11:49, 11:49].max() for map_ in found.maps]
    with torch.inference_mode():
        unit = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
        given = detector._model(unit)[:, :3]
    assert np.allclose(found.maps, (unit - given).abs().mean(1).numpy(), atol=1e-6)


def test_the_papers_protocol_has_maps_of_its_own_size(tmp_path):
    settings = Settings(protocol="paper", width=2)
    found = Detector(network(settings), settings, "cpu").score(discs(1, 64), np.ones((1, 64, 64), bool))
    assert found.maps.shape == (1, 768, 768)


def test_an_interrupted_fit_goes_on_to_the_same_weights_and_they_are_read_again(tmp_path, monkeypatch):
    settings, photographs = Settings(**SMALL | {"epochs": 3}), ArrayPhotographs(discs(5, 32))
    whole = trained(settings, photographs, tmp_path, "whole")
    cut_short = stopped_and_resumed(monkeypatch, Training, 2, lambda: trained(settings, photographs, tmp_path, "cut"))
    assert_same(whole, cut_short)
    again = METHOD.read(whole.detector.state(), 32, settings, Work())
    assert_same_scores(whole.detector, again, photographs.array)
