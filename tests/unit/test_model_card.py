"""The model card says what a detector was made of and promises, and names nobody."""

import h5py
import numpy as np
import pytest

from fundus_anomaly import command
from fundus_anomaly.errors import InputError
from fundus_anomaly.files.hdf5 import create_h5, write_texts
from fundus_anomaly.methods.resad.detector import Settings
from fundus_anomaly.methods.resad.detector_file import Normals, Trained, read_card
from fundus_anomaly.methods.resad.model_card import Made, model_card
from fundus_anomaly.networks.weights import licence_of
from fundus_anomaly.quality.limits import Options

MADE = Made(
    dataset="images",
    patient_of={"a_left": "a", "a_right": "a", "b_left": "b", "b_right": "b", "c_left": "c"},
    sizes=[(4288, 2848)] * 3 + [(2000, 1500), (640, 480)],
    entries=(1234, 1792),
    licence="Apache-2.0",
    versions={"torch": "2.11", "numpy": "2.4"},
)


def trained(**changed):
    settings = Settings(**{key: changed.pop(key) for key in ("region", "spatial") if key in changed})
    preprocessing = {"size": 784, "graham": False} | changed
    return Trained(
        settings=settings,
        backbone={"name": "efficientnet_lite0", "precision": "float32", "onnx": {}},
        preprocessing=preprocessing,
        scoring={"image_score": "maximum", "calibrated_score": "top_mean"},
        displacement=(0, 0),
        normal_quantile=0.9,
        seed=0,
        colours=(1.0, 2.0),
        scale_quantile=0.99,
        quality=Options(3.0, 6.0, 1.0, 2.0, {}),
        quartiles={},
    )


def test_it_says_what_the_detector_was_made_of_and_what_the_threshold_promises():
    normals = Normals(np.arange(19.0), np.arange(19.0)[::-1] / 3)
    card = model_card(MADE, normals, trained())
    for said in (
        "5 photographs that the user called normal, of 3 patients.",
        "Dataset: images.",
        "4288×2848 (3), 2000×1500 (1), 640×480 (1).",
        "Memory: 1,234 features of 1,792 channels each.",
        "region filter of radius 12, spatial attention (matmul); stored as float16.",
        "784×784 pixels.",
        # Rank 18 of 19, from the calibrated scores.
        "Threshold: 5.66667, rank 18 of the scores of 19 held-out normals; of new normals like them 10.0 % are",
        "Image score: top_mean",
        "weights: Apache-2.0.",
        "- numpy 2.4\n- torch 2.11\n",
    ):
        assert said in card
    assert max(map(len, card.splitlines())) < 260


def test_what_is_switched_off_is_said_to_be_off_and_rare_sizes_are_counted_together():
    made = Made("images", {"a": "a"}, [(100 + i, 100) for i in range(9)], (1, 1), "x", {})
    card = model_card(made, Normals(np.ones(9), np.ones(9)), trained(region=0, spatial="off", graham=True))
    assert "no region filter, no attention" in card
    assert "their local average is taken away" in card
    assert "3 of other sizes." in card
    assert "109×100" not in card


@pytest.mark.parametrize(
    ("patient_of", "said"),
    [
        (
            {"a": "a", "b": "b"},
            "2 photographs that the user called normal, of which no patient is known, and each",
        ),
        (
            {"a": "7", "b": "7", "c": "c"},
            "3 photographs that the user called normal, of 1 patient; of 1 of them no",
        ),
    ],
)
def test_patients_that_are_not_known_are_not_counted_as_known(patient_of, said):
    made = Made("images", patient_of, [(9, 9)], (1, 1), "x", {})
    card = model_card(made, Normals(np.ones(9), np.ones(9)), trained())
    assert said in card and "more false alarms are to be expected than stated below" in card


@pytest.mark.parametrize(
    ("name", "own", "licence"),
    [
        ("efficientnet_lite0", False, "Apache-2.0"),
        ("efficientnet_lite0", True, "that of the file that the user named"),
        ("onnx", True, "that of the file that the user named"),
    ],
)
def test_the_licence_is_that_of_the_weights_that_were_taken(name, own, licence):
    assert licence_of(name, own) == licence


def test_the_command_prints_it_and_a_foreign_one_commands_no_terminal(tmp_path, capsys):
    with create_h5(tmp_path / "detector.h5") as file:
        write_texts(file, "card", ["# Model card\n\x1b[2Jü\x07"])
    assert command.main(["card", str(tmp_path / "detector.h5")]) == 0
    assert capsys.readouterr().out == "# Model card\n\ufffd[2Jü\ufffd"


def longest(file):
    write_texts(file, "card", ["x" * 100_001])


def two(file):
    write_texts(file, "card", ["a", "b"])


def numbers(file):
    file["card"] = np.zeros(1)


def vast(file):
    file.create_dataset("card", (1 << 40,), "S100", chunks=(1 << 16,))


@pytest.mark.parametrize("damage", [longest, two, numbers, vast, lambda file: None])
def test_a_card_that_cannot_be_one_is_refused_in_words(tmp_path, capsys, damage):
    with h5py.File(tmp_path / "detector.h5", "w") as file:
        damage(file)
    with pytest.raises(InputError, match="card"):
        read_card(tmp_path / "detector.h5")
    assert command.main(["card", str(tmp_path / "detector.h5")]) == 1
    said = capsys.readouterr().err
    # It may judge as before, and nothing makes it again here.
    assert "detector.h5" in said and "keep a detector that judges" in said and "delete" not in said


@pytest.mark.parametrize("name", ["none.h5", "."])
def test_a_path_that_leads_to_no_file_is_to_be_corrected(tmp_path, capsys, name):
    assert command.main(["card", str(tmp_path / name)]) == 1
    assert "found no file" in (said := capsys.readouterr().err) and "correct the path" in said
