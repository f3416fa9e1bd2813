"""Annotated images, normal images, checkpoints and tests as they should not be: each a clear error or a logged rule."""

import hashlib
import io
import json
import logging
from types import SimpleNamespace

import classify
import evaluate
import figure_gradcam
import lesion_bank
import numpy as np
import pandas as pd
import pytest
import table_lesionpaste
import torch
import train
from lesion_samples import disc, lesions, normal
from PIL import Image

from fundus_anomaly.errors import InputError
from fundus_anomaly.files.hdf5 import create_dataset, create_h5, write_ids, write_texts
from fundus_anomaly.imaging.geometry import stretch
from fundus_anomaly.methods.lesionpaste.annotated_image import read_lesions
from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank, write_bank
from fundus_anomaly.methods.lesionpaste.synthesis import plan, synthesise
from fundus_anomaly.networks.classifier import Classifier, empty_network
from fundus_anomaly.networks.weights import fetch
from fundus_anomaly.report.tables.lesionpaste import headline

SIDE = 200
KINDS = ("MA", "HE", "EX", "SE")
NETWORK = "efficientnet_lite0"
READING = {"aspect": "keep", "graham": False, "inverted": False, "max_pixels": 10**6}
MIX = [{"types": ["MA"], "share": 0.8}, {"types": ["MA", "HE"], "share": 0.2}]
ROW = {
    "pasted": True,
    "mix": MIX,
    "most": 1.5,
    "count_by": "type",
    "mask": "binary",
    "patch": "lesion",
    "mixup": [0.5, 0.8],
    "augmentation": {
        "operations": ["flip", "rotation"],
        "flip": 0.5,
        "rotation": 45,
        "resize": [0.5, 1.0],
        "contrast": [0.9, 1.1],
        "brightness": [0.9, 1.1],
        "colour": 10,
    },
}
TRAINING = {
    "epochs": 1,
    "batch": 4,
    "learning_rate": 0.001,
    "momentum": 0.9,
    "weight_decay": 0.0,
    "clip": 0,
    "validation": 0.4,
    "fresh_twins": False,
    "head": "full",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.2, 0.2, 0.2],
    "precision": "float32",
}


@pytest.fixture(autouse=True)
def _logged(caplog):
    caplog.set_level(logging.INFO)


# ---------------------------------------------------------------------------------------------------- annotated images


def annotated(folder, name, side=SIDE, **boxes):
    """Write a photograph and its masks, and return its row of the manifest; a box is ``(top, left, h, w)`` or None."""
    photograph = np.where(disc(side)[..., None], np.array([150, 90, 60], np.uint8), np.uint8(0))
    Image.fromarray(photograph).save(folder / f"{name}.png")
    row = {"id": f"set/{name}", "path": str(folder / f"{name}.png")} | {f"mask_{kind}": "" for kind in KINDS}
    for kind, box in boxes.items():
        mask = np.zeros((side, side), np.uint8)
        if box:
            top, left, height, width = box
            mask[top : top + height, left : left + width] = 255
        row[f"mask_{kind}"] = str(folder / f"{name}_{kind}.png")
        Image.fromarray(mask).save(row[f"mask_{kind}"])
    return row


def banked(folder, *sources, kinds=("MA", "HE"), excluded=()):
    """Return the bank that the rule's script makes."""
    params = SimpleNamespace(
        sources=list(sources),
        lesions=list(KINDS),
        inverted=False,
        kinds=list(kinds),
        excluded=list(excluded),
        preprocessing={"size": 64, "aspect": "keep", "graham": False},
        max_pixels=10**6,
    )
    lesion_bank.main(SimpleNamespace(bank=folder / "bank.h5"), params)
    return read_bank(folder / "bank.h5")


def problems_of(function, *arguments, **options):
    with pytest.raises(InputError) as error:
        function(*arguments, **options)
    return error.value.problems


