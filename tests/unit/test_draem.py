"""DRAEM: the authors' networks and losses, anomalies within the field of view, and what it finds of unseen ones."""

import cv2
import numpy as np
import pytest
import torch
from method_checks import assert_alone_as_together, assert_same, assert_same_scores, stopped_and_resumed
from sample_photographs import ArrayPhotographs, discs
from sklearn.metrics import roc_auc_score

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.draem import METHOD, Detector, Discrimination, Networks, Settings, rate
from fundus_anomaly.methods.draem_losses import focal_loss, ssim
from fundus_anomaly.methods.interface import Work
from fundus_anomaly.methods.pasted_textures import pasted
from fundus_anomaly.methods.perlin import perlin_mask, perlin_noise
from fundus_anomaly.methods.texture_source import OPERATIONS, Textures
from fundus_anomaly.methods.textures import PATTERNS, procedural_texture
from fundus_anomaly.networks.draem import DiscriminativeNetwork, ReconstructiveNetwork

TINY = Settings(reconstructive_width=2, discriminative_width=2, epochs=2, batch=2)


@pytest.mark.parametrize(
    ("network", "width", "parameters"),
    [(ReconstructiveNetwork, 128, 69_048_579), (DiscriminativeNetwork, 64, 28_374_146)],
)
def test_the_networks_have_the_published_numbers_of_parameters(network, width, parameters):
    with torch.device("meta"):
        assert sum(part.numel() for part in network(width).parameters()) == parameters


def test_the_focal_loss_at_even_probabilities_is_a_quarter_of_ln_2():
    wanted = torch.rand(2, 8, 8) > 0.5
    assert focal_loss(torch.full((2, 2, 8, 8), 0.5), wanted).item() == pytest.approx(0.25 * np.log(2), abs=1e-4)
    sure = torch.stack([~wanted, wanted], 1).float()
    assert focal_loss(sure, wanted).item() == pytest.approx(0, abs=1e-6)
    assert focal_loss(sure.flip(1), wanted).item() > 10


def test_structural_similarity_is_1_of_an_image_with_itself_and_less_with_another():
    image = torch.rand(2, 3, 32, 32)
    assert ssim(image, image).item() == pytest.approx(1, abs=1e-6)
    other = (image + 0.1 * torch.randn_like(image)).clamp(0, 1)
    assert ssim(image, other).item() == pytest.approx(ssim(other, image).item())
    assert ssim(image, 1 - image) < ssim(image, other) < 1


def test_structural_similarity_of_two_even_images_is_that_of_their_luminance():
    # Away from the border, whose windows reach into the padding, eq. 13 has only its first factor left.
    one, other = torch.full((1, 1, 400, 400), 0.5), torch.full((1, 1, 400, 400), 0.25)
    expected = (2 * 0.5 * 0.25 + 1e-4) / (0.5**2 + 0.25**2 + 1e-4)
    assert ssim(one, other).item() == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("size", [64, 96, 100])
