"""Tables of quality: what the rules write is read back to the last bit, and what was edited is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from phantom_cameras import OPTIONS, measured
from sample_eye import eye

from fundus_anomaly.errors import InputError
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import create_h5, open_h5, write_array, write_ids, write_texts
from fundus_anomaly.imaging.geometry import stretch
from fundus_anomaly.quality import tables
from fundus_anomaly.quality.limits import Limits
from fundus_anomaly.quality.shift import Light
from fundus_anomaly.quality.verdict import JUDGED, NOT_JUDGED, WITH_CARE
from fundus_anomaly.scoring.typical import typical_value, typical_values

IDS = ["normal/a", "normal/ß", "grey"]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What is measured of two eyes and a grey square, as the rule ``images`` wrote them."""
    file = tmp_path_factory.mktemp("quality") / "images.h5"
    photographs = [eye(0)[0], eye(1)[0], np.full_like(eye()[0], 90)]
    views = [eye()[1], eye()[1], np.ones_like(eye()[1])]
    side = photographs[0].shape[0]
    source = json.dumps({"height": 2 * side, "width": 2 * side, "geometry": stretch(side).as_dict()})
    with create_h5(file) as made:
        write_array(made, "image", np.array(photographs))
        write_array(made, "field_of_view", np.array(views, np.uint8))
        write_texts(made, "source", [source] * 3)
        write_ids(made, IDS)
    with open_h5(file, "image", "field_of_view", "source", "id") as made:
        return tables.measure(made)


def test_what_is_measured_is_that_of_each_photograph(found):
    assert found["id"].tolist() == IDS
    alone = measured(eye(0)[0], eye(0)[0].shape[0])
    assert found.loc[0, "brightness"] == pytest.approx(alone.brightness, rel=0.05)
    assert found.loc[0, "resolution"] == pytest.approx(2 * alone.resolution, rel=0.1)
    assert found.loc[2, ["bordered", "structure"]].tolist() == [0, 0]


def test_tables_come_back_as_they_were_written(found, tmp_path):
    quartiles = tables.quartiles_of_table(found.iloc[:2])
    write_csv(tmp_path / "normals.csv", tables.quartiles_table(quartiles))
    assert tables.read_quartiles(tmp_path / "normals.csv") == quartiles
    said = tables.with_outcomes(found, Limits(quartiles, OPTIONS))
    assert said["quality"].tolist() == [JUDGED, JUDGED, NOT_JUDGED]
    assert said["reason"].tolist() == ["", "", "no fundus: one colour"]
    write_csv(tmp_path / "test.csv", said)
    pd.testing.assert_frame_equal(tables.read_quality(tmp_path / "test.csv"), said.set_index("id"), check_exact=True)


def test_the_summary_counts_outcomes_and_has_the_light(tmp_path):
    write_csv(tmp_path / "s.csv", tables.summary([JUDGED, NOT_JUDGED, WITH_CARE, NOT_JUDGED], Light("red", "x, y")))
    counts, light = tables.read_summary(tmp_path / "s.csv")
    assert counts == {"photographs": 4, "with_care": 1, "not_judged": 2}
    assert light == ("red", "x, y")
    write_csv(tmp_path / "none.csv", tables.summary([], Light("", "no photograph")))
    assert tables.read_summary(tmp_path / "none.csv")[1].colour == ""


def test_a_folder_without_photographs_has_empty_tables(found):
    nothing = tables.with_outcomes(found.iloc[:0], Limits(tables.quartiles_of_table(found.iloc[:2]), OPTIONS))
    assert list(nothing.columns) == ["id", "quality", "reason", *tables.MEASURED] and nothing.empty


def test_quartiles_of_an_unknown_statistic_are_refused(tmp_path):
    write_csv(tmp_path / "normals.csv", tables.quartiles_table({"luck": (0, 1, 2)}))
    with pytest.raises(InputError, match="luck"):
        tables.read_quartiles(tmp_path / "normals.csv")


def test_the_typical_value_is_the_median_within_the_field_of_view(tmp_path):
    view = np.zeros((64, 64), bool)
    view[16:48, 16:48] = True
    map_ = np.where(view, 3.0, 100.0).astype(np.float32)
    map_[20:24, 20:24] = 50
    assert typical_value(map_, view, 2) == 3
    with create_h5(tmp_path / "maps.h5") as file:
        write_array(file, "distance", map_[None])
        write_ids(file, ["a"])
        file.attrs["image_size"] = (64, 64)
    with create_h5(tmp_path / "images.h5") as file:
        write_array(file, "field_of_view", np.array([~view, view], np.uint8))
        write_ids(file, ["b", "a"])
    with open_h5(tmp_path / "maps.h5", "distance") as maps, open_h5(tmp_path / "images.h5", "id") as images:
        assert typical_values(maps, images).tolist() == [3.0]