def test_all_that_is_wrong_with_all_annotated_images_is_reported_at_once(tmp_path):
    first, second = (annotated(tmp_path, name, MA=(90, 90, 3, 3), HE=(50, 90, 9, 9)) for name in "ab")
    Image.fromarray(np.zeros((SIDE, SIDE + 1), np.uint8)).save(first["mask_MA"])
    (tmp_path / "a_HE.png").write_bytes(b"no image")
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:99])
    (tmp_path / "b_HE.png").write_bytes(b"")
    size, *broken = problems_of(banked, tmp_path, first, second)
    assert (size.where, size.found, size.allowed) == (
        first["mask_MA"],
        f"a mask of {SIDE + 1}×{SIDE} pixels",
        f"the photograph's size, {SIDE}×{SIDE} pixels",
    )
    assert [problem.where for problem in broken] == [first["mask_HE"], second["path"], second["mask_HE"]]
    with pytest.raises(InputError, match=r"Or name other annotated images in lesionpaste\.source\.images"):
        banked(tmp_path, first, second)


def test_a_mask_that_marks_nothing_is_an_error_only_if_its_type_is_to_be_pasted_and_no_other_image_has_it(
    tmp_path, caplog
):
    empty = annotated(tmp_path, "empty", MA=(90, 90, 3, 3), HE=None, SE=None)
    (problem,) = problems_of(banked, tmp_path, empty)
    assert problem.where == "lesions of set/empty"
    assert problem.found == f"no lesion of type 'HE' (there are: MA) and nothing marked in {empty['mask_HE']!r}"
    assert "lesionpaste.mix" in problem.remedy
    caplog.clear()
    bank = banked(tmp_path, empty, annotated(tmp_path, "other", HE=(50, 90, 9, 9)))
    assert [lesion.kind for lesion in bank] == ["MA", "HE"]
    assert f"{empty['mask_HE']} marks no lesion" in caplog.text
    assert f"{empty['mask_SE']} marks no lesion" in caplog.text


def test_an_image_whose_masks_are_all_empty_has_no_annotated_lesion(tmp_path):
    found = [problem.found for problem in problems_of(banked, tmp_path, annotated(tmp_path, "a", MA=None, HE=None))]
    assert [text.split(" and ")[0] for text in found] == [
        f"no lesion of type {kind!r} (there are: none)" for kind in ("MA", "HE")
    ]


def test_lesions_of_a_type_that_the_mix_never_names_are_left_out_whatever_their_size_and_the_log_says_so(
    tmp_path, caplog
):
    bank = banked(tmp_path, annotated(tmp_path, "a", MA=(90, 90, 3, 3), EX=(40, 40, 120, 120)), kinds=["MA"])
    assert [lesion.kind for lesion in bank] == ["MA"]
    assert "of types that lesionpaste.mix never names, not in the bank: 1 EX" in caplog.text


def test_a_lesion_larger_than_half_of_the_retina_is_named_with_its_place(tmp_path):
    (problem,) = problems_of(banked, tmp_path, annotated(tmp_path, "a", MA=(40, 30, 110, 5)), kinds=["MA"])
    assert problem.where == "lesion of type 'MA' at (40, 30) of set/a"
    assert "at most half of the retina" in problem.allowed


def test_an_annotated_image_that_is_excluded_from_the_benchmark_gives_lesions_and_the_log_says_so(tmp_path, caplog):
    banked(tmp_path, annotated(tmp_path, "a", MA=(90, 90, 3, 3)), kinds=["MA"], excluded=["set/a", "set/b"])
    assert "set/a is excluded from the benchmark by data.exclude and gives its lesions" in caplog.text


@pytest.mark.parametrize("graham", [False, True])
@pytest.mark.parametrize(
    "box",
    [(90, 90, 1, 1), (0, 90, 4, 6), (SIDE - 4, 90, 4, 6), (90, 0, 5, 3), (90, SIDE - 3, 5, 3), (0, 0, 2, 2)],
    ids=["one pixel", "top", "bottom", "left", "right", "corner, beyond the retina"],
)
def test_a_lesion_of_one_pixel_and_lesions_at_the_photographs_border_are_pasted_whole(tmp_path, box, graham):
    row = annotated(tmp_path, "a", MA=box)
    (lesion,) = read_lesions(row["id"], row["path"], {"MA": row["mask_MA"]}, **READING | {"graham": graham})
    assert lesion.box == box
    assert lesion.area == box[2] * box[3]
    image, view = normal(64)
    settings = ROW | {"mix": [{"types": ["MA"], "share": 1}]}
    made = synthesise(
        image, view, (0.32, 0.32), 190.0, [lesion], plan([lesion], train.options_from(settings), 0, "set/1")
    )
    assert made.mask.any()
    assert not made.mask[~view].any()


