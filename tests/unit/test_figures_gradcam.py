"""Fig. A3 of LesionPaste: class activation over the photograph, annotated lesions in boxes."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from sample_eye import LESIONS, SIZE, eye

from fundus_anomaly.report.figures import style
from fundus_anomaly.report.figures.gradcam import Row, draw, lesion_boxes
from fundus_anomaly.report.figures.heat_map import colours
from fundus_anomaly.report.figures.lesion_colours import lesion_colours


def row(name="phantom/test/0001_left", grade=2, lesions=True, seed=0) -> Row:
    photograph, field = eye(seed)
    coverage = np.zeros((4, SIZE, SIZE), np.uint8)
    if lesions:
        coverage[0, 40, 50] = 1  # MA: one pixel, hardly covered
        coverage[1, 60:64, 20:30] = 255  # HE
        coverage[1, 70, 60] = coverage[1, 71, 61] = 200  # HE: one lesion by corners
    activation = np.zeros((SIZE, SIZE), np.float32)
    activation[38:44, 48:54] = 1
    return Row(
        name, "MA", grade, photograph, field, coverage, {"GradCAM": activation, "GradCAM++": activation / 2}, 3.5
    )


def boxes(panel) -> list[tuple[float, float, float, float]]:
    """Return left, top, right and bottom of each box of a panel in pixels."""
    return [
        (x, y, x + w, y + h) for x, y, w, h in ((*p.get_xy(), p.get_width(), p.get_height()) for p in panel.patches)
    ]


def panels(figure: Figure, rows: int) -> list[list]:
    return np.reshape([axes for axes in figure.axes if axes.images], (rows, -1)).tolist()


def test_each_lesion_has_one_box_that_holds_all_of_it_and_nothing_else():
    coverage = row().coverage
    assert lesion_boxes(coverage[0]) == [(40, 50, 1, 1)]
    assert lesion_boxes(coverage[1]) == [(60, 20, 4, 10), (70, 60, 2, 2)]
    assert lesion_boxes(coverage[2]) == []
    edge = np.zeros((8, 8), np.uint8)
    edge[0, 0] = edge[7, 7] = 255
    assert lesion_boxes(edge) == [(0, 0, 1, 1), (7, 7, 1, 1)]


def test_every_panel_frames_the_annotated_lesions_in_their_colours_and_hides_none():
    for panel in panels(draw([row()], LESIONS, 0.6), 1)[0]:
        found = boxes(panel)
        assert len(found) == 3
        for (left, top, right, bottom), (y, x, height, width) in zip(
            found, [(40, 50, 1, 1), (60, 20, 4, 10), (70, 60, 2, 2)], strict=True
        ):
            # A pixel reaches half a unit to either side of its number; the line lies outside of it.
            assert left < x - 0.5 - 0.4 and right > x + width - 0.5 + 0.4
            assert top < y - 0.5 - 0.4 and bottom > y + height - 0.5 + 0.4
            assert right - left < width + 5
        colours = [patch.get_edgecolor() for patch in panel.patches]
        assert colours == [to_rgba(lesion_colours(LESIONS)[name]) for name in ("MA", "HE", "HE")]


def test_a_row_has_the_papers_panels_photograph_maps_and_maps_over_it():
    (shown,) = panels(draw([row()], LESIONS, 0.6), 1)
    titles = ["photograph", "GradCAM", "GradCAM++", "GradCAM over it", "GradCAM++ over it"]
    assert [panel.get_title() for panel in shown] == titles
    plain, *maps, strong, weak = (np.asarray(panel.images[0].get_array()).astype(int) for panel in shown)
    np.testing.assert_array_equal(plain, row().photograph)
    active = row().maps["GradCAM"] > 0
    for picture, value in zip(maps, (1, 0.5), strict=True):
        assert (picture[~active] == colours()[0]).all()
        assert (picture[active] == colours()[round(value * 255)]).all()
    for picture in (strong, weak):
        np.testing.assert_array_equal(picture[~active], plain[~active])
        assert np.abs(picture[active] - plain[active]).mean() > 10
    assert not np.array_equal(strong, weak)


def test_a_row_gives_reason_grade_id_and_logit():
    figure = draw([row(), row("phantom/test/0002_right", grade=-1)], LESIONS, 0.6)
    first, second = panels(figure, 2)
    assert first[0].get_ylabel() == "MA, grade 2"
    assert second[0].get_ylabel() == "MA"
    assert first[0].get_xlabel() == "phantom/test/0001_left"
    assert first[1].get_xlabel() == "logit 3.50"


@pytest.mark.parametrize(("lesions", "named"), [(True, ["MA", "HE"]), (False, [])])
def test_the_legend_names_the_lesions_that_are_seen(lesions, named):
    figure = draw([row(lesions=lesions)], LESIONS, 0.6)
    told = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert told == named


def test_a_dataset_without_masks_has_a_figure_without_boxes():
    bare = row()
    bare = Row(bare.id, "abnormal", 1, bare.photograph, bare.field_of_view, bare.coverage[:0], bare.maps, -1.0)
    figure = draw([bare], (), 0.6)
    assert not any(panel.patches for panel in panels(figure, 1)[0])
    assert not figure.legends


def test_the_figure_drawn_twice_is_the_same_file(tmp_path):
    for name in ("a.png", "b.png"):
        style.save(draw([row(), row(seed=1)], LESIONS, 0.6), tmp_path / name, 50)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
