"""A training goes on from its checkpoint to the same weights; its batches are balanced and depend on no worker."""

import fcntl
import json
import math

import numpy as np
import pytest
import torch
from lesion_samples import disc, lesions, normal, options
from torch import nn

from fundus_anomaly.errors import InputError
from fundus_anomaly.files.hdf5 import create_dataset, create_h5, write_ids, write_texts
from fundus_anomaly.imaging.geometry import stretch
from fundus_anomaly.methods.lesionpaste.twins import Twins, batches, order_of
from fundus_anomaly.networks.classifier import Classifier, build, empty_network, memory_format
from fundus_anomaly.networks.weights import fetch
from fundus_anomaly.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from fundus_anomaly.training.classification import Classification, Schedule, by_validation, logits_of, rate
from fundus_anomaly.training.epochs import BestEpoch, learn

SIDE, COUNT = 32, 10
SCHEDULE = Schedule(epochs=3, learning_rate=0.05, momentum=0.9, weight_decay=1e-4)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Ten normal images of 32×32 pixels, made from photographs of 64×64."""
    path = tmp_path_factory.mktemp("images") / "train.h5"
    source = json.dumps({"geometry": stretch(SIDE).as_dict(), "height": 64, "width": 64})
    with create_h5(path) as file:
        create_dataset(file, "image", (COUNT, SIDE, SIDE, 3), np.uint8)[:] = np.stack(
            [normal(SIDE, seed)[0] for seed in range(COUNT)]
        )
        create_dataset(file, "field_of_view", (COUNT, SIDE, SIDE), np.uint8)[:] = disc(SIDE)
        write_texts(file, "source", [source] * COUNT)
        write_ids(file, [f"set/{number}" for number in range(COUNT)])
    return path


def pairs(images, epoch=0, chosen=None):
    return Twins(images, range(COUNT), lesions(), options() if chosen is None else chosen, 0, epoch)


def tiny_classifier(seed=0):
    torch.manual_seed(seed)
    layers = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Dropout(), nn.Linear(128, 2)
    )
    return Classifier(layers, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2))


def learner_of(images, classifier=None, schedule=SCHEDULE, batch=4, judged=True):
    return Classification(
        classifier or tiny_classifier(),
        schedule,
        lambda epoch: batches(pairs(images, epoch), batch, 0, False, order_of(epoch, COUNT, 5)),
        lambda: batches(pairs(images), 8, 0, False) if judged else [],
        steps=2 * COUNT // batch,
        images=2 * COUNT,
        device="cpu",
        precision="float32",
        remedy="lower learning_rate, or set precision to float32",
    )


def trained(images, epochs, path, learner=None, schedule=SCHEDULE, after=lambda epoch, weights: None):
    """Train, or go on from a checkpoint, to the end of so many epochs, and return what the checkpoint then holds."""
    learner = learner or learner_of(images, schedule=schedule)
    best = BestEpoch(by_validation)
    learn(learner, epochs, checkpoint=path, key="key", seed=5, drawn="dropout", best=best, after=after)
    state = read_checkpoint(path, "key")
    assert all(torch.equal(best.weights[name], value) for name, value in state.best.items())
    return state


def test_batches_are_half_normal_and_half_twin_and_hold_every_image_once(images):
    seen = []
    for photographs, labels in batches(pairs(images), 6, 0, False, order_of(0, COUNT, 0)):
        assert labels.sum() == len(labels) / 2
        assert photographs.dtype == torch.uint8
        seen += [photograph.numpy().tobytes() for photograph in photographs[labels == 0]]
        different = (photographs[labels == 0] != photographs[labels == 1]).flatten(1).any(dim=1)
        assert different.all()
    assert sorted(seen) == sorted(normal(SIDE, seed)[0].tobytes() for seed in range(COUNT))


@pytest.mark.parametrize("workers", [1, 2])
def test_the_number_of_workers_does_not_change_the_batches(images, workers):
    alone, with_workers = (list(batches(pairs(images), 4, number, False)) for number in (0, workers))
    for one, other in zip(alone, with_workers, strict=True):
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1])


def test_twins_are_made_without_a_lock_on_their_file(images):
    wanted = pairs(images)[0]
    with images.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert torch.equal(pairs(images)[0], wanted)


def test_twins_without_lesions_equal_their_normals(images):
    twins = Twins(images, range(COUNT), lesions(), None, 0)
    assert all(torch.equal(*twins[number]) for number in range(COUNT))


def test_an_image_has_one_twin_unless_new_ones_are_asked_for(images):
    assert torch.equal(pairs(images)[3], pairs(images)[3])
    assert not torch.equal(pairs(images)[3], pairs(images, epoch=1)[3])


def test_a_training_that_was_killed_ends_with_the_weights_of_an_undisturbed_one(images, tmp_path):
    undisturbed = trained(images, 3, tmp_path / "whole.pt")
    trained(images, 2, tmp_path / "c.pt")
    resumed = trained(images, 3, tmp_path / "c.pt")
    assert resumed.history == undisturbed.history
    for one, other in ((resumed.weights, undisturbed.weights), (resumed.best, undisturbed.best)):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_checkpoint_of_another_configuration_is_not_gone_on_from_and_the_log_says_so(images, tmp_path, caplog):
    path = tmp_path / "c.pt"
    assert read_checkpoint(path, "key") is None
    trained(images, 1, path)
    assert "another configuration" not in caplog.text
    with caplog.at_level("INFO"):
        assert read_checkpoint(path, "another") is None
    assert f"{path} is of another configuration: the training starts again" in caplog.text


@pytest.mark.parametrize("kind", ["truncated", "empty", "no dictionary", "a key missing", "code"])
def test_a_damaged_checkpoint_is_named_and_may_be_deleted(images, tmp_path, kind):
    path = tmp_path / "c.pt"
    trained(images, 1, path)
    if kind in ("truncated", "empty"):
        path.write_bytes(path.read_bytes()[: -200 if kind == "truncated" else 0])
    else:
        content = {"no dictionary": [1, 2], "a key missing": {"key": "key", "history": []}, "code": {"key": Schedule}}
        torch.save(content[kind], path)
    with pytest.raises(InputError, match=f"delete {path} and run the same command again") as error:
        read_checkpoint(path, "key")
    assert error.value.problems[0].where == str(path)


def test_a_checkpoint_with_the_state_of_another_network_is_named(images, tmp_path):
    path = tmp_path / "c.pt"
    state = trained(images, 1, path)
    foreign = {f"other.{name}": value for name, value in state.weights.items()}
    smaller = {name: value[:1] for name, value in state.weights.items()}
    for weights in (foreign, smaller, {}):
        write_checkpoint(path, Checkpoint(state.history, weights, state.optimiser, weights), "key")
        with pytest.raises(InputError, match=f"{path}: found the state of another network .*delete"):
            trained(images, 3, path)
    write_checkpoint(path, Checkpoint(state.history, state.weights, {"state": {}}, state.best), "key")
    with pytest.raises(InputError, match="delete"):
        trained(images, 3, path)


@pytest.mark.parametrize(
    ("judged", "best"),
    [
        ([(0.1, 0.6), (0.5, 0.9), (0.2, 0.7)], 1),  # the largest AUC, whatever its loss
        ([(0.5, 0.8), (0.4, 0.8), (0.6, 0.8)], 1),  # then the smallest loss
        ([(0.5, 0.9), (0.5, 0.9), (0.5, 0.9)], 0),  # then the first
        ([()] * 3, 2),  # without validation images the last
    ],
)
@pytest.mark.parametrize("killed_after", [None, 1, 2])
def test_the_weights_kept_are_those_of_the_best_epoch(images, tmp_path, monkeypatch, judged, best, killed_after):
    found = [dict(zip(("validation_loss", "validation_auc"), figures, strict=False)) for figures in judged]
    monkeypatch.setattr(Classification, "_judge", lambda self, batches, number: found[number])
    after = {}

    def keep(epoch, weights):
        after[epoch] = {name: value.clone() for name, value in weights.items()}

    for epochs in (killed_after, len(judged)):
        if epochs is not None:
            state = trained(images, epochs, tmp_path / "c.pt", after=keep)
    differing = [any(not torch.equal(state.best[name], one[name]) for name in one) for one in after.values()]
    assert list(after) == [1, 2, 3]
    assert [number for number, differs in enumerate(differing) if not differs] == [best]


def test_a_loss_that_is_no_number_says_which_key_to_change(images, tmp_path):
    with pytest.raises(InputError, match="learning_rate"):
        trained(images, 3, tmp_path / "c.pt", schedule=Schedule(3, 1e12, 0.9, 0.0))


def test_a_classifier_that_leaves_the_numbers_at_an_epochs_last_step_stops_too(images, tmp_path):
    class Overflowing(Classifier):
        def forward(self, photographs):
            logits = super().forward(photographs)
            return logits if self.training else logits * math.inf

    classifier = Overflowing(tiny_classifier().network, (0.5,) * 3, (0.2,) * 3)
    with pytest.raises(InputError, match=r"training, epoch 1: found logits .*learning_rate.*float32"):
        trained(images, 1, tmp_path / "c.pt", learner_of(images, classifier))


def test_a_clipped_gradient_moves_the_weights_no_further_than_its_norm_allows(images):
    moved = {}
    for clip in (0.0, 1e-3):
        classifier = tiny_classifier()
        before = torch.nn.utils.parameters_to_vector(classifier.parameters()).clone()
        schedule = Schedule(epochs=1, learning_rate=0.05, momentum=0.0, weight_decay=0.0, clip=clip)
        learner_of(images, classifier, schedule, batch=20, judged=False).epoch(0, lambda count: None)
        moved[clip] = torch.linalg.norm(torch.nn.utils.parameters_to_vector(classifier.parameters()) - before).item()
    assert moved[1e-3] == pytest.approx(0.05 * 1e-3, rel=0.01)
    assert moved[0.0] > 10 * moved[1e-3]


def test_batch_normalisation_keeps_imagenets_statistics_while_training():
    classifier = Classifier(empty_network("resnet18", "linear"), (0.5,) * 3, (0.2,) * 3).train()
    before = {name: value.clone() for name, value in classifier.named_buffers()}
    classifier(torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8))
    assert any("running_mean" in name for name in before)
    assert all(torch.equal(value, before[name]) for name, value in classifier.named_buffers())
    assert classifier.network.training


def test_depthwise_networks_and_gpus_take_channels_last_and_plain_ones_on_a_cpu_do_not():
    plain, depthwise = empty_network("resnet18", "linear"), empty_network("efficientnet_lite0", "linear")
    assert memory_format(plain, "cpu") is torch.contiguous_format
    assert memory_format(plain, "cuda") is memory_format(depthwise, "cpu") is torch.channels_last


def test_vgg16s_linear_head_sees_features_of_one_scale_whatever_that_of_the_convolutions():
    network = empty_network("vgg16", "linear")
    pooled = torch.rand(3, 512)
    logits, tiny = (network.classifier(pooled * scale + shift) for scale, shift in ((1, 0), (0.3, 0.2)))
    torch.testing.assert_close(tiny, logits, atol=1e-3, rtol=0)


def test_the_rate_falls_as_a_cosine_from_the_configured_one_to_zero():
    assert rate(SCHEDULE, 0) == SCHEDULE.learning_rate
    assert rate(SCHEDULE, 0.5) == pytest.approx(SCHEDULE.learning_rate / 2)
    assert rate(SCHEDULE, 1) == pytest.approx(0)
    assert rate(SCHEDULE, 0.25) == pytest.approx(SCHEDULE.learning_rate * (1 + math.sqrt(0.5)) / 2)


@pytest.mark.parametrize(("name", "head"), [("efficientnet_lite0", "full"), ("vgg16", "linear")])
def test_a_classifier_has_imagenets_convolutions_and_a_head_of_its_seed(tmp_path, name, head):
    weights = tmp_path / "weights"
    fetch(name, "", "", weights)
    same, again, other = (
        build(name, weights, head=head, mean=(0.5,) * 3, std=(0.2,) * 3, seed=seed).eval() for seed in (1, 1, 2)
    )
    photographs = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    results = [logits_of(model, photographs, "cpu", "float32") for model in (same, again, other)]
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])
    # A head that starts far from zero sends a first gradient back that undoes the convolutions.
    assert max(result.abs().max() for result in results) < 2
    differing = [key for key, value in same.state_dict().items() if not torch.equal(value, other.state_dict()[key])]
    assert differing and all(key.startswith("network.classifier.") for key in differing)