# ---------------------------------------------------------------------------------------------------- training


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / f"{NETWORK}.weights"
    fetch(NETWORK, "", "", path)
    return path


def photograph():
    """Return the file of a photograph, a PNG."""
    with io.BytesIO() as file:
        Image.fromarray(normal(64)[0]).save(file, format="png")
        return file.getvalue()


def images_of(path, names, side=32):
    """Write images as the rule ``images`` does."""
    digest = hashlib.sha256(photograph()).hexdigest()
    source = json.dumps({"geometry": stretch(side).as_dict(), "height": 2 * side, "width": 2 * side, "sha256": digest})
    with create_h5(path) as file:
        create_dataset(file, "image", (len(names), side, side, 3), np.uint8)[:] = np.stack(
            [normal(side, seed)[0] for seed in range(len(names))]
        )
        create_dataset(file, "field_of_view", (len(names), side, side), np.uint8)[:] = disc(side)
        write_texts(file, "source", [source] * len(names))
        write_ids(file, names)
    return path


def trained(folder, weights, names, train_rows=None, network=NETWORK, **settings):
    """Train as the rule's script does, on images of two eyes a patient, and return the history."""
    write_bank(folder / "bank.h5", lesions())
    rows = names if train_rows is None else train_rows
    images = images_of(folder / "train.h5", names)
    train.main(
        SimpleNamespace(images=images, bank=folder / "bank.h5", weights=weights),
        SimpleNamespace(weights=folder / "classifier.pt", history=folder / "history.csv", tested=[]),
        SimpleNamespace(
            code="digest of the code",
            row=ROW,
            training=TRAINING | settings,
            tested=[],
            train={"id": rows, "patient": [name.partition("_")[0] for name in rows]},
            repeat=0,
            seed=0,
        ),
        SimpleNamespace(network=network),
        {"gpu": 0},
        1,
    )
    return pd.read_csv(folder / "history.csv")


EYES = [f"set/{patient}_{eye}" for patient in "abc" for eye in ("left", "right")]


def test_fewer_normal_images_than_a_batch_make_smaller_batches_and_the_log_says_so(tmp_path, weights, caplog):
    history = trained(tmp_path, weights, EYES[:4], batch=64)
    assert np.isfinite(history["loss"]).all()
    assert "batches of 4 images instead of 64: there are no more" in caplog.text
    # Two patients: one trains, one chooses the epoch, whatever the share.
    assert "2 normal images to train on, 2 to choose the epoch by" in caplog.text


@pytest.mark.parametrize("names", [EYES[:2], ["set/z_left"]], ids=["one patient", "none of the manifest"])
def test_images_of_one_patient_cannot_train_and_choose_the_epoch(tmp_path, weights, names):
    (problem,) = problems_of(trained, tmp_path, weights, names, EYES)
    assert problem.where == "normal images to train on"
    assert "images of two patients or more" in problem.allowed
    assert "data.exclude" in problem.remedy


def test_images_that_the_audit_left_out_are_missing_in_training_and_the_log_says_so(tmp_path, weights, caplog):
    trained(tmp_path, weights, EYES[:-1], EYES)
    assert "5 of the manifest's 6 normal images: the audit excluded the others" in caplog.text


def test_a_checkpoint_of_another_configuration_is_left_and_a_truncated_one_is_an_error(tmp_path, weights, caplog):
    checkpoint = tmp_path / "training.checkpoint.pt"
    torch.save({"key": "another", "history": [], "weights": {}, "optimiser": {}, "best": {}}, checkpoint)
    trained(tmp_path, weights, EYES)
    assert f"{checkpoint} is of another configuration: the training starts again" in caplog.text
    assert not checkpoint.exists()
    checkpoint.write_bytes(b"PK\x03\x04")
    (problem,) = problems_of(trained, tmp_path, weights, EYES)
    assert problem.where == str(checkpoint)
    assert f"delete {checkpoint}" in problem.remedy


