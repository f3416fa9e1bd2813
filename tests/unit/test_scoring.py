"""From distances to anomaly maps and image scores, and what figures are shown of them."""

import h5py
import numpy as np
import pandas as pd
import pytest

from fundus_anomaly.errors import InputError
from fundus_anomaly.files import hdf5
from fundus_anomaly.methods.resad.scored_maps import sampled_positions, score_images
from fundus_anomaly.report.figures import shown_images
from fundus_anomaly.scoring.contract import FieldsOfView
from fundus_anomaly.scoring.maps import IMAGE_SCORES, anomaly_map, image_scores

DISTANCE = np.random.default_rng(0).random((9, 7)).astype(np.float32)
OPTIONS = {"top_quantile": 0.99, "smoothing": 0.05, "field_of_view_only": False}
ALL = {"margin": 0, "field_of_view_only": False}


def test_the_anomaly_map_has_the_images_size_and_stays_within_the_distances():
    scores = anomaly_map(DISTANCE, (72, 50))
    assert scores.shape == (72, 50)
    assert scores.dtype == np.float32
    assert DISTANCE.min() - 1e-6 <= scores.min() <= scores.max() <= DISTANCE.max() + 1e-6
    assert scores.max() > 0.9 * DISTANCE.max()


def test_sampled_positions_come_from_all_images_in_any_order_of_them(tmp_path):
    ids = [f"set/{number}" for number in range(5)]
    values = np.arange(5 * 12 * 10 * 2, dtype=np.float16).reshape(5, 12, 10, 2)
    found = []
    for number, order in enumerate(([0, 1, 2, 3, 4], [3, 0, 4, 2, 1])):
        with h5py.File(tmp_path / f"{number}.h5", "w") as file:
            file["feature"] = values[order]
            found.append(sampled_positions(file["feature"], [ids[place] for place in order], 7))
    np.testing.assert_array_equal(*found)
    assert found[0].dtype == np.float32
    assert found[0].shape == (5 * 64, 2)
    assert set(found[0][:, 0] // 240) == {0, 1, 2, 3, 4}
    assert len(np.unique(found[0], axis=0)) == 5 * 64


def test_the_map_is_bilinear_with_a_position_in_the_middle_of_its_area():
    scores = anomaly_map(np.array([[0.0, 8.0]], np.float32), (4, 8))
    np.testing.assert_allclose(scores, np.tile([0, 0, 1, 3, 5, 7, 8, 8], (4, 1)))


def test_image_scores_are_what_their_names_say():
    map_, whole = np.zeros((100, 100), np.float32), np.ones((100, 100), bool)
    map_[50, 50], map_[10:20, 10:20] = 10.0, 4.0
    scores = image_scores(map_, whole, top_quantile=0.995, smoothing=0.01, **ALL)
    assert tuple(scores) == IMAGE_SCORES
    assert scores["maximum"] == 10
    assert scores["mean"] == pytest.approx(410 / 10000)
    assert scores["top_quantile"] == 4
    # One outlying pixel is no lesion: smoothed, the larger part wins.
    assert 3.5 < scores["smoothed_maximum"] < 4.01
    assert image_scores(map_, whole, top_quantile=0.995, smoothing=0, **ALL)["smoothed_maximum"] == 10


def test_the_smoothing_is_as_wide_on_the_retina_at_every_size():
    small = np.random.default_rng(3).random((98, 98)).astype(np.float32)
    found = []
    for side in (392, 784):
        scores = anomaly_map(small, (side, side))
        found.append(
            image_scores(scores, np.ones((side, side), bool), top_quantile=0.9, smoothing=0.01, **ALL)[
                "smoothed_maximum"
            ]
        )
    assert found[0] == pytest.approx(found[1], rel=0.005)
    assert found[0] < 0.8 * small.max()


def round_view(side=40):
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    return np.hypot(rows, columns) < side / 2 - 4


def inner_maximum(map_, view, margin):
    options = OPTIONS | {"smoothing": 0}
    return image_scores(map_, view, margin=margin, **options)["inner_maximum"]


def test_the_inner_maximum_leaves_out_the_border_of_the_view_and_of_the_square():
    view = round_view()
    for place, inside in [((20, 20), True), ((4, 20), False), ((9, 20), True), ((0, 0), False), ((20, 35), False)]:
        map_ = np.full((40, 40), 1, np.float32)
        map_[place] = 5
        assert inner_maximum(map_, view, 4.0) == (5 if inside else 1), place
    # Where the view is cut by the square, the border of the square is one.
    map_ = np.ones((40, 40), np.float32)
    map_[3, 20] = 7
    assert inner_maximum(map_, np.ones((40, 40), bool), 4.0) == 1
    assert inner_maximum(map_, np.ones((40, 40), bool), 3.0) == 7


def test_of_a_view_that_is_all_border_or_none_something_remains():
    map_ = DISTANCE.copy()
    narrow = np.zeros(map_.shape, bool)
    narrow[4] = True
    assert inner_maximum(map_, narrow, 2.0) == map_[4].max()
    assert inner_maximum(map_, np.zeros(map_.shape, bool), 2.0) == map_[2:-2, 2:-2].max()


def test_image_scores_follow_the_field_of_view_where_it_alone_counts():
    view, map_ = round_view(), np.random.default_rng(4).random((40, 40)).astype(np.float32)
    map_[0, 0] = 50.0
    settings = OPTIONS | {"margin": 2.0, "smoothing": 0}
    whole = image_scores(map_, view, **settings)
    retina = image_scores(map_, view, **settings | {"field_of_view_only": True})
    assert whole["maximum"] == whole["smoothed_maximum"] == 50
    assert retina["maximum"] == retina["smoothed_maximum"] == map_[view].max()
    assert retina["mean"] == pytest.approx(map_[view].mean())
    assert retina["top_quantile"] == pytest.approx(np.quantile(map_[view], 0.99))
    assert retina["inner_maximum"] == whole["inner_maximum"] <= map_[view].max()


class FirstChannel:
    """A memory bank of one entry at the origin, as far as scoring can tell; notes what was left out."""

    def __init__(self):
        self.left_out = []

    def distances(self, queries, left_out):
        self.left_out.append(left_out)
        return np.abs(queries[:, 0])


VIEWS = {name: np.random.default_rng(ord(name)).random((32, 40)) > 0.01 for name in "abc"}


@pytest.fixture
def scored(tmp_path):
    c = np.random.default_rng(1).normal(size=(3, 4, 5, 2)).astype(np.float16)
    bank, excluding = FirstChannel(), {"c": np.array([True]), "a": np.array([False])}
    with (
        h5py.File(tmp_path / "c.h5", "w") as source,
        h5py.File(tmp_path / "v.h5", "w") as images,
        hdf5.create_h5(tmp_path / "scores.h5") as file,
    ):
        source["feature"] = c
        # In another order than the features: each image has its own.
        images["field_of_view"] = np.stack([VIEWS[name] for name in "bca"])
        hdf5.write_ids(images, "bca")
        views, settings = (
            FieldsOfView(images),
            {"image_size": (32, 40), "displacement": (2, -1), "options": OPTIONS, "excluding": excluding},
        )
        table = score_images(source["feature"], "abc", [2, 0], views, bank, file, **settings)
    return c, bank, table, tmp_path / "scores.h5"


def test_scores_stand_with_the_image_that_they_are_of(scored):
    c, bank, table, path = scored
    assert list(table.columns) == ["id", *IMAGE_SCORES]
    assert list(table["id"]) == ["c", "a"]
    with hdf5.open_h5(path, "distance", "id") as file:
        assert hdf5.read_ids(file) == ["c", "a"]
        assert tuple(file.attrs["image_size"]) == (32, 40)
        np.testing.assert_array_equal(file["distance"][:], np.abs(c[[2, 0], ..., 0]).astype(np.float32))
        # Two positions, of 8 pixels each.
        assert tuple(file.attrs["displacement"]) == (2, -1)
        wanted = image_scores(anomaly_map(file["distance"][0], (32, 40), (2, -1)), VIEWS["c"], margin=16.0, **OPTIONS)
    assert table.iloc[0].drop("id").to_dict() == wanted
    # Each image with its own patient's entries left out.
    assert [bool(left_out[0]) for left_out in bank.left_out] == [True, False]


def test_a_field_of_view_that_is_missing_or_of_another_size_is_named(tmp_path):
    with h5py.File(tmp_path / "v.h5", "w") as images:
        images["field_of_view"] = np.ones((1, 32, 40), bool)
        hdf5.write_ids(images, ["a"])
        views = FieldsOfView(images)
        for name, size in (("b", (32, 40)), ("a", (64, 80))):
            with pytest.raises(InputError, match=rf"v\.h5, field of view of {name}"):
                views.of(name, size)


def test_a_figure_is_shown_each_image_with_its_own_mask_and_map(scored, tmp_path):
    _, _, _, path = scored
    image = np.random.default_rng(2).integers(0, 255, (3, 32, 40, 3), dtype=np.uint8)
    with (
        h5py.File(tmp_path / "i.h5", "w") as images,
        h5py.File(tmp_path / "m.h5", "w") as masks,
        h5py.File(path) as maps,
    ):
        images["image"], images["field_of_view"] = image, image[..., 0] > 9
        hdf5.write_ids(images, "abc")
        masks["coverage"] = np.full((2, 1, 32, 40), [[[[7]]], [[[9]]]], np.uint8)
        hdf5.write_ids(masks, "bc")
        shown = shown_images.ShownImages(images, masks, [maps], ["MA"])
        assert (shown.ids, shown.annotated) == (["c", "a"], ["c"])
        np.testing.assert_array_equal(shown.photograph("c"), image[2])
        np.testing.assert_array_equal(shown.field_of_view("a"), image[0, ..., 0] > 9)
        assert (shown.coverage("c") == 9).all()
        assert shown.coverage("a").shape == (1, 32, 40)
        assert not shown.coverage("a").any()
        np.testing.assert_array_equal(shown.maps("a")[0], anomaly_map(maps["distance"][1], (32, 40), (2, -1)))
        without = shown_images.ShownImages(images, masks, [maps], ["MA"], ["c", "elsewhere"])
        assert (without.ids, without.annotated) == (["a"], [])
        scale = shown_images.scale_of(maps, 0.5)
        # Rounded up to a round number.
        assert 0 <= scale.low - np.quantile(maps["distance"][:], 0.5) < 0.01


def test_scores_are_found_by_ids_that_look_like_numbers(tmp_path):
    table = pd.DataFrame({"id": ["007", "8"], "maximum": [1.5, 2.5]})
    table.to_csv(tmp_path / "s.csv", index=False)
    assert shown_images.scores_by_id(tmp_path / "s.csv", "maximum").to_dict() == {"007": 1.5, "8": 2.5}
