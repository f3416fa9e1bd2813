"""What tests ask of every compared method that is trained."""

import numpy as np
import pytest
import torch
from sample_photographs import discs


def stopped_and_resumed(monkeypatch, learner, number, fit):
    """Return what a fit gives that was stopped before an epoch of a kind of learner, and begun again."""
    plain = learner.epoch

    def stops(self, at, shown):
        if at == number:
            raise KeyboardInterrupt
        return plain(self, at, shown)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(learner, "epoch", stops)
        fit()
    return fit()


def same_state(one, two):
    """Return whether two detectors have learned the same, bit by bit."""
    first, second = one.state(), two.state()
    return first.keys() == second.keys() and all(torch.equal(value, second[name]) for name, value in first.items())


def assert_same(one, two):
    """Hold two fits to be the same, histories and detectors."""
    # As text: a figure that an epoch has not is NaN.
    assert str(one.history) == str(two.history)
    assert same_state(one.detector, two.detector)


def assert_same_scores(detector, again, images):
    """Hold a detector and one that was read again to say the same of photographs, and return what they say."""
    views = np.ones(images.shape[:3], bool)
    one, two = detector.score(images, views), again.score(images, views)
    assert np.array_equal(one.maps, two.maps) and np.array_equal(one.own, two.own)
    return one


def assert_alone_as_together(detector, images, rtol=1e-7, atol=0.0):
    """Hold what a detector says of photographs to be what it says of each alone; tolerances are those of numpy."""
    views = np.ones(images.shape[:3], bool)
    together = detector.score(images, views)
    for number in range(len(images)):
        alone = detector.score(images[number : number + 1], views[:1])
        np.testing.assert_allclose(alone.maps[0], together.maps[number], rtol=rtol, atol=atol)
        assert alone.own[0] == pytest.approx(together.own[number], rel=rtol, abs=atol)


def assert_finds_a_bright_square(detector):
    """Hold a detector of plain discs of 64×64 pixels to find a white square of 8×8."""
    image, spot = discs(1, 64, seed=9), np.zeros((64, 64), bool)
    spot[28:36, 28:36] = True
    pasted = image.copy()
    pasted[0, spot] = 255
    views = np.ones((1, 64, 64), bool)
    plain, changed = detector.score(image, views), detector.score(pasted, views)
    assert changed.maps[0, spot].mean() > 2 * changed.maps[0, ~spot].mean()
    assert changed.own[0] > plain.own[0]
