"""Eq. 4 in each reading equals its definition on the whole hw×hw map, without ever holding that map."""

import math

import numpy as np
import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from fundus_anomaly.methods.resad import attention as attention_module
from fundus_anomaly.methods.resad.attention import Attention, effective_neighbours, spatial_aware
from fundus_anomaly.methods.resad.feature_map import LevelsMap
from fundus_anomaly.methods.resad.resc import concat_levels


def features(height=7, width=9, channels=5, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).random((height, width, channels), np.float32))


@pytest.fixture(params=["whole", "levels"])
def made_of(request, monkeypatch):
    """Return a function for F and the level 3 in it, or none; in the second case products are made from the levels."""
    monkeypatch.setattr(attention_module, "_FROM_LEVELS", 1)

    def made(height, width, channels=5, seed=0):
        level2 = features(height, width, 2, seed)
        level3 = features((height + 1) // 2, width // 2, channels - 2, seed + 1)
        f = concat_levels(level2, level3)
        return f, level3 if request.param == "levels" else None

    return made


def softmax_of_g(f, scale):
    """Return softmax(G) of eq. 4, (hw, hw) float64, with G scaled as asked for."""
    flat = f.reshape(-1, f.shape[-1]).numpy().astype(np.float64)
    if scale.startswith("cosine"):
        flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    factor = {"none": 1.0, "inv_sqrt": 1 / math.sqrt(flat.shape[1]), "cosine-0.1": 10.0}[scale]
    weights = np.exp(factor * flat @ flat.T)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("scale", ["none", "inv_sqrt", "cosine-0.1"])
@pytest.mark.parametrize("reading", ["matmul", "column_mass", "self_weight"])
def test_a_reading_equals_its_definition_on_the_whole_map(reading, scale, made_of):
    # More positions than one block of rows, so that blocks have to fit together.
    f, level3 = made_of(23, 29)
    flat, softmax = f.reshape(-1, 5).numpy().astype(np.float64), softmax_of_g(f, scale)
    wanted = {
        "matmul": softmax @ flat,
        "column_mass": flat * softmax.sum(axis=0)[:, None],
        "self_weight": flat * np.diag(softmax)[:, None],
    }[reading]
    spatial, neighbours = spatial_aware(f, Attention(reading, scale), level3)
    np.testing.assert_allclose(spatial.reshape(-1, 5).numpy(), wanted, rtol=2e-5, atol=1e-6)
    entropy = -(softmax * np.log(softmax)).sum(axis=1)
    assert neighbours == pytest.approx(np.median(np.exp(entropy)), rel=2e-2)


def test_identity_leaves_the_features_as_they_are():
    f = features()
    spatial, _ = spatial_aware(f, Attention("identity", "none"))
    assert torch.equal(spatial, f)


@pytest.mark.parametrize("norm", [0.1, 50.0])
@pytest.mark.parametrize("wanted", [5.0, 100.0])
def test_perplexity_gives_the_wanted_number_of_neighbours_whatever_the_features_norm(wanted, norm, made_of):
    f, level3 = made_of(20, 21, 8)
    attention = Attention("matmul", f"perplexity-{wanted}")
    _, neighbours = spatial_aware(norm * f, attention, level3 if level3 is None else norm * level3)
    assert neighbours == pytest.approx(wanted, rel=0.01)


def test_more_neighbours_than_positions_are_as_good_as_all():
    f = features()
    spatial, neighbours = spatial_aware(f, Attention("matmul", "perplexity-1000000"))
    assert 0.9 * 63 < neighbours <= 63
    assert torch.isfinite(spatial).all()


@pytest.mark.parametrize("reading", ["matmul", "column_mass", "self_weight"])
def test_a_number_of_neighbours_out_of_reach_leaves_the_readings_as_they_are_to_rounding(reading, made_of):
    level2, level3 = torch.full((23, 29, 2), 0.7), torch.full((12, 14, 3), 0.3)
    f = concat_levels(level2, level3)
    spatial, neighbours = spatial_aware(
        f, Attention(reading, "perplexity-5"), level3 if made_of(2, 2)[1] is not None else None
    )
    share = 1 / 667 if reading == "self_weight" else 1.0
    torch.testing.assert_close(spatial, f * share, rtol=0.5, atol=0)
    assert neighbours == pytest.approx(667, rel=0.1)


def test_neighbours_are_the_median_of_positions_spread_evenly_over_the_map():
    # A quarter of the map, its first rows, attends to few; of the rest to each other, alike.
    f = torch.zeros(40, 40, 41)
    f[:10, :, 0] = 1.0
    f[torch.arange(10).repeat_interleave(40), torch.arange(40).repeat(10), 1 + torch.arange(40).repeat(10)] = 30.0
    _, neighbours = spatial_aware(f, Attention("matmul", "none"))
    assert neighbours == pytest.approx(1600, rel=0.01)


def test_a_third_of_positions_with_many_neighbours_does_not_move_the_median():
    logits = torch.zeros(9, 100)
    logits[:6, 0] = 1000.0
    assert effective_neighbours(logits, 1.0) == pytest.approx(1)


def test_attention_that_is_off_and_a_level_3_that_is_no_part_of_f_are_refused(made_of):
    f, level3 = features(), features(4, 5, 6)
    with pytest.raises(ValueError, match="off"):
        spatial_aware(f, Attention("off", "none"))
    for wrong in (level3, level3[..., :2].double(), level3[0]):
        with pytest.raises(ValueError, match="level 3"):
            spatial_aware(f, Attention("matmul", "none"), wrong)


def test_uniform_and_collapsed_attention_have_all_and_one_neighbour():
    logits = torch.eye(12)
    assert effective_neighbours(logits, 1e-9) == pytest.approx(12)
    assert effective_neighbours(logits, 1e9) == pytest.approx(1)


def test_uniform_features_attend_to_all_positions_alike():
    f = torch.ones(4, 6, 3) * torch.tensor([1.0, 2.0, 3.0])
    for reading, share in (("matmul", 1.0), ("column_mass", 1.0), ("self_weight", 1 / 24)):
        spatial, neighbours = spatial_aware(f, Attention(reading, "none"))
        torch.testing.assert_close(spatial, f * share)
        assert neighbours == pytest.approx(24, rel=1e-4)


class Memory(TorchDispatchMode):
    """Notes the largest tensor that any operation of torch gives back, and the most bytes that are held at once."""

    def __init__(self):
        super().__init__()
        self.numbers = self.bytes = 0
        self._held = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        given = func(*args, **(kwargs or {}))
        for tensor in given if isinstance(given, tuple | list) else [given]:
            if isinstance(tensor, torch.Tensor):
                self.numbers = max(self.numbers, tensor.numel())
                storage = tensor.untyped_storage()
                self._held[storage.data_ptr()] = StorageWeakRef(storage), storage.nbytes()
        self._held = {place: held for place, held in self._held.items() if not held[0].expired()}
        self.bytes = max(self.bytes, sum(size for _, size in self._held.values()))
        return given


@pytest.mark.parametrize(
    ("reading", "scale"),
    [("matmul", "inv_sqrt"), ("matmul", "perplexity-100"), ("column_mass", "none"), ("self_weight", "none")],
)
def test_the_whole_map_is_never_in_memory(reading, scale, made_of):
    # Channels first in memory, as convolutions leave them: torch's attention is not blockwise on those.
    f, level3 = made_of(98, 98, 4)
    f = f.permute(2, 0, 1).contiguous().permute(1, 2, 0)
    assert f.stride(-1) == 98 * 98
    with Memory() as memory:
        spatial_aware(f, Attention(reading, scale), level3)
    positions, block = 98 * 98, 512 * 98 * 98
    assert positions < memory.numbers <= block
    # Eight of the map's 19 blocks: what a softmax takes, and the sampled rows.
    assert memory.bytes <= 4 * 8 * block


@pytest.mark.parametrize(
    ("reading", "scale"),
    [
        ("softmax", "none"),
        ("matmul", "sqrt"),
        ("matmul", "cosine-"),
        ("matmul", "cosine-0"),
        ("matmul", "cosine-1.2.3"),
        ("matmul", "cosine-0." + 39 * "0" + "1"),
        ("matmul", "perplexity--3"),
        ("matmul", "perplexity-0.5"),
    ],
)
def test_what_has_no_meaning_is_refused_before_any_work(reading, scale):
    with pytest.raises(ValueError, match="no such attention"):
        Attention(reading, scale)


@pytest.mark.parametrize(("channels", "from_levels"), [(511, 0), (512, 1)])
def test_products_are_made_from_the_levels_where_level_3_is_as_wide_as_the_papers(channels, from_levels, monkeypatch):
    made, of = [], LevelsMap.of
    monkeypatch.setattr(LevelsMap, "of", lambda *levels: made.append(levels) or of(*levels))
    level2, level3 = features(4, 4, 3), features(2, 2, channels)
    f = concat_levels(level2, level3)
    spatial, _ = spatial_aware(f, Attention("matmul", "inv_sqrt"), level3)
    assert len(made) == from_levels
    torch.testing.assert_close(spatial, spatial_aware(f, Attention("matmul", "inv_sqrt"))[0])
