"""p-values keep their promise where normals are exchangeable, and a figure shows where they are not."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from fundus_anomaly.evaluation.promises import chance_band, delivered, promises
from fundus_anomaly.report.figures.promises import draw


def test_the_share_is_that_of_p_values_at_most_as_large_to_the_last_bit():
    found = np.array([1, 2, 2, 3]) / 10
    assert delivered(found, np.array([0, 0.1, 0.2, 0.3, 1])).tolist() == [0, 0.25, 0.75, 1, 1]
    # 3 / 10 as a sum of tenths is more than .3.
    assert delivered(np.array([0.1 + 0.2]), np.array([0.3])).tolist() == [1]
    assert np.isnan(delivered(np.array([]), np.array([0.5]))).all()


def test_each_class_has_its_p_values_and_normals_are_held_against_the_held_out_ones():
    found = promises(np.array([0.5, 9.0, 3.5]), np.array([False, True, False]), np.arange(1.0, 5.0))
    assert found.normal.tolist() == [0.4, 1.0]
    assert found.abnormal.tolist() == [0.2]
    assert found.held_out == 4
    apart = promises(np.arange(100.0, 130), np.zeros(30, bool), np.arange(30.0))
    assert apart.same < 1e-15 and (apart.normal == 1 / 31).all()
    assert np.isnan(promises(np.array([1.0]), np.array([True]), np.arange(3.0)).same)
    assert np.isnan(promises(np.array([1.0]), np.array([False]), np.array([])).same)


def test_the_band_holds_as_often_as_it_says_for_exchangeable_normals():
    rng = np.random.default_rng(0)
    promised, draws = np.array([0.05, 0.1, 0.5, 0.9]), 2000
    low, high = chance_band(59, 34, promised, 0.9)
    inside = np.zeros(4)
    for _ in range(draws):
        scores = rng.standard_normal(59 + 34)
        found = promises(scores[:34], np.zeros(34, bool), scores[34:])
        share = delivered(found.normal, promised)
        inside += (low <= share) & (share <= high)
    # The numbers are whole, so that the band holds rather more often.
    assert (inside / draws > 0.9 - 3 * np.sqrt(0.09 / draws)).all()
    assert (high - low < 0.5).all()


def test_the_band_is_closed_where_no_rank_is_left():
    low, high = chance_band(4, 10, np.array([0, 0.19, 0.2, 1]), 0.95)
    assert (low[0], high[0], low[1], high[1], low[3], high[3]) == (0, 0, 0, 0, 1, 1)
    assert high[2] > 0


@pytest.mark.parametrize(("abnormal", "panels"), [([False, True, False], 2), ([False, False, False], 1)])
def test_the_figure_has_a_panel_for_abnormal_images_where_there_are_any(abnormal, panels):
    found = promises(np.array([0.5, 9.0, 3.5]), np.array(abnormal), np.arange(19.0))
    figure = draw({"ReSAD": found, "PatchCore": found}, 0.95)
    assert isinstance(figure, Figure)
    assert len(figure.axes) == panels
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend[0] == f"ReSAD (p = {found.same:.2g})"
    assert legend[-1] == "95 % by chance"


def test_without_tested_normals_nothing_is_delivered_and_anything_is_chance():
    low, high = chance_band(9, 0, np.array([0, 0.5]), 0.95)
    assert (low.tolist(), high.tolist()) == ([0, 0], [1, 1])
    found = promises(np.array([9.0]), np.array([True]), np.arange(9.0))
    assert draw({"ReSAD": found}, 0.95).axes[0].get_title() == "0 normal images"


def test_without_held_out_normals_the_figure_still_says_so():
    found = promises(np.array([0.5, 9.0]), np.array([False, True]), np.array([]))
    figure = draw({"ReSAD": found}, 0.95)
    assert "(p = nan)" in figure.axes[0].get_legend().get_texts()[0].get_text()
