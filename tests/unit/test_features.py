"""Extraction gives each photograph's own levels, whatever the batch, and no number that is none."""

import numpy as np
import pytest
import torch

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.resad.features import extract, level_shapes

PHOTOGRAPHS = np.random.default_rng(0).integers(0, 255, (5, 32, 48, 3), dtype=np.uint8)


class Means:
    """A backbone whose levels are the mean colours of 8×8 and 16×16 pixels, times a factor."""

    def __init__(self, factor=1.0):
        self.factor, self.batches = factor, []

    def levels(self, photographs):
        self.batches.append(len(photographs))
        image = photographs.permute(0, 3, 1, 2).float() * self.factor
        return tuple(torch.nn.functional.avg_pool2d(image, s).permute(0, 2, 3, 1) for s in (8, 16))


@pytest.mark.parametrize("start", [0, 3])
@pytest.mark.parametrize("batch", [1, 2, 5, 9])
def test_every_photograph_from_the_start_on_gets_its_own_levels(batch, start):
    backbone = Means()
    found = list(extract(backbone, PHOTOGRAPHS, start, batch, "float32"))
    assert [first for first, _, _ in found] == list(range(start, 5, batch))
    assert max(backbone.batches) <= batch
    for number, size in ((1, 8), (2, 16)):
        levels = np.concatenate([part[number] for part in found])
        wanted = PHOTOGRAPHS[start:].reshape(5 - start, 32 // size, size, 48 // size, size, 3).mean((2, 4))
        np.testing.assert_allclose(levels, wanted, rtol=1e-5)


def test_levels_are_stored_in_the_type_asked_for():
    ((_, level2, level3),) = extract(Means(), PHOTOGRAPHS, 0, 5, "float16")
    assert level2.dtype == level3.dtype == np.float16


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(("factor", "dtype"), [(1000, "float16"), (float("nan"), "float16"), (float("inf"), "float32")])
def test_what_is_not_finite_is_refused_with_the_photographs_named(factor, dtype):
    with pytest.raises(InputError, match=rf"photographs 2 to 3.*{dtype}.*features\.dtype"):
        list(extract(Means(factor), PHOTOGRAPHS, 2, 2, dtype))


def test_large_values_fit_single_precision():
    assert len(list(extract(Means(1000), PHOTOGRAPHS, 0, 5, "float32"))) == 1


def test_the_shapes_are_those_that_the_backbone_gives():
    assert level_shapes(Means(), 32, 48) == ((4, 6, 3), (2, 3, 3))


@pytest.mark.parametrize("shift", [1, -1])
def test_levels_that_do_not_lie_on_their_photographs_are_refused(shift):
    class Rolled(Means):
        def levels(self, photographs):
            level2, level3 = super().levels(photographs)
            return level2, torch.cat([level3, level3], dim=2) if shift > 0 else level3[:, :, :-1]

    for read in (lambda: level_shapes(Rolled(), 32, 48), lambda: list(extract(Rolled(), PHOTOGRAPHS, 0, 2, "float32"))):
        with pytest.raises(InputError, match=r"backbone: found levels of 4×6 and 2×\d positions for 32×48 pixels"):
            read()