@pytest.mark.parametrize("network", ["resnet18", "vgg16"])
def test_weights_of_another_network_are_refused(tmp_path, weights, network):
    (problem,) = problems_of(trained, tmp_path, weights, EYES, network=network)
    assert problem.where == str(weights)
    assert "parameters" in problem.found
    assert network in problem.allowed


def test_a_learning_rate_that_diverges_stops_the_training(tmp_path, weights):
    (problem,) = problems_of(trained, tmp_path, weights, EYES, learning_rate=1e30, epochs=3)
    assert "lesionpaste.training.learning_rate" in problem.remedy
    assert not (tmp_path / "classifier.pt").exists()


# ---------------------------------------------------------------------------------------------------- test

CLASSIFIED = {
    "maps": "maps.h5",
    "scores": "test.csv",
    "calibration_maps": "calibration.h5",
    "calibration_scores": "calibration.csv",
}
TEST = [f"set/test/{number}" for number in range(6)]


@pytest.fixture
def classifier(tmp_path):
    """A file of a classifier as training writes it."""
    torch.manual_seed(0)
    network = Classifier(empty_network(NETWORK, "full"), TRAINING["mean"], TRAINING["std"])
    torch.save(network.state_dict(), tmp_path / "classifier.pt")
    return tmp_path / "classifier.pt"


def classified(folder, weights, present=TEST, network=NETWORK):
    classify.main(
        SimpleNamespace(
            images=[images_of(folder / "test.h5", present)],
            train_images=images_of(folder / "train.h5", EYES),
            weights=weights,
            tested=[],
        ),
        SimpleNamespace(**{name: folder / file for name, file in CLASSIFIED.items()}),
        SimpleNamespace(
            training=TRAINING,
            tested=[],
            ids=TEST,
            train={"id": EYES, "patient": [name.partition("_")[0] for name in EYES]},
            seed=0,
        ),
        SimpleNamespace(network=network),
        {"gpu": 0},
        1,
    )
    return pd.read_csv(folder / "test.csv")


def evaluated(folder, manifest):
    """Evaluate the scores of :func:`classified` as the rule's script does."""

    class Inputs(SimpleNamespace):
        def __getitem__(self, name):
            return getattr(self, name)

    evaluate.main(
        Inputs(
            **{name: folder / file for name, file in CLASSIFIED.items()},
            images=[folder / "test.h5"],
            train_images=folder / "train.h5",
            masks=[],
            left_out=folder / "left_out.csv",
        ),
        SimpleNamespace(
            **{name: folder / f"{name}.csv" for name in ("metrics", "curves")}, pixels=folder / "pixels.h5"
        ),
        SimpleNamespace(
            manifest=manifest,
            lesions=[],
            field_of_view_only=False,
            pixels=True,
            settings={
                "normal_quantile": 0.95,
                "false_positive_limit": 0.3,
                "resamples": 10,
                "confidence": 0.95,
                "curve_points": 100,
                "memory_limit": 10**6,
                "seed": 0,
            },
        ),
    )


def test_the_normals_that_chose_the_epoch_calibrate_the_threshold(tmp_path, classifier):
    classified(tmp_path, classifier)
    held_out = pd.read_csv(tmp_path / "calibration.csv")
    assert set(held_out["id"].str.partition("_")[0]) < {name.partition("_")[0] for name in EYES}
    (tmp_path / "left_out.csv").write_text("id,split,by,reason\n", encoding="utf-8")
    labels = [0, 1] * 3
    evaluated(tmp_path, {"id": TEST, "label": labels, "grade": labels, "patient": TEST})
    rows = pd.read_csv(tmp_path / "metrics.csv").query("subset == 'all'").set_index("metric")
    assert set(rows["score"]) == {"own"} and set(rows["level"]) == {"image"}
    assert rows.loc["false_alarms_expected_at_normal_quantile", "negatives"] == len(held_out)
    # Two or three normals are too few for a quantile of .95: the highest of them is the threshold.
    assert rows.loc["threshold_at_normal_quantile", "value"] >= held_out["own"].max()


def test_test_images_that_the_audit_left_out_have_no_score_and_the_log_says_so(tmp_path, classifier, caplog):
    assert classified(tmp_path, classifier, TEST[1:])["id"].tolist() == TEST[1:]
    assert "5 of the manifest's 6 test images: the audit excluded the others" in caplog.text