@pytest.mark.parametrize("cells", [(1, 1), (4, 16), (32, 2)])
def test_perlin_noise_is_smooth_within_its_cells_and_zero_at_their_corners(size, cells):
    noise = perlin_noise(size, cells, np.random.default_rng(0))
    assert noise.shape == (size, size)
    assert 0.05 < np.abs(noise).max() < 1.5
    side = 2 ** (size - 1).bit_length()
    corners = noise[:: side // cells[0], :: side // cells[1]]
    np.testing.assert_allclose(corners, 0, atol=1e-5)
    # The largest slope of the noise is that of its gradients, which are of length 1 a cell, and of the fading.
    assert np.abs(np.diff(noise, axis=0)).max() < 6 * cells[0] / side


def test_perlin_masks_are_of_many_sizes():
    shares = [perlin_mask(64, 5, np.random.default_rng(seed)).mean() for seed in range(60)]
    assert 0 < np.mean(shares) < 0.2
    assert max(shares) > 5 * np.median(shares) / 2
    assert min(shares) < np.median(shares) / 2


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_pattern_has_heights_between_0_and_1_and_is_no_plain_surface(pattern):
    for seed in range(8):
        heights = pattern(64, np.random.default_rng(seed))
        assert heights.shape == (64, 64)
        assert heights.min() >= 0 and heights.max() <= 1 + 1e-6
        assert np.std(heights) > 0.02


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_keeps_shape_and_type_and_changes_a_texture(operation):
    texture = torch.from_numpy(procedural_texture(64, np.random.default_rng(3))).permute(2, 0, 1)
    changed = [operation(texture, np.random.default_rng(seed)) for seed in range(4)]
    assert all(one.shape == texture.shape and one.dtype == torch.uint8 for one in changed)
    assert any(not torch.equal(one, texture) for one in changed)


def test_textures_depend_on_their_generator_alone():
    one, same, other = (Textures().drawn(64, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_folder_gives_its_images(tmp_path):
    (tmp_path / "deeper").mkdir()
    cv2.imwrite(str(tmp_path / "deeper" / "a.png"), np.full((50, 80, 3), 200, np.uint8))
    (tmp_path / "notes.txt").write_text("no image")
    texture = Textures(str(tmp_path)).drawn(64, np.random.default_rng(0))
    assert texture.shape == (64, 64, 3)
    assert texture.dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "found"), [(None, "no such folder"), ({}, "no image"), ({"a.txt": b"text"}, "no image")]
)
def test_a_folder_without_an_image_is_an_error_with_its_key(tmp_path, content, found):
    folder = tmp_path / "textures"
    if content is not None:
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_bytes(text)
    with pytest.raises(InputError, match=rf"methods\.draem\.texture_folder.*found {found}.*procedural"):
        Discrimination(Networks(2, 2), ArrayPhotographs([]), [], Settings(texture_folder=str(folder)), Work())


def test_all_images_of_a_folder_that_cannot_be_read_are_named_at_once(tmp_path):
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\nno more")
    with pytest.raises(InputError) as caught:
        Textures(str(tmp_path))
    assert all(name in str(caught.value) for name in ("a.png", "b.jpg", "folder of textures"))


VIEW = np.zeros((64, 64), bool)
VIEW[8:56, 8:56] = True


def anomalies(count):
    image = discs(1, 64)[0]
    return [pasted(image, VIEW, Textures(), 5, np.random.default_rng(seed)) for seed in range(count)]


def test_an_image_is_changed_where_its_mask_says_and_nowhere_else():
    for one in anomalies(60):
        changed = (one.image != one.clean).any(-1)
        assert not changed[~one.mask].any()
        # A texture may by chance have the photograph's colour in places.
        assert changed[one.mask].mean() > 0.5 if one.mask.any() else np.array_equal(one.image, one.clean)


def test_half_of_the_images_stay_as_they_are_and_anomalies_lie_in_the_field_of_view():
    made = anomalies(300)
    # A mask may be empty by chance, too.
    assert 0.4 < np.mean([one.mask.any() for one in made]) < 0.56
    unturned = [one for one in made if np.array_equal(one.clean, discs(1, 64)[0])]
    assert 0.6 < len(unturned) / len(made) < 0.8
    assert not any(one.mask[~VIEW].any() for one in unturned)


def test_the_learning_rate_falls_to_a_fifth_twice():
    settings = Settings(epochs=10)
    rates = [rate(settings, number) / 1e-4 for number in range(10)]
    assert rates == pytest.approx([1] * 8 + [0.2, 0.04])


def fitted(tmp_path, settings=TINY, name="a", seed=3, photographs=None):
    photographs = photographs or ArrayPhotographs(discs(3, 64))
    return METHOD.fit(photographs, ArrayPhotographs(discs(2, 64, 1)), settings, Work("cpu", seed, tmp_path / name, "k"))


def test_all_three_losses_fall_and_discs_of_unseen_colours_are_found(tmp_path):
    settings = Settings(reconstructive_width=8, discriminative_width=8, epochs=30, batch=4, learning_rate=2e-3)
    found = fitted(tmp_path, settings, photographs=ArrayPhotographs(discs(8, 64)))
    first, last = found.history[0], found.history[-1]
    assert all(last[name] < first[name] for name in ("l2_loss", "ssim_loss", "focal_loss", "held_out_loss"))
    images, spot = discs(3, 64, 9), np.zeros((64, 64), np.uint8)
    cv2.circle(spot, (32, 28), 6, 1, -1)
    for image, colour in zip(images, ([250, 240, 40], [10, 30, 200], [30, 160, 90]), strict=True):
        image[spot > 0] = colour
    maps = found.detector.score(images, np.ones((3, 64, 64), bool)).maps
    assert roc_auc_score(np.repeat(spot[None], 3, 0).ravel(), maps.ravel()) > 0.8


def test_a_fit_that_was_stopped_goes_on_to_the_same_bytes(tmp_path, monkeypatch):
    whole = fitted(tmp_path, name="whole")
    assert_same(whole, stopped_and_resumed(monkeypatch, Discrimination, 1, lambda: fitted(tmp_path)))


class Certain(torch.nn.Module):
    """Networks that call abnormal what is white."""

    def forward(self, images):
        white = (images.mean(1) > 0.9).float()
        return images, torch.stack([1 - white, white], 1)


def test_the_image_score_is_the_largest_mean_over_a_square_within_the_field_of_view():
    images, view = np.zeros((2, 256, 256, 3), np.uint8), np.zeros((2, 256, 256), bool)
    view[:, :, :128] = True
    images[0, 100:107, 50:53] = 255
    images[1, 100:200, 200:] = 255
    found = Detector(Certain(), "cpu").score(images, view)
    assert found.own == pytest.approx([21 / 21**2, 0])
    assert found.maps[0].sum() == 21


def test_what_was_learned_is_read_again_and_a_batch_is_as_its_photographs_alone(tmp_path):
    detector, images = fitted(tmp_path).detector, discs(3, 64, 5)
    assert_same_scores(detector, METHOD.read(detector.state(), 64, TINY, Work()), images)
    assert_alone_as_together(detector, images, atol=1e-5)


def test_the_state_of_another_width_is_refused_in_words(tmp_path):
    state = fitted(tmp_path).detector.state()
    with pytest.raises(InputError, match=r"parameters that do not fit.*draem"):
        METHOD.read(state, 64, Settings(reconstructive_width=3, discriminative_width=2), Work())


def test_fewer_photographs_than_a_batch_are_one_batch(tmp_path):
    history = fitted(tmp_path, Settings(reconstructive_width=2, discriminative_width=2, epochs=1, batch=50)).history
    assert np.isfinite(history[0]["loss"])


def test_a_loss_that_is_not_finite_stops_in_words(tmp_path):
    settings = Settings(reconstructive_width=2, discriminative_width=2, epochs=3, batch=1, learning_rate=1e30)
    with pytest.raises(InputError, match=r"found .*loss of nan.*learning_rate"):
        fitted(tmp_path, settings)
