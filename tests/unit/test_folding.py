"""Networks whose normalisations are folded are the same functions, without them."""

import pytest
import torch
from torch import nn

from fundus_anomaly.networks.folding import fold_batch_norms
from fundus_anomaly.networks.timm_network import NETWORKS
from fundus_anomaly.networks.without_compiler import without_compiler

with without_compiler():
    import timm


def unusual(network: nn.Module) -> nn.Module:
    """Return the network with statistics as training leaves them: far from 0 and 1."""
    draw = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, low, high in (
                (module.running_mean, -0.3, 0.3),
                (module.running_var, 0.5, 2),
                (module.weight.data, 0.5, 1.5),
                (module.bias.data, -0.3, 0.3),
            ):
                values.uniform_(low, high, generator=draw)
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_backbone_without_its_normalisations_is_the_same_function(name):
    torch.manual_seed(0)
    create = {"pretrained": False, "features_only": True, "out_indices": (2, 3)}
    network = unusual(timm.create_model(NETWORKS[name].timm_name, **create))
    images = torch.randn(2, 3, 96, 64)
    before = network(images)
    fold_batch_norms(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    for one, other in zip(before, network(images), strict=True):
        assert one.abs().max() > 0.1
        torch.testing.assert_close(other, one, rtol=1e-3, atol=1e-4 * float(one.abs().max()))


def test_a_normalisation_without_a_convolution_before_it_stays():
    class First(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.convolution = nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)

        def forward(self, images):
            return [self.convolution(self.first(images))]

    network = unusual(First())
    fold_batch_norms(network)
    assert isinstance(network.first, nn.BatchNorm2d)


def test_a_network_that_runs_its_layers_in_another_order_is_refused():
    class Reversed(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.last = nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3)

        def forward(self, images):
            return [self.convolution(self.last(images))]

    with pytest.raises(ValueError, match="does not follow"):
        fold_batch_norms(unusual(Reversed()))


def test_a_network_that_is_not_finite_only_once_it_is_folded_is_refused():
    class Hidden(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.last = nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3)
            self.last.running_mean.fill_(float("nan"))

        def forward(self, images):
            return [self.convolution(images)]

    with pytest.raises(ValueError, match="does not follow"):
        fold_batch_norms(Hidden().eval().requires_grad_(False))
