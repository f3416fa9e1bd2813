"""Rows change what they name; annotated images stand outside of the benchmark."""

import copy
from pathlib import Path

import pytest
import yaml

from fundus_anomaly.datasets import registry
from fundus_anomaly.errors import InputError
from fundus_anomaly.lesionpaste.options import options_from
from fundus_anomaly.lesionpaste.rows import CONTROL, LESIONPASTE, expand
from fundus_anomaly.lesionpaste.sources import source_key, source_rows

DEFAULT = yaml.safe_load((Path(__file__).resolve().parents[2] / "config.yaml").read_text(encoding="utf-8"))
COHORT = {"train_patients": 2, "test_normal_patients": 1, "test_abnormal_patients": 1, "source_patients": 1}


def config(**changes):
    made = copy.deepcopy(DEFAULT)
    made["lesionpaste"] |= changes
    return made


def test_a_row_changes_what_it_names_and_nothing_else():
    named = [{"name": "λ = .7", "mixup": [0.7, 0.7]}, {"name": "no flip", "augmentation": {"flip": 0}}]
    main, fixed, unflipped, control = expand(config(rows=named))
    assert (main["name"], control["name"]) == (LESIONPASTE, CONTROL)
    assert fixed | {"name": main["name"], "key": main["key"], "mixup": main["mixup"]} == main
    assert unflipped["augmentation"] == main["augmentation"] | {"flip": 0}
    assert control | {"name": main["name"], "key": main["key"], "pasted": True} == main
    assert len({row["key"] for row in (main, fixed, unflipped, control)}) == 4


def test_the_control_can_be_left_out_and_a_name_stands_for_one_row():
    assert [row["name"] for row in expand(config(rows=[], control=False))] == [LESIONPASTE]
    with pytest.raises(InputError, match="'LesionPaste' more than once"):
        expand(config(rows=[{"name": "LesionPaste"}]))


def test_ranges_have_the_smaller_number_first():
    section = copy.deepcopy(DEFAULT["lesionpaste"]) | {"mixup": [0.8, 0.5]}
    section["augmentation"]["resize"] = [1.0, 0.5]
    with pytest.raises(InputError) as error:
        options_from(section)
    assert [problem.where for problem in error.value.problems] == [
        "config, lesionpaste.mixup",
        "config, lesionpaste.augmentation.resize",
    ]


def test_an_annotated_image_has_masks_and_is_no_part_of_the_benchmark():
    dataset = registry.load("phantom", COHORT, "data", 0)
    benchmark = set(dataset.manifest["id"])
    rows = source_rows(dataset, ["phantom/source/0000_right"], benchmark)
    assert rows["id"].tolist() == ["phantom/source/0000_right"]
    assert (rows[[f"mask_{kind}" for kind in dataset.lesions]] != "").all(axis=None)
    abnormal = dataset.manifest.loc[dataset.manifest["label"] == 1, "id"].iloc[0]
    with pytest.raises(InputError) as error:
        source_rows(dataset, ["phantom/source/0000_rigth", "phantom/train/0000_left", abnormal], benchmark)
    told = [str(problem) for problem in error.value.problems]
    assert "did you mean 'phantom/source/0000_right'" in told[0]
    assert "no lesion mask" in told[1]
    assert "benchmark itself" in told[2]


def test_a_set_of_annotated_images_has_a_folder_name_of_its_own():
    one, two, three = (["a/1"], ["a/1", "a/2"], ["a/1", "a/3"])
    keys = {source_key(images) for images in (one, two, three)}
    assert len(keys) == 3
    assert "a.1" in keys
    assert not any("/" in key for key in keys)
