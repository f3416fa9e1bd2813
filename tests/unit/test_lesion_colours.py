"""One colour for each type of lesion in every figure, told apart by those who are colour-blind, too."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex
from sample_eye import LESIONS, SIZE, eye
from test_figures import fig_2
from test_figures_gradcam import row as gradcam_row

from fundus_anomaly.report.figures import gradcam, qualitative, twins
from fundus_anomaly.report.figures.heat_map import Scale
from fundus_anomaly.report.figures.lesion_colours import lesion_colours, seen_by_all


def legend(figure) -> dict[str, str]:
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()] + list(figure.legends)
    return {
        text.get_text(): to_hex(patch.get_facecolor()).upper()
        for one in legends
        for text, patch in zip(one.get_texts(), one.get_patches(), strict=True)
    }


def twin(kinds: tuple[str, ...]) -> twins.Row:
    photograph, _ = eye()
    masks = np.zeros((SIZE, SIZE), np.uint16)
    for bit in range(len(kinds)):
        masks[4 * bit : 4 * bit + 4, 10:20] = 1 << bit
    return twins.Row("train/1", "all", 4, photograph, photograph, masks, kinds)


def all_marked(lesions: tuple[str, ...]) -> np.ndarray:
    coverage = np.zeros((len(lesions), SIZE, SIZE), np.uint8)
    for number in range(len(lesions)):
        coverage[number, 4 * number : 4 * number + 2, 40:42] = 255
    return coverage


@pytest.mark.parametrize("order", list(itertools.permutations(LESIONS)))
def test_a_type_has_its_colour_whatever_the_order_of_the_types(order):
    expected = lesion_colours(LESIONS)
    assert lesion_colours(order) == expected
    shown = legend(twins.draw([twin(order)]))
    assert shown == expected


def test_all_figures_give_a_type_the_same_colour():
    drawn = twins.draw([twin(tuple(sorted(LESIONS)))])
    shown = [legend(fig_2()), legend(gradcam.draw([gradcam_row()], LESIONS, 0.6)), legend(drawn)]
    assert {name for colours in shown for name in colours} == set(LESIONS)
    for name in LESIONS:
        assert len({colours[name] for colours in shown if name in colours}) == 1


def test_the_pixels_have_the_colour_that_the_legend_says():
    kinds = ("EX", "HE", "MA", "SE", "drusen", "scar", "t1", "t2", "t3", "t4")
    colours = lesion_colours(kinds)
    one = twin(kinds)
    painted, photograph = twins.coloured(one, colours), eye()[0]
    truth = qualitative.ground_truth(photograph, all_marked(kinds), [colours[name] for name in kinds])
    for bit, name in enumerate(kinds):
        assert "#" + bytes(painted[4 * bit + 1, 12]).hex().upper() == colours[name]
        assert "#" + bytes(truth[4 * bit, 40]).hex().upper() == colours[name]


def test_a_further_type_keeps_its_colour_in_a_figure_that_shows_some_of_the_types():
    every = ("MA", "alpha", "beta", "gamma")
    whole = lesion_colours(every)
    assert lesion_colours(("gamma", "beta"), every) == {name: whole[name] for name in ("gamma", "beta")}


@pytest.mark.parametrize("count", [5, 8, 9, 12, 20])
def test_many_types_are_distinguished_with_every_kind_of_colour_vision(count):
    colours = list(lesion_colours([*LESIONS, *(f"type {n}" for n in range(count - 4))]).values())
    assert len(set(colours)) == count
    nearest = min(
        np.linalg.norm(seen_by_all(a) - seen_by_all(b), axis=1).min() for a, b in itertools.combinations(colours, 2)
    )
    # The palette of Okabe and Ito reaches 16 itself; 2.3 is a just noticeable difference.
    assert nearest > 10


def test_the_types_of_each_dataset_differ_from_each_other():
    for types in (LESIONS, ("drusen", "exudate", "hemorrhage", "others", "scar"), ("lesion",)):
        assert len(set(lesion_colours(types).values())) == len(types)
    assert len(set(lesion_colours([*LESIONS, "drusen", "exudate", "lesion", "x"]).values())) == 8


def test_a_figure_of_more_than_eight_types_is_drawn():
    types = tuple(f"type {n}" for n in range(11))
    photograph, field = eye()
    scores = np.ones((SIZE, SIZE), np.float32)
    row = qualitative.Row("a", "type 0", 2, photograph, field, all_marked(types), (scores,), (1.0,))
    shown = legend(qualitative.draw([row], ("ReSAD",), (Scale(0, 1),), types, 0.8))
    assert len(set(shown.values())) == 11
    assert legend(twins.draw([twin(types)])) == shown
