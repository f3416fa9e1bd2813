"""Figures of methods side by side: their maps of the same images, and what their trainings told."""

import cv2
import numpy as np
import pandas as pd
import pytest

from fundus_anomaly.report.figures import learning_curves, qualitative
from fundus_anomaly.report.figures.heat_map import Scale
from fundus_anomaly.report.figures.learning_curves import stages_of
from fundus_anomaly.report.figures.shown_images import own_scores_by_id

SIZE, METHODS = 48, ["PatchCore", "ReSAD", "f-AnoGAN, repeat 0", "a method of a name that fits no panel"]


def row(name):
    field = cv2.circle(np.zeros((SIZE, SIZE), np.uint8), (24, 24), 20, 1, -1)
    coverage = np.zeros((1, SIZE, SIZE), np.uint8)
    coverage[0, 20:24, 20:24] = 255
    maps = [np.full((SIZE, SIZE), number / 2, np.float32) for number in range(len(METHODS))]
    return qualitative.Row(name, "MA", 2, np.repeat(field[..., None] * 90, 3, -1), field, coverage, maps, range(4))


def test_each_method_has_a_column_with_its_scale_and_there_is_no_overlay():
    scales = [Scale(0.0, number + 1.0) for number in range(len(METHODS))]
    figure = qualitative.draw([row("a"), row("b")], METHODS, scales, ["MA"], None)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles[:4] == ["photograph", "ground truth", "PatchCore", "ReSAD"]
    assert titles[-1].startswith("…") and len(titles) == 2 + len(METHODS)
    maps = [axes for axes in figure.axes if axes.get_xlabel().startswith("image score")]
    assert len(maps) == 2 * len(METHODS)
    assert [axes.images[0].get_clim() for axes in maps[:4]] == [(0.0, number + 1.0) for number in range(4)]
    bars = [axes for axes in figure.axes if axes.get_xlabel() == "anomaly score"]
    assert len(bars) == len(METHODS)


def test_an_overlay_is_the_last_column():
    figure = qualitative.draw([row("a")], METHODS, [Scale(0.0, 1.0)] * 4, ["MA"], 0.8)
    assert [axes.get_title() for axes in figure.axes if axes.get_title()][-1].startswith("overlay, ")


ADVERSARIAL = pd.DataFrame(
    {
        "epoch": [1, 2, 3, 4],
        "generator_loss": [3.0, 2.0, None, None],
        "critic_loss": [-3.0, -2.0, None, None],
        "loss": [None, None, 900.0, 4.0],
        "held_out_loss": [None, None, 8.0, 5.0],
    }
)


def test_a_training_in_stages_is_told_stage_by_stage():
    first, second = stages_of(ADVERSARIAL)
    assert list(first.columns) == ["epoch", "generator_loss", "critic_loss"]
    assert first["epoch"].tolist() == [1, 2]
    assert list(second.columns) == ["epoch", "loss", "held_out_loss"]
    assert second["epoch"].tolist() == [3, 4]
    assert stages_of(pd.DataFrame({"epoch": [1]})) == []


def test_learning_curves_have_a_panel_a_stage_and_a_line_a_figure():
    other = pd.DataFrame({"epoch": [1, 2], "loss": [0.2, 0.1]})
    figure = learning_curves.draw_stages({"f-AnoGAN": ADVERSARIAL, "DRAEM": other, "no training": other[["epoch"]]})
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["f-AnoGAN", "f-AnoGAN", "DRAEM"]
    assert [len(axes.lines) for axes in panels] == [2, 2, 1]
    assert [axes.get_yscale() for axes in panels] == ["linear", "log", "linear"]
    assert panels[0].get_legend().get_texts()[0].get_text() == "generator loss"
    np.testing.assert_array_equal(panels[0].lines[1].get_ydata(), [-3.0, -2.0])


@pytest.mark.parametrize(("columns", "expected"), [(["maximum", "own"], 2.0), (["maximum", "mean"], 1.0)])
def test_the_score_shown_is_the_methods_own_where_it_has_one(tmp_path, columns, expected):
    table = pd.DataFrame([["a", 1.0, 2.0]], columns=["id", *columns])
    table.to_csv(tmp_path / "test.csv", index=False)
    assert own_scores_by_id(tmp_path / "test.csv", "maximum")["a"] == expected
