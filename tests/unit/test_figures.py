"""What the figures promise to those who read them."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sample_eye import LESIONS, SIZE, eye

from fundus_anomaly.errors import InputError
from fundus_anomaly.report.figures import curves, effective_neighbours, heat_map, misses, qualitative, style
from fundus_anomaly.report.figures.colour_bar import bar_ends
from fundus_anomaly.report.figures.heat_map import Scale
from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.row_choice import choose_rows, lesion_areas


def row(name: str, peak: float) -> qualitative.Row:
    photograph, field = eye()
    coverage = np.zeros((4, SIZE, SIZE), np.uint8)
    coverage[0, 40:42, 40:42] = 255 if peak > 1 else 0
    scores = np.full((SIZE, SIZE), 0.5, np.float32)
    scores[40:50, 40:50] = peak
    return qualitative.Row(
        name, "MA", 2, photograph, field, coverage, (scores, scores * 10), (float(peak), float(peak * 10))
    )


def fig_2() -> Figure:
    rows = [row("phantom/test/0001_left", 5.0), row("phantom/test/0002_right", 1.0)]
    return qualitative.draw(rows, ("without ReSC", "ReSAD"), (Scale(0.8, 5.0), Scale(8.0, 50.0)), LESIONS, 0.8)


def curve(method: str, items: int = 400, threshold: float = 1.0) -> curves.Curve:
    random = np.random.default_rng(len(method))
    truth = random.random(items) < 0.5
    scores = np.sort(random.normal(size=items) + truth)[::-1]
    truth = truth[np.argsort(-scores, kind="stable")]
    tp, fp = np.cumsum(truth), np.cumsum(~truth)
    return curves.Curve(
        method,
        np.r_[np.inf, scores],
        np.r_[0, fp / fp[-1]],
        np.r_[0, tp / tp[-1]],
        np.r_[1, tp / (tp + fp)],
        curves.Interval(0.9412, 0.9, 0.97),
        curves.Interval(0.8, np.nan, np.nan),
        threshold,
    )


def tile(name: str, score: float) -> misses.Tile:
    one = row(name, score)
    return misses.Tile(name, 2, score, 50.0, one.photograph, one.maps[0], one.field_of_view, one.coverage.max(axis=0))


# ---------------------------------------------------------------------------------------------------- saving


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_figure_drawn_twice_is_the_same_file(tmp_path, suffix, monkeypatch):
    files = []
    for number, moment in enumerate(("1", "1000000000")):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", moment)
        path = tmp_path / str(number) / f"curves.{suffix}"
        style.save(curves.draw([curve("ReSAD")], [], 0.5, 0.0), path, 60)
        files.append(path.read_bytes())
    assert files[0] == files[1]
    assert len(files[0]) > 1000
    assert b"atplotlib" not in files[0].replace(b"matplotlib.axis", b"")


def test_fig_2_drawn_twice_is_the_same_file(tmp_path):
    for name in ("a.png", "b.png"):
        style.save(fig_2(), tmp_path / name, 50)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_users_own_matplotlib_settings_do_not_change_a_figure(tmp_path):
    import matplotlib

    style.save(curves.draw([curve("ReSAD")], [], 0.5, 0.0), tmp_path / "a.png", 50)
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 20, "axes.facecolor": "red"}):
        style.save(curves.draw([curve("ReSAD")], [], 0.5, 0.0), tmp_path / "b.png", 50)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_an_unknown_suffix_is_refused_and_leaves_nothing_behind(tmp_path):
    with pytest.raises(InputError, match=r"\.gif"):
        style.save(style.new_figure(1, 1), tmp_path / "a.gif", 50)
    assert list(tmp_path.iterdir()) == []


def test_a_long_id_keeps_its_end():
    assert style.shortened("idrid/segmentation/test/IDRiD_64", 12) == "…st/IDRiD_64"
    assert style.shortened("short", 12) == "short"


def test_letters_that_the_font_lacks_are_written_as_their_code(tmp_path, recwarn):
    assert style.shortened("眼/äé_Ж", 30) == "\\u773c/äé_Ж"
    style.save(misses.draw([tile("眼/1", 1.0)], [], Scale(0, 5), 2.0, 1, 0.8), tmp_path / "a.png", 40)
    assert not list(recwarn)


# ---------------------------------------------------------------------------------------------------- colour scale


def test_every_row_of_a_method_has_that_methods_scale():
    shown = [[i for a in line for i in a.images if i.get_array().ndim == 2] for line in _lines(fig_2(), 5)]
    limits = [[image.get_clim() for image in line] for line in shown]
    assert limits[:2] == [[(0.8, 5.0), (8.0, 50.0)]] * 2


def _lines(figure: Figure, columns: int) -> list[list]:
    return [figure.axes[k : k + columns] for k in range(0, len(figure.axes), columns)]


def test_a_quiet_image_stays_quiet_beside_a_loud_one():
    photograph, field = eye()
    quiet = np.random.default_rng(1).uniform(0, 0.8, (SIZE, SIZE)).astype(np.float32)
    loud = quiet.copy()
    loud[40:60, 40:60] = 5
    scale = heat_map.shared_scale(quiet[field > 0], 1.0)
    assert np.array_equal(heat_map.overlay(photograph, quiet, field, scale, 0.8), photograph)
    assert not np.array_equal(heat_map.overlay(photograph, loud, field, scale, 0.8)[50, 50], photograph[50, 50])


def test_the_scale_runs_from_the_normals_quantile_as_far_again_as_that_lies_above_their_median():
    scale = heat_map.shared_scale(np.arange(101.0), 0.9)
    assert (scale.low, scale.high) == (90.0, 130.0)


@pytest.mark.parametrize("factor", [1e-6, 0.03, 1.0, 77.7, 1e6])
def test_the_ends_of_the_scale_are_round_and_near_to_what_the_rule_says(factor):
    values = factor * np.random.default_rng(3).normal(40, 5, 4000)
    median, low = np.quantile(values, [0.5, 0.99])
    scale = heat_map.shared_scale(values, 0.99)
    assert low <= scale.low <= low + (low - median) / 8
    assert 0 <= (scale.high - scale.low) - (low - median) <= (low - median) / 4
    assert all(len(text.strip("≤≥ ").replace(".", "").strip("0")) <= 3 for text in bar_ends(scale))


@pytest.mark.parametrize("values", [np.full(9, 5.0), np.zeros(9), np.r_[np.zeros(8), 1.0], -np.ones(5)])
def test_normals_without_spread_still_give_a_scale(values):
    scale = heat_map.shared_scale(values, 0.99)
    assert scale.low >= np.quantile(values, 0.99) and scale.high > scale.low


def test_normals_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="finite"):
        heat_map.shared_scale(np.array([1.0, np.nan, 2.0]), 0.99)


def test_images_that_all_lie_within_the_normals_are_all_unpainted():
    scores = np.full((4, 4), 3.0, np.float32)
    scale = heat_map.shared_scale(np.arange(11.0), 1.0)
    assert heat_map.intensity(scores, scale).max() == 0


@pytest.mark.parametrize("low, high", [(1.0, 1.0), (2.0, 1.0), (0.0, np.nan), (0.0, np.inf)])
def test_a_scale_without_room_is_refused(low, high):
    with pytest.raises(InputError):
        Scale(low, high)


# ---------------------------------------------------------------------------------------------------- heat map


def test_nothing_outside_the_field_of_view_is_painted():
    photograph, field = eye()
    photograph[:5] = 77  # a caption in the border
    painted = heat_map.overlay(photograph, np.full((SIZE, SIZE), 9.0, np.float32), field, Scale(0, 1), 0.8)
    assert np.array_equal(painted[field == 0], photograph[field == 0])
    assert np.all(np.any(painted[field > 0] != photograph[field > 0], axis=1))


def test_the_higher_the_score_the_more_of_the_photograph_is_hidden():
    photograph = np.full((1, 5, 3), (255, 0, 0), np.uint8)
    ones = np.ones((1, 5), np.uint8)
    painted = heat_map.overlay(photograph, np.array([[0, 0.2, 0.35, 0.5, 1]], np.float32), ones, Scale(0, 1), 1.0)
    red = painted[0, :, 0].astype(int)
    assert red[0] == 255
    assert np.all(np.diff(red[:4]) < 0)
    assert np.array_equal(painted[0, 4], heat_map.colours()[-1])


def test_the_input_photograph_is_not_changed():
    photograph, field = eye()
    before = photograph.copy()
    heat_map.overlay(photograph, np.full((SIZE, SIZE), 9.0, np.float32), field, Scale(0, 1), 0.8)
    misses.outlined(photograph, field)
    assert np.array_equal(photograph, before)


# ---------------------------------------------------------------------------------------------------- Fig. 2


def test_a_microaneurysm_of_one_pixel_is_seen_in_its_colour_in_the_ground_truth():
    photograph, _ = eye()
    coverage = np.zeros((4, SIZE, SIZE), np.uint8)
    coverage[0, 40, 40] = 30
    coverage[2, 20:60, 20:60] = 255
    picture = qualitative.ground_truth(photograph, coverage, list(lesion_colours(LESIONS).values()))
    assert not np.array_equal(picture[40, 40], picture[30, 30])
    assert picture[30, 30, 0] != picture[30, 30, 2]
    assert picture[70, 70, 0] == picture[70, 70, 2]  # elsewhere grey


def manifest() -> tuple[pd.DataFrame, pd.DataFrame]:
    names = [f"test/{n:02d}" for n in range(20)] + ["train/00", "train/01"]
    table = pd.DataFrame(
        {"id": names, "split": ["test"] * 20 + ["train"] * 2, "label": [1] * 14 + [0] * 6 + [0] * 2, "grade": -1}
    )
    areas = pd.DataFrame(0.0, index=names[:14], columns=list(LESIONS))
    areas["MA"] = np.linspace(0.014, 0.001, 14)
    areas.loc[names[2:9], "HE"] = 0.01
    areas.loc[names[5:8], "EX"] = [0.3, 0.1, 0.2]
    areas.loc[names[9], "SE"] = 0.05
    return table, areas


RULE = {"quantile": 0.5, "normals": 2, "others": 3, "seed": 7}


def test_every_lesion_type_of_the_test_images_is_among_the_rows_and_so_are_normals():
    table, areas = manifest()
    rows = choose_rows(table, areas, **RULE)
    shown = areas.loc[[r.id for r in rows if r.reason != "normal"]]
    assert [r.reason for r in rows] == [*LESIONS, "normal", "normal"]
    assert (shown > 0).any().all()
    assert all(areas.loc[r.id, r.reason] > 0 for r in rows if r.reason != "normal")
    assert len({r.id for r in rows}) == len(rows)
    assert all(r.id.startswith("test/") for r in rows)


def test_a_type_whose_only_image_is_shown_already_adds_no_row():
    table, areas = manifest()
    areas[["HE", "EX", "SE"]] = 0.0
    areas["MA"] = 0.0
    areas.loc["test/03", ["MA", "SE"]] = 0.1
    rows = choose_rows(table, areas, **RULE)
    assert next((r.id, r.reason) for r in rows) == ("test/03", "MA")
    assert [r.reason for r in rows[1:]] == ["normal", "normal"]


def test_the_choice_of_rows_depends_neither_on_the_order_of_the_manifest_nor_of_the_areas():
    table, areas = manifest()
    again = choose_rows(table.sample(frac=1, random_state=1), areas.sample(frac=1, random_state=2), **RULE)
    assert again == choose_rows(table, areas, **RULE)
    others = {tuple(choose_rows(table, areas, **{**RULE, "seed": seed})) for seed in range(8)}
    assert len(others) > 1


def test_the_quantile_says_which_area_stands_for_a_type():
    table, areas = manifest()
    areas[["HE", "EX", "SE"]] = 0.0
    picks = [choose_rows(table, areas, **{**RULE, "quantile": q, "normals": 0})[0].id for q in (0, 0.5, 1)]
    assert picks == ["test/13", "test/07", "test/00"]


def test_without_masks_images_that_are_not_normal_are_drawn():
    table, areas = manifest()
    rows = choose_rows(table, areas.iloc[:0], **RULE)
    assert [r.reason for r in rows] == ["abnormal"] * 3 + ["normal"] * 2
    table["label"] = -1
    assert {r.reason for r in choose_rows(table, areas.iloc[:0], **RULE)} == {"unlabelled"}


def test_a_figure_without_any_row_is_refused():
    table, areas = manifest()
    with pytest.raises(InputError, match="none of which"):
        choose_rows(table[table["split"] == "train"], areas.iloc[:0], **RULE)


def test_areas_are_shares_of_the_photograph():
    coverage = np.zeros((2, 10, 10), np.uint8)
    coverage[1, :5] = 255
    assert lesion_areas(["a"], ["MA", "HE"], iter([coverage])).loc["a"].tolist() == [0.0, 0.5]
    assert lesion_areas([], ["MA"], iter([])).shape == (0, 1)


def test_without_any_annotated_lesion_there_is_no_column_of_the_ground_truth(tmp_path):
    unmarked = [row("unknown/1", 1.0), row("unknown/2", 1.0)]
    figure = qualitative.draw(unmarked, ("without ReSC", "ReSAD"), (Scale(0.8, 5.0), Scale(8.0, 50.0)), LESIONS, 0.8)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["photograph", "without ReSC", "ReSAD", "overlay, ReSAD"]
    assert "ground truth" in [axes.get_title() for axes in fig_2().axes]
    style.save(figure, tmp_path / "a.png", 40)


def test_photographs_without_types_of_lesion_are_drawn_too():
    bare = [qualitative.Row(**{**vars(row("a", 1.0)), "coverage": np.zeros((0, SIZE, SIZE), np.uint8)})]
    titles = [a.get_title() for a in qualitative.draw(bare, ("m", "n"), (Scale(0, 5), Scale(0, 50)), (), 0.8).axes]
    assert "ground truth" not in titles


def test_scores_have_as_many_decimals_in_every_row_and_no_bare_point():
    scales = (Scale(36, 46), Scale(90, 130))
    rows = [
        qualitative.Row(**{**vars(row(name, 5.0)), "scores": scores})
        for name, scores in (("a", (45.0, 115.0)), ("b", (4.51, 116.04)), ("c", (45.246, 99.96)))
    ]
    shown = [a.get_xlabel() for a in qualitative.draw(rows, ("p", "r"), scales, LESIONS, 0.8).axes]
    texts = [label.removeprefix("image score ") for label in shown if label.startswith("image score")]
    assert texts == ["45.00", "115.0", "4.51", "116.0", "45.25", "100.0"]


@pytest.mark.parametrize("scales", [(Scale(33.9, 45.2), Scale(0.0, 39.5)), (Scale(1e5, 9e5), Scale(1e-4, 2e-4))])
def test_the_figures_of_two_colour_bars_side_by_side_do_not_touch(scales):
    figure = qualitative.draw([row("a", 5.0)], ("p", "r"), scales, LESIONS, 0.8)
    figure.draw_without_rendering()
    bars = [axes for axes in figure.axes if axes.get_xlabel() == "anomaly score"]
    boxes = [text.get_window_extent() for axes in bars for text in axes.get_xticklabels()]
    gaps = [right.x0 - left.x1 for left, right in itertools.pairwise(boxes)]
    assert len(gaps) >= 3
    assert min(gaps) > 3 * figure.dpi / 72


# ---------------------------------------------------------------------------------------------------- curves


def test_the_operating_point_is_what_the_threshold_gives():
    scores, truth = np.array([4.0, 3.0, 2.0, 1.0]), np.array([1, 0, 1, 0])
    shown = curves.Curve(
        "m",
        np.r_[np.inf, scores],
        np.array([0, 0, 0.5, 0.5, 1]),
        np.array([0, 0.5, 0.5, 1, 1]),
        np.array([1, 1, 0.5, 2 / 3, 0.5]),
        curves.Interval(0.75, np.nan, np.nan),
        curves.Interval(0.8, np.nan, np.nan),
        2.0,
    )
    called = scores >= 2.0
    expected = (called[truth == 0].mean(), called[truth == 1].mean(), truth[called].mean())
    assert shown.operating_point() == pytest.approx(expected)


def test_a_method_without_a_calibrated_threshold_has_no_mark():
    marked, bare = (curves.draw([curve("ReSAD", threshold=t)], [], 0.5, 0.0).axes[0].get_lines() for t in (1.0, np.nan))
    assert sum(line.get_marker() == "o" for line in marked) == 2  # the point, and its entry in the legend
    assert sum(line.get_marker() == "o" for line in bare) == 0


def test_the_legend_gives_area_and_interval():
    legend = curves.draw([curve("ReSAD")], [], 0.5, 0.0).axes[0].get_legend()
    assert legend.get_texts()[0].get_text() == "ReSAD: AUC .941 [.900, .970]"


def test_a_dataset_without_masks_has_no_pixel_panels():
    both = curves.draw([curve("ReSAD")], [curve("ReSAD")], 0.5, 0.1)
    assert len(both.axes) == 4
    assert len(curves.draw([curve("ReSAD")], [], 0.5, 0.1).axes) == 2


def test_pixels_alone_have_their_panels_and_a_figure_without_curves_says_so(tmp_path):
    assert len(curves.draw([], [curve("ReSAD")], np.nan, 0.1).axes) == 2
    none = curves.draw([], [], np.nan, np.nan)
    assert "No curves" in none.texts[0].get_text()
    style.save(none, tmp_path / "none.png", 60)


def test_thinning_keeps_ends_and_shape():
    x = np.linspace(0, 1, 200_001)
    y = np.where(x > 0.5, 1.0, 0.0)
    some_x, some_y = curves.thinned(x, y)
    assert len(some_x) < 1600
    assert (some_x[0], some_x[-1]) == (0, 1)
    assert np.interp(0.49, some_x, some_y) < 0.01
    assert np.interp(0.51, some_x, some_y) > 0.99


# ---------------------------------------------------------------------------------------------------- misses


def test_the_worst_misses_are_the_lowest_abnormal_and_the_highest_normal_ones():
    ids = ["a", "b", "c", "d", "e", "f", "g"]
    scores = np.array([1.0, 5.0, 2.0, 4.0, 2.0, 0.0, 9.0])
    labels = np.array([1, 1, 0, 0, 1, -1, 1])
    assert misses.worst_misses(ids, scores, labels, 2) == ([0, 4], [3, 2])
    reversed_ = misses.worst_misses(ids[::-1], scores[::-1], labels[::-1], 9)
    assert [[ids[::-1][i] for i in part] for part in reversed_] == [["a", "e", "b", "g"], ["d", "c"]]


def test_the_sheet_names_both_kinds_and_frames_only_what_the_threshold_gets_wrong():
    figure = misses.draw([tile("low", 1.5), tile("high", 4.0)], [tile("normal", 2.5)], Scale(0, 5), 2.0, 3, 0.8)
    titles = [part.get_suptitle() for part in figure.subfigs]
    assert titles[0].startswith("False negatives") and "1 of these 2" in titles[0]
    assert titles[1].startswith("False positives") and "1 of these 1" in titles[1]
    framed = {a.get_title(): a.spines["left"].get_visible() for a in figure.axes if a.get_title()}
    assert framed == {"low": True, "high": False, "normal": True}


def test_a_sheet_without_misses_of_one_kind_is_still_drawn(tmp_path):
    style.save(misses.draw([tile("low", 1.5)], [], Scale(0, 5), np.nan, 1, 0.8), tmp_path / "a.png", 40)
    none = misses.draw([], [], Scale(0, 5), np.nan, 3, 0.8)
    assert "No misses" in none.texts[0].get_text()
    style.save(none, tmp_path / "b.png", 40)
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_an_outline_runs_around_a_lesion_and_not_over_it():
    photograph, _ = eye()
    lesion = np.zeros((SIZE, SIZE), np.uint8)
    lesion[40:50, 40:50] = 1
    drawn = misses.outlined(photograph, lesion)
    assert np.array_equal(drawn[lesion > 0], photograph[lesion > 0])
    assert not np.array_equal(drawn, photograph)


# ---------------------------------------------------------------------------------------------------- neighbours


def test_each_reading_has_its_box_and_median():
    figure = effective_neighbours.draw({"matmul": np.full(9, 106.0), "cosine": np.full(9, 1.5)}, 9604)
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"106", "1.5", "all 9604"} <= texts
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["matmul", "cosine"]
