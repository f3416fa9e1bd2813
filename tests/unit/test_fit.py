"""What the rule ``fit`` hands to a method: normals, and what the schema says that it takes beside them."""

from types import SimpleNamespace

import fit
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open

from fundus_anomaly.audit.findings import Finding, findings_table
from fundus_anomaly.errors import InputError
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import create_h5, write_array, write_ids
from fundus_anomaly.methods.auto_encoder import Settings
from fundus_anomaly.methods.interface import Fitted, Method

NORMALS = [f"n/{patient}_{eye}" for patient in "abcd" for eye in ("left", "right")]
ABNORMAL = ["u/a_left", "u/b_left", "u/c_left", "u/d_left", "u/x_left", "u/y_left", "u/z_left"]


def patient(name):
    return name[2]


class Inputs(list):
    """A job's inputs, as Snakemake gives them: a list of files, some of them by name."""

    def __init__(self, **files):
        super().__init__(file for given in files.values() for file in (given if isinstance(given, list) else [given]))
        vars(self).update(files)

    def __getitem__(self, name):
        return vars(self)[name]


def images_of(path, names):
    with create_h5(path) as file:
        write_array(file, "image", np.arange(len(names) * 48).reshape(-1, 4, 4, 3).astype(np.uint8))
        write_array(file, "field_of_view", np.ones((len(names), 4, 4), np.uint8))
        write_ids(file, names)
    return path


def fitted(tmp_path, monkeypatch, takes, copies=(), abnormal=ABNORMAL):
    """Run the rule's script with a method that tells what it was given, and return that."""
    given = {}

    class Detector:
        def state(self):
            return {"x": torch.zeros(1)}

    def learn(normals, held_out, settings, work, **further):
        given.update(normals=normals.ids, held_out=held_out.ids, settings=settings, key=work.key, **further)
        if "abnormal" in further:
            given["abnormal"] = [(side.ids, side.images(range(len(side))).shape) for side in further["abnormal"]]
        return Fitted(Detector(), [{"epoch": 1, "loss": 0.5}])

    monkeypatch.setattr(fit, "method_named", lambda name: Method(Settings, learn, None))
    findings = [Finding("identical photographs", "note", (name, "t/1"), "", scope="images") for name in copies]
    write_csv(tmp_path / "findings.csv", findings_table(findings))
    (tmp_path / "network.weights").write_bytes(b"weights")
    with_labels = "abnormal" in takes
    fit.main(
        Inputs(
            images=images_of(tmp_path / "train.h5", NORMALS),
            abnormal=images_of(tmp_path / "unused.h5", abnormal) if with_labels else [],
            findings=tmp_path / "findings.csv" if with_labels else [],
            network=tmp_path / "network.weights" if "network" in takes else [],
            backbone=[],
        ),
        SimpleNamespace(detector=tmp_path / "detector.safetensors", history=tmp_path / "history.csv"),
        SimpleNamespace(
            code="digest of the code",
            settings={"epochs": 3},
            repeat=0,
            takes=takes,
            networks={"backbone": "resnet18", "network": "vgg16"},
            abnormal={"id": abnormal, "patient": list(map(patient, abnormal))} if with_labels else {},
            test=["t/1"],
            train={"id": NORMALS, "patient": list(map(patient, NORMALS))},
            held_out=0.25,
            seed=0,
        ),
        SimpleNamespace(method="auto_encoder"),
        {"gpu": 0},
        1,
    )
    return given


def test_a_method_of_normals_gets_no_further_argument(tmp_path, monkeypatch):
    given = fitted(tmp_path, monkeypatch, [])
    assert set(given) == {"normals", "held_out", "settings", "key"}
    assert sorted(given["normals"] + given["held_out"]) == NORMALS
    assert {*map(patient, given["normals"])}.isdisjoint(map(patient, given["held_out"]))
    assert len(given["held_out"]) == 2
    assert pd.read_csv(tmp_path / "history.csv")["loss"].tolist() == [0.5]
    with safe_open(str(tmp_path / "detector.safetensors"), "pt") as file:
        assert list(file.keys()) == ["x"]


def test_abnormal_photographs_stand_on_the_side_of_their_patients_normals(tmp_path, monkeypatch):
    given = fitted(tmp_path, monkeypatch, ["abnormal"], copies=["u/y_left"])
    (taught, shape), (held_out, _) = given["abnormal"]
    assert shape == (len(taught), 4, 4, 3)
    # A copy of a tested photograph is on neither side.
    assert sorted(taught + held_out) == [name for name in ABNORMAL if name != "u/y_left"]
    assert set(map(patient, taught)) & set("abcd") == set(map(patient, given["normals"]))
    assert set(map(patient, held_out)) & set("abcd") == set(map(patient, given["held_out"]))


def test_no_abnormal_photograph_to_learn_from_is_an_error_that_names_the_key(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"labelled abnormal.*at least one.*out of compared\.methods"):
        fitted(tmp_path, monkeypatch, ["abnormal"], copies=["u/x_left"], abnormal=["u/x_left"])
    assert not (tmp_path / "detector.safetensors").exists()


def test_a_network_comes_with_its_name_and_its_file_and_is_part_of_the_checkpoints_key(tmp_path, monkeypatch):
    without = fitted(tmp_path, monkeypatch, [])
    given = fitted(tmp_path, monkeypatch, ["network"])
    assert (given["network"].name, given["network"].weights.read_bytes()) == ("vgg16", b"weights")
    assert given["key"] != without["key"]
