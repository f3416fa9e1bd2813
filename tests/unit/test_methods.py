"""The contract of a method: found by its name, kept as a file, applied to photographs."""

import dataclasses
import json
import re
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sample_photographs import ArrayPhotographs, discs

from fundus_anomaly.errors import InputError
from fundus_anomaly.files.hdf5 import write_ids
from fundus_anomaly.imaging.prepared_images import PreparedPhotographs
from fundus_anomaly.methods.applied import apply_detector
from fundus_anomaly.methods.auto_encoder import METHOD, Settings
from fundus_anomaly.methods.detector_file import read_detector, write_detector
from fundus_anomaly.methods.interface import Scores, Work
from fundus_anomaly.methods.named import method_named
from fundus_anomaly.methods.resad.detector import Settings as ReSADSettings
from fundus_anomaly.scoring.contract import FieldsOfView, ScoredMaps, read_scores
from support.schema import read_schema

SCORES = {"top_quantile": 0.99, "smoothing": 0.01, "field_of_view_only": False}
VIEWS = np.ones((3, 64, 64), bool)


@pytest.fixture
def detector(tmp_path):
    settings = Settings(epochs=1, batch=3, code=8)
    photographs = ArrayPhotographs(discs(3, 64))
    return METHOD.fit(photographs, photographs, settings, Work("cpu", 0, tmp_path / "c", "")).detector


@pytest.fixture
def kept(detector, tmp_path):
    path = tmp_path / "detector.safetensors"
    write_detector(path, "auto_encoder", Settings(code=8), 64, detector)
    return path


def test_a_method_is_found_by_the_name_of_its_module():
    assert method_named("auto_encoder") is METHOD


@pytest.mark.parametrize("name", ["no_such_method", "interface", "resad", "resad.detector", "a.b", "../os", "", "Os"])
def test_what_is_no_method_is_an_error(name):
    with pytest.raises(InputError, match=rf"compared\.methods: found {re.escape(repr(name))}"):
        method_named(name)


SCHEMA = read_schema(Path(__file__).resolve().parents[2] / "workflow/schemas/config.schema.yaml")["properties"]
METHODS = SCHEMA["methods"]["properties"]


@pytest.mark.parametrize("name", METHODS)
def test_a_methods_settings_are_those_of_the_schema_with_its_defaults(name):
    section = {key: part["default"] for key, part in METHODS[name]["properties"].items() if key != "rows"}
    assert dataclasses.asdict(method_named(name).settings()) == section
    assert METHODS[name]["title"]


def test_resads_settings_have_the_schemas_defaults():
    expected = {name: part["default"] for name, part in SCHEMA["resad"]["properties"].items()}
    expected |= {name: SCHEMA["bank"]["properties"][name]["default"] for name in ("coreset", "epsilon")}
    expected |= {name: SCHEMA["features"]["properties"][name]["default"] for name in ("batch", "dtype")}
    found = dataclasses.asdict(ReSADSettings())
    assert {name: found[name] for name in expected} == expected


def test_a_detector_read_from_its_file_gives_the_same_bits(detector, kept):
    again, side = read_detector(kept, Work())
    assert side == 64
    one, two = (each.score(discs(3, 64), VIEWS) for each in (detector, again))
    assert np.array_equal(one.maps, two.maps)
    assert np.array_equal(one.own, two.own)


def test_equal_detectors_are_equal_files(detector, kept, tmp_path):
    write_detector(tmp_path / "again", "auto_encoder", Settings(code=8), 64, detector)
    assert (tmp_path / "again").read_bytes() == kept.read_bytes()


def foreign(path, about):
    save_file({"x": torch.zeros(1)}, str(path), about)


ABOUT = {"method": "auto_encoder", "size": 64, "settings": {"code": 8}}


@pytest.mark.parametrize(
    ("about", "found"),
    [
        ({}, "no 'fundus-anomaly detector 1'"),
        ({"fundus-anomaly detector 9": "{}"}, "no 'fundus-anomaly detector 1'"),
        ({"fundus-anomaly detector 1": "{"}, "no detector"),
        ({"fundus-anomaly detector 1": "{}"}, "no detector"),
        ({"fundus-anomaly detector 1": json.dumps(ABOUT | {"method": "os"})}, "'os'"),
        ({"fundus-anomaly detector 1": json.dumps(ABOUT | {"settings": {"x": 1}})}, "no detector"),
        ({"fundus-anomaly detector 1": json.dumps(ABOUT | {"method": "a.b"})}, "'a.b'"),
        ({"fundus-anomaly detector 1": json.dumps(ABOUT | {"settings": {"code": "8"}})}, "no detector"),
        ({"fundus-anomaly detector 1": json.dumps(ABOUT | {"size": 2**40})}, r"foreign: found .* do not fit"),
        ({"fundus-anomaly detector 1": '{"size": 1e999, "method": "auto_encoder", "settings": {}}'}, "no detector"),
        # A network of this code would take 8 TB: its parameters are looked for before any memory is taken.
        ({"fundus-anomaly detector 1": json.dumps(ABOUT | {"settings": {"code": 10**9}})}, r"found .* do not fit"),
        ({"fundus-anomaly detector 1": json.dumps(ABOUT)}, r"foreign: found .* do not fit"),
    ],
)
def test_a_foreign_file_is_refused_in_words(tmp_path, about, found):
    foreign(tmp_path / "foreign", about)
    with pytest.raises(InputError, match=found):
        read_detector(tmp_path / "foreign", Work())


