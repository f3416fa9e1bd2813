"""Maps of a network that looks beside its positions' middles are brought to their place; others stay as they are."""

import h5py
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.networks.displacement import displacement, whole_pixels
from fundus_anomaly.networks.interface import load
from fundus_anomaly.networks.weights import fetch
from fundus_anomaly.scoring.map_files import displacement_of, map_of
from fundus_anomaly.scoring.maps import anomaly_map


class Strided:
    """Levels that average windows of some pixels around pixel stride·i + middle, as convolutions with padding do."""

    def __init__(self, middle, only=None):
        self.middle, self.only, self.seen = middle, only, []

    def level(self, photographs, stride):
        window = 2 * stride + 1
        x = photographs.permute(0, 3, 1, 2).float()
        shift = self.middle - stride
        x = F.pad(x, (max(0, -shift), stride * 2, max(0, -shift), stride * 2))[..., max(0, shift) :, max(0, shift) :]
        side = tuple(-(-part // stride) for part in photographs.shape[1:3])
        return F.avg_pool2d(x, window, stride)[..., : side[0], : side[1]].permute(0, 2, 3, 1)

    def levels(self, photographs):
        self.seen.append(tuple(photographs.shape[1:3]))
        if self.only and self.seen[-1] != self.only:
            raise InputError(Problem("graph", str(self.seen[-1]), str(self.only), "give this size"))
        return self.level(photographs, 8), self.level(photographs, 16)


@pytest.mark.parametrize("size", [(784, 784), (256, 352), (96, 96)])
def test_a_network_that_looks_at_each_corner_is_displaced_by_half_a_stride(size):
    # Position i is placed at 8i + 3.5 and looks at 8i.
    assert displacement(Strided(0), *size) == pytest.approx((3.5, 3.5), abs=0.1)
    assert displacement(Strided(4), *size) == pytest.approx((-0.5, -0.5), abs=0.1)


def test_a_large_image_is_probed_by_a_small_one_and_a_graph_of_one_size_by_its_own():
    network, fixed = Strided(0), Strided(0, (400, 400))
    displacement(network, 784, 792)
    assert set(network.seen) == {(272, 280)}
    assert displacement(fixed, 400, 400) == pytest.approx((3.5, 3.5), abs=0.1)
    with pytest.raises(InputError, match="graph"):
        displacement(Strided(0, (7, 7)), 400, 400)


def test_a_network_that_does_not_respond_is_not_displaced():
    class Constant:
        def __init__(self, value):
            self.value = value

        def levels(self, photographs):
            sides = photographs.shape[1:3]
            return tuple(torch.full((1, sides[0] // s, sides[1] // s, 2), self.value) for s in (8, 16))

    for value in (1.0, float("nan")):
        assert displacement(Constant(value), 96, 96) == (0, 0)


def test_less_than_a_quarter_of_a_stride_is_left_as_published():
    assert whole_pixels((1.9, -1.99)) == (0, 0)
    assert whole_pixels((2.0, -3.6)) == (2, -4)


@pytest.mark.parametrize("size", [392, 784])
def test_the_default_networks_maps_stay_where_they_are(tmp_path, size):
    fetch("efficientnet_lite0", "", "", tmp_path / "w")
    network = load("efficientnet_lite0", tmp_path / "w", device="cpu", precision="float32", threads=1, onnx={})
    found = displacement(network, size, size)
    assert max(map(abs, found)) < 2
    assert whole_pixels(found) == (0, 0)


def test_a_displaced_map_is_moved_back_and_one_that_is_not_keeps_its_bits():
    distance = np.zeros((12, 12), np.float32)
    distance[6, 5] = 1.0
    plain = anomaly_map(distance, (96, 96))
    np.testing.assert_array_equal(anomaly_map(distance, (96, 96), (0, 0)), plain)
    moved = anomaly_map(distance, (96, 96), (4, -3))
    np.testing.assert_array_equal(moved[:-4, 3:], plain[4:, :-3])
    np.testing.assert_array_equal(moved[-4:, 3:], np.repeat(plain[-1:, :-3], 4, axis=0))
    assert moved.dtype == np.float32


def test_a_disc_seen_by_a_displaced_network_is_found_where_it_lies():
    network, photograph = Strided(0), torch.full((1, 256, 256, 3), 128, dtype=torch.uint8)
    disc = photograph.clone()
    disc[0, 118:124, 90:96] = 20
    distance = (network.levels(disc)[0] - network.levels(photograph)[0]).square().sum(-1)[0].numpy()
    error = {}
    for name, by in (("as published", (0, 0)), ("moved back", whole_pixels(displacement(network, 256, 256)))):
        scores = anomaly_map(distance, (256, 256), by).astype(float)
        rows, columns = np.mgrid[:256, :256]
        centre = [(scores * axis).sum() / scores.sum() for axis in (rows, columns)]
        error[name] = np.hypot(centre[0] - 120.5, centre[1] - 92.5)
    assert error["as published"] > 4
    assert error["moved back"] < 1.5


def test_a_file_of_scores_gives_its_maps_in_their_place_and_a_strange_displacement_is_refused(tmp_path):
    distance = np.random.default_rng(0).random((2, 6, 7)).astype(np.float32)
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["distance"], file.attrs["image_size"] = distance, (48, 56)
        np.testing.assert_array_equal(map_of(file, 1), anomaly_map(distance[1], (48, 56)))
        file.attrs["displacement"] = (3, -2)
        np.testing.assert_array_equal(map_of(file, 1), anomaly_map(distance[1], (48, 56), (3, -2)))
        for wrong in ((1.5, 2.0), (1, 2, 3), (2**40, 0), (float("nan"), 0.0), "ab"):
            file.attrs["displacement"] = wrong
            with pytest.raises(InputError, match=r"s\.h5, attribute 'displacement'"):
                displacement_of(file)
