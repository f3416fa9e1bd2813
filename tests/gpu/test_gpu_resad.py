"""ReSAD on a GPU: features, ReSC and scores lie next to the CPU's, and rank photographs alike."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from fundus_anomaly.methods.resad.attention import READINGS, Attention
from fundus_anomaly.methods.resad.resc import combine
from fundus_anomaly.neighbours.search import NearestNeighbours
from fundus_anomaly.networks.interface import load

timm = pytest.importorskip("timm", reason="timm, which builds the backbones, is not installed here")


def photographs(count, side, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.random((count, 3, side // 16, side // 16), dtype=np.float32)
    smooth = torch.nn.functional.interpolate(torch.from_numpy(coarse), (side, side), mode="bicubic")
    noise = torch.from_numpy(rng.normal(0, 6, (count, 3, side, side)).astype(np.float32))
    return (smooth * 255 + noise).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Return a function that writes random weights of a network."""

    def write(name):
        torch.manual_seed(0)
        network = timm.create_model(name, pretrained=False, features_only=True, out_indices=(2, 3))
        path = tmp_path_factory.mktemp("weights") / f"{name}.pth"
        torch.save(network.state_dict(), path)
        return path

    return write


def levels(name, path, device, images):
    return load(name, path, device=device, precision="float32", threads=4, onnx={}).levels(images)


@pytest.mark.parametrize("name", ["resnet18", "wide_resnet50_2"])
def test_features_are_those_of_the_cpu_up_to_rounding_and_the_same_bits_in_each_run(device, weights, name):
    path, images = weights(name), photographs(2, 256)
    here = levels(name, path, "cpu", images)
    there, again = levels(name, path, device, images), levels(name, path, device, images)
    for one, two, repeated in zip(here, there, again, strict=True):
        assert float((one - two.cpu()).abs().max() / one.abs().max()) < 1e-4
        assert torch.equal(two, repeated)


@pytest.mark.parametrize("reading", [reading for reading in READINGS if reading != "off"])
@pytest.mark.parametrize("scale", ["inv_sqrt", "cosine-0.1"])
def test_resc_is_that_of_the_cpu_up_to_rounding(device, reading, scale):
    generator = torch.Generator().manual_seed(0)
    fine, coarse = (torch.randn(side, side, 48, generator=generator) for side in (32, 16))
    settings = {"pool": 1, "region": 5, "attention": Attention(reading, scale)}
    here, near = combine(fine, coarse, **settings)
    there, far = combine(fine.to(device), coarse.to(device), **settings)
    assert float((here - there.cpu()).abs().max() / here.abs().max()) < 1e-5
    assert far == pytest.approx(near, rel=1e-3)


def test_distances_rank_positions_and_photographs_as_on_the_cpu(device, weights):
    path, images = weights("resnet18"), photographs(12, 192)
    attention, distances = Attention("matmul", "inv_sqrt"), {}
    for one in ("cpu", device):
        fine, coarse = levels("resnet18", path, one, images)
        made = [
            combine(fine[number], coarse[number], pool=1, region=5, attention=attention)[0].cpu().numpy()
            for number in range(len(images))
        ]
        bank = np.ascontiguousarray(np.concatenate([features.reshape(-1, features.shape[-1]) for features in made[:6]]))
        search = NearestNeighbours(bank[::7].copy(), method="flat", device=one, threads=4)
        distances[one] = np.stack([search.distances(features.reshape(-1, features.shape[-1])) for features in made[6:]])
    here, there = distances["cpu"], distances[device]
    assert spearmanr(here.ravel(), there.ravel()).statistic >= 0.999
    assert np.argsort(here.max(axis=1)).tolist() == np.argsort(there.max(axis=1)).tolist()