@pytest.mark.parametrize("content", ["cut", "changed", "empty", "noise"])
def test_a_damaged_file_is_refused_in_words(kept, content):
    whole = kept.read_bytes()
    spoilt = {"cut": whole[:100], "changed": whole[:-5] + b"xxxxx", "empty": b"", "noise": b"\xff" * 64}
    kept.write_bytes(spoilt[content])
    with pytest.raises(InputError, match=r"changed or damaged.*delete"):
        read_detector(kept, Work())
    # Without its digest, as it may have come from elsewhere, a changed weight is a weight.
    kept.with_name(f".{kept.name}.sha256").unlink()
    if content != "changed":
        with pytest.raises(InputError, match=r"detector\.safetensors: found no detector"):
            read_detector(kept, Work())


def views_file(path, ids, side):
    with h5py.File(path, "w") as file:
        file["field_of_view"] = np.ones((len(ids), side, side), np.uint8)
        write_ids(file, ids)
        file["image"] = (np.arange(len(ids) * side * side * 3) % 251).astype(np.uint8).reshape(-1, side, side, 3)
    return path


def applied(detector, photographs, tmp_path, side=64):
    views = views_file(tmp_path / "views.h5", photographs.ids, 96)
    with h5py.File(views) as evaluated, h5py.File(tmp_path / "maps.h5", "w") as file:
        settings = {"image_size": (96, 96), "options": SCORES, "what": "test"}
        return apply_detector(detector, photographs, FieldsOfView(evaluated), file, side=side, **settings)


def test_maps_and_scores_are_those_of_the_contract(detector, tmp_path):
    photographs = ArrayPhotographs(discs(20, 64))
    table = applied(detector, photographs, tmp_path)
    expected = detector.score(photographs.array, np.ones((20, 64, 64), bool))
    assert table["id"].tolist() == photographs.ids
    assert list(table.columns)[:2] == ["id", "own"]
    assert np.allclose(table["own"], expected.own)
    with h5py.File(tmp_path / "maps.h5") as file:
        assert np.allclose(file["distance"], expected.maps, atol=1e-6)
        assert tuple(file.attrs["image_size"]) == (96, 96)
        assert tuple(file.attrs["displacement"]) == (0, 0)


def test_photographs_of_another_size_are_refused(detector, tmp_path):
    with pytest.raises(InputError, match="64 pixels; allowed: 128 pixels"):
        applied(detector, ArrayPhotographs(discs(2, 64)), tmp_path, side=128)


def test_a_map_with_nan_is_refused_by_the_photographs_id(tmp_path):
    class Broken:
        def score(self, images, fields_of_view):
            return Scores(np.zeros(len(images)), np.full((len(images), 4, 4), np.nan, np.float32))

    with pytest.raises(InputError, match="scores of image/0: found NaN"):
        applied(Broken(), ArrayPhotographs(discs(2, 64)), tmp_path)


def test_no_photograph_at_all_gives_empty_files(detector, tmp_path):
    table = applied(detector, ArrayPhotographs(discs(0, 64)), tmp_path)
    assert table.empty
    with h5py.File(tmp_path / "maps.h5") as file:
        assert file["distance"].shape == (0, 64, 64)


def test_prepared_photographs_come_in_the_order_that_is_asked_for(tmp_path):
    with h5py.File(views_file(tmp_path / "p.h5", list("abcdef"), 4)) as file:
        some = PreparedPhotographs(file, [4, 1, 3])
        assert (some.ids, len(some)) == (["e", "b", "d"], 3)
        everything = file["image"][:]
        assert np.array_equal(some.images([2, 0, 0]), everything[[3, 4, 4]])
        assert some.fields_of_view([1]).dtype == bool
        assert np.array_equal(PreparedPhotographs(file).images(range(6)), everything)


def test_scores_are_read_with_ids_as_text(tmp_path):
    (tmp_path / "test.csv").write_text("id,own\n001,0.5\n")
    assert read_scores(tmp_path / "test.csv")["id"].tolist() == ["001"]


def test_a_map_of_another_shape_or_a_photograph_without_one_is_a_callers_mistake(tmp_path):
    ids = ["a", "b"]
    with h5py.File(views_file(tmp_path / "v.h5", ids, 8)) as evaluated, h5py.File(tmp_path / "m.h5", "w") as file:
        scored = ScoredMaps(file, ids, (4, 4), FieldsOfView(evaluated), image_size=(8, 8), options=SCORES)
        # It would be broadcast, and every row of the map be the same.
        with pytest.raises(ValueError, match=r"shape \(1, 4\)"):
            scored.add(np.zeros((1, 4), np.float32))
        scored.add(np.zeros((4, 4), np.float32))
        with pytest.raises(ValueError, match="1 maps for 2 photographs"):
            scored.table()
