"""A finished run says what it was made of: the manifest, and what made photographs at the working size and features."""

import hashlib
import importlib.metadata

import h5py
import pytest
import yaml
from tiny_project import REPOSITORY, TINY

from fundus_anomaly.datasets import registry
from fundus_anomaly.datasets.manifest import read_manifest
from fundus_anomaly.files.carried import carried_by

pytestmark = pytest.mark.workflow

DEFAULT = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))


def test_the_manifest_holds_every_image_as_its_adapter_read_it(finished):
    sizes = DEFAULT["data"]["phantom"] | TINY["data"]["phantom"]
    read = registry.load("phantom", sizes, "results/phantom/data", "slices", DEFAULT["seed"])
    written = read_manifest(finished.results / "audit" / "manifest.csv")
    assert len(read.unused) == 2
    assert written.to_dict("list") == read.audited.to_dict("list")


@pytest.mark.parametrize(("prepared", "section"), [("resad", ""), ("lesionpaste", "lesionpaste")])
def test_photographs_at_the_working_size_tell_their_preprocessing(finished, prepared, section):
    default, tiny = (config[section] if section else config for config in (DEFAULT, TINY))
    images = finished.results / "images" / prepared / "test.h5"
    with h5py.File(images) as file:
        told = dict(file.attrs)
    made_by = told.pop("made_by")
    made = carried_by(images)
    assert (made.rule, made.settings["wildcards"]) == ("images", {"prepared": prepared, "split": "test"})
    assert made.settings["preprocessing"] == told
    assert {"PIL", "cv2", "numpy"} <= set(made.libraries)
    assert told == default["preprocessing"] | tiny["preprocessing"] | {"bits_used": DEFAULT["data"]["bits_used"]}
    assert made_by.startswith("Pillow ")
    assert "OpenCV" in made_by


def test_features_tell_their_backbone_and_the_digest_of_its_weights(finished):
    weights = finished.results / "weights" / "efficientnet_lite0.weights"
    features = finished.results / "features" / "backbone~efficientnet_lite0" / "train.h5"
    with h5py.File(features) as file:
        told = dict(file.attrs)
    made = carried_by(features)
    assert made.libraries["torch"] == importlib.metadata.version("torch")
    assert made.inputs.keys() == {"images", "weights"}
    for name, value in {
        "backbone": "efficientnet_lite0",
        "precision": "float32",
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
    }.items():
        assert told[name] == value