def test_a_classifier_of_another_network_is_refused(tmp_path, classifier):
    (problem,) = problems_of(classified, tmp_path, classifier, network="resnet18")
    assert problem.where == str(classifier)
    assert "resnet18" in problem.allowed


def test_a_truncated_classifier_is_refused(tmp_path, classifier):
    classifier.write_bytes(classifier.read_bytes()[:-1000])
    (problem,) = problems_of(classified, tmp_path, classifier)
    assert problem.where == str(classifier)


def test_logits_that_are_no_numbers_name_the_weights_and_an_image(tmp_path, classifier):
    state = torch.load(classifier, weights_only=True)
    huge = {name: torch.full_like(value, 3e38) for name, value in state.items() if "classifier" in name}
    torch.save(state | huge, classifier)
    (problem,) = problems_of(classified, tmp_path, classifier)
    assert problem.where == f"{classifier}, logits of the test images"
    assert "e.g. of set/test/" in problem.found
    assert "precision" in problem.remedy
    assert not (tmp_path / "test.csv").exists()


@pytest.mark.parametrize("label", [0, 1, -1], ids=["normals", "abnormals", "unknowns"])
def test_a_test_of_one_class_has_a_table_that_says_so_and_a_figure(tmp_path, classifier, label):
    classified(tmp_path, classifier)
    write_bank(tmp_path / "bank.h5", lesions())
    (tmp_path / "left_out.csv").write_text("id,split,by,reason\n", encoding="utf-8")
    grades = [max(label, -1) * 2 if label == 1 else label] * len(TEST)
    manifest = {"id": TEST, "label": [label] * len(TEST), "grade": grades, "patient": TEST}
    evaluated(tmp_path, manifest)
    table_lesionpaste.main(
        SimpleNamespace(
            metrics=[tmp_path / "metrics.csv"] * 2,
            scores=[tmp_path / "test.csv"] * 2,
            banks=[tmp_path / "bank.h5"],
            left_out=tmp_path / "left_out.csv",
        ),
        SimpleNamespace(csv=tmp_path / "table.csv", md=tmp_path / "table.md", html=tmp_path / "table.html"),
        SimpleNamespace(
            rows=["LesionPaste", "control"], runs=["repeat~0"], dataset="set", test=manifest, confidence=0.95, facts={}
        ),
        SimpleNamespace(paper_table="3"),
    )
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["auc"].isna().all()
    assert (
        table["note"]
        .str.contains("undefined: the test needs images labelled normal and images labelled abnormal")
        .all()
    )
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "undefined" in text and "–" not in text
    logits = pd.read_csv(tmp_path / "test.csv", index_col="id")["own"]
    counted = f"{(logits[TEST] >= 0).sum()} of {len(TEST)}"
    kind = {0: "normal ", 1: "abnormal ", -1: ""}[label]
    assert text.count(counted) == 2
    assert f"LesionPaste: {len(TEST)} {kind}photographs, {counted.split()[0]} called abnormal" in headline(table)
    for name in TEST:
        (tmp_path / f"{name.replace('/', '.')}.png").write_bytes(photograph())
    paths = [str(tmp_path / f"{name.replace('/', '.')}.png") for name in TEST]
    figure_gradcam.main(
        SimpleNamespace(
            images=tmp_path / "test.h5",
            masks=[],
            weights=classifier,
            scores=tmp_path / "test.csv",
            left_out=tmp_path / "left_out.csv",
        ),
        SimpleNamespace(picture=tmp_path / "gradcam.png", page=tmp_path / "gradcam.html"),
        SimpleNamespace(
            network=NETWORK,
            training=TRAINING,
            preprocessing={"size": 32, "aspect": "keep", "graham": True},
            max_pixels=10**6,
            manifest=manifest | {"path": paths, "split": ["test"] * len(TEST)},
            lesions=[],
            all_lesions=[],
            title="GradCAM",
            rows=2,
            row_quantile=0.5,
            opacity=0.6,
            dpi=40,
            seed=0,
        ),
    )
    assert (tmp_path / "gradcam.png").stat().st_size > 1000
