"""A training goes on from its checkpoint to the same bytes, and stops at figures that are not finite."""

import math

import pytest
import torch

from fundus_anomaly.errors import InputError
from fundus_anomaly.training.epochs import learn
from fundus_anomaly.training.seeded import seeded


class Drawn:
    """A learner whose steps and figures depend on torch's generator and on its optimiser's state."""

    images = 3

    def __init__(self, stop_before=None, spoiled=None):
        self.layer = torch.nn.Linear(2, 1)
        with torch.no_grad():
            self.layer.weight.fill_(1.0)
            self.layer.bias.fill_(0.0)
        self.optimiser = torch.optim.Adam(self.layer.parameters(), lr=0.1)
        self.modules, self.optimisers = {"layer": self.layer}, {"adam": self.optimiser}
        self.stop_before, self.spoiled, self.shown = stop_before, spoiled, 0

    def epoch(self, number, shown):
        if number == self.stop_before:
            raise KeyboardInterrupt
        loss = self.layer(torch.rand(4, 2)).square().mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        shown(self.images)
        self.shown += self.images
        return {"loss": math.nan if number == self.spoiled else float(loss.detach())}


def trained(learner, tmp_path, epochs=5, name="a", key="key"):
    return learn(learner, epochs, checkpoint=tmp_path / f"{name}.pt", key=key, seed=1)


def test_a_stopped_training_resumes_to_the_same_bytes(tmp_path):
    whole = Drawn()
    history = trained(whole, tmp_path, name="whole")
    with pytest.raises(KeyboardInterrupt):
        trained(Drawn(stop_before=3), tmp_path)
    resumed = Drawn()
    assert str(trained(resumed, tmp_path)) == str(history)
    assert resumed.shown == 2 * resumed.images
    assert torch.equal(whole.layer.weight, resumed.layer.weight)


def test_a_checkpoint_of_another_configuration_is_not_gone_on_from(tmp_path):
    trained(Drawn(), tmp_path, epochs=2)
    other = Drawn()
    trained(other, tmp_path, epochs=2, key="another")
    assert other.shown == 2 * other.images


def test_a_checkpoint_of_another_network_is_an_error_that_names_the_file(tmp_path):
    trained(Drawn(), tmp_path, epochs=2)
    other = Drawn()
    other.modules = {"layer": torch.nn.Linear(3, 1)}
    with pytest.raises(InputError, match=r"a\.pt.*another network.*delete"):
        trained(other, tmp_path)


def test_a_loss_that_is_not_finite_stops_with_a_remedy(tmp_path):
    with pytest.raises(InputError, match=r"epoch 2.*loss of nan.*learning_rate"):
        trained(Drawn(spoiled=1), tmp_path)


def test_a_seeded_draw_depends_on_its_purpose_alone_and_changes_nothing_else():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    with seeded(0, "weights"):
        one = torch.rand(3)
    assert torch.equal(torch.rand(1), expected)
    with seeded(0, "weights"):
        assert torch.equal(torch.rand(3), one)
    with seeded(0, "epoch", 1):
        assert not torch.equal(torch.rand(3), one)


def test_a_held_out_loss_that_is_not_finite_stops_too(tmp_path):
    class Diverging(Drawn):
        def epoch(self, number, shown):
            return super().epoch(number, shown) | {"held_out_loss": math.nan}

    with pytest.raises(InputError, match=r"epoch 1.*held_out_loss of nan"):
        trained(Diverging(), tmp_path)
