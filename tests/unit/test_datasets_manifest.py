"""What a manifest promises to everything after the adapters."""

import os
from dataclasses import replace

import pandas as pd
import pytest

from fundus_anomaly.datasets import columns, manifest, registry
from fundus_anomaly.datasets.image_ids import id_part, is_id
from fundus_anomaly.datasets.labelled import abnormal_beside
from fundus_anomaly.datasets.manifest import Dataset, checked, excluding, frame
from fundus_anomaly.datasets.official_counts import Count, differences
from fundus_anomaly.datasets.spreadsheet import guarded, unguarded
from fundus_anomaly.errors import InputError


def dataset(*changes, lesions=("MA",)):
    rows = [
        {"id": "set/train/1", "path": "a.jpg", "split": "train", "label": 0},
        {"id": "set/train/2", "path": "b.jpg", "split": "train", "label": 0},
        {"id": "set/test/1", "path": "c.jpg", "split": "test", "label": 1, "mask_MA": "c.png"},
    ]
    for place, change in changes:
        rows[place] = rows[place] | change
    return Dataset("set", frame(rows, lesions), lesions, masks_inverted=False)


def test_each_image_of_unknown_patient_is_its_own_patient():
    table = dataset().manifest
    assert table["patient"].tolist() == table["id"].tolist()
    assert table["grade"].tolist() == [-1, -1, -1]
    assert list(table.columns) == [*columns.COLUMNS, "mask_MA"]
    checked(dataset())


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"id": "set/../../etc/passwd"}, "id"),
        ({"id": "set/a b"}, "id"),
        ({"id": "=1+1"}, "id"),
        ({"id": "set/a\nb"}, "id"),
        ({"id": "/set/a"}, "id"),
        ({"id": "set/test/1"}, "id"),
        ({"split": "validation"}, "split"),
        ({"eye": "both"}, "eye"),
        ({"label": 2}, "label"),
        ({"label": -1}, "label"),
        ({"grade": 5}, "grade"),
        ({"grade": 3}, "grade"),
        ({"path": "a\n.jpg"}, "path"),
        ({"mask_MA": "a\x07.jpg"}, "mask_MA"),
        ({"patient": " "}, "patient"),
        ({"fold": -2}, "fold"),
    ],
)
def test_a_row_against_the_contract_is_refused(change, column):
    with pytest.raises(InputError) as error:
        checked(dataset((0, change)))
    assert any(problem.where.endswith(f", {column}") for problem in error.value.problems)


def test_a_cross_validation_takes_in_every_image_or_none():
    folds = [(place, {"fold": fold}) for place, fold in enumerate((0, 1, 0))]
    assert checked(dataset(*folds)).manifest["fold"].tolist() == [0, 1, 0]
    assert checked(dataset()).manifest["fold"].tolist() == [-1, -1, -1]
    with pytest.raises(InputError, match="a fold for every image, or for none"):
        checked(dataset(*folds[:2]))


def test_a_patient_is_in_one_fold():
    same = {"patient": "set/one"}
    checked(dataset((0, same | {"fold": 1}), (1, same | {"fold": 1}), (2, {"fold": 0})))
    with pytest.raises(InputError, match="one fold for all images of a patient"):
        checked(dataset((0, same | {"fold": 0}), (1, same | {"fold": 1}), (2, {"fold": 0})))


def test_every_kind_of_problem_is_reported_at_once():
    with pytest.raises(InputError) as error:
        checked(dataset((0, {"id": "a b", "eye": "x"}), (1, {"label": 1}), (2, {"split": "train", "label": 0})))
    told = str(error.value)
    for expected in ("no image of split 'test'", "'a b'", "'x'", "set/train/2"):
        assert expected in told


def test_letters_of_any_script_may_stand_in_an_id():
    assert is_id("images/Müller/眼底_01.v2")
    assert id_part("Müller_(links).jpg").startswith("Müller__links_.jpg~")
    assert all(is_id(id_part(text)) for text in ("..", ".", "a..b", "=cmd()", "u\u0308ber", "a\nb", "🙂"))


def test_an_excluded_image_is_gone_and_the_others_stay():
    left = excluding(dataset(), ["set/train/1", "set/train/1"])
    assert left.manifest["id"].tolist() == ["set/train/2", "set/test/1"]
    assert left.manifest.index.tolist() == [0, 1]


def test_an_id_that_does_not_exist_cannot_be_excluded_and_its_likes_are_named():
    with pytest.raises(InputError) as error:
        excluding(dataset(), ["set/trian/2", "nonsense"])
    assert len(error.value.problems) == 2
    assert "'set/train/2'" in error.value.problems[0].remedy


def test_a_split_cannot_be_excluded_whole():
    with pytest.raises(InputError, match="every image of split 'train'"):
        excluding(dataset(), ["set/train/1", "set/train/2"])


def test_a_patient_called_na_survives_the_csv(tmp_path):
    table = dataset((0, {"patient": "=NA"}), (1, {"patient": "007"}), (2, {"path": 'a,"b" ü.jpg', "fold": 3})).manifest
    manifest.write_manifest(table, tmp_path / "manifest.csv")
    again = manifest.read_manifest(tmp_path / "manifest.csv")
    assert again.equals(table)
    assert again.dtypes.equals(table.dtypes)


def test_an_image_whose_path_no_job_can_be_given_is_refused_or_set_aside():
    names = {"path": os.fsdecode(b"M\xfcller.jpg")}, {"path": "b\n.jpg"}
    bad = dataset((1, names[0]), (2, {"mask_MA": "c{x}.png"}))
    with pytest.raises(InputError) as error:
        checked(bad)
    assert len(error.value.problems) == 2
    assert "'M\\xfcller.jpg' (id 'set/train/2')" in str(error.value)
    str(error.value).encode("utf-8")
    more = replace(bad, unused=frame([{"id": "set/unused/1", "split": "unused", **names[1]}], ("MA",)))
    tested = frame([{"id": "set/test/2", "path": "d.jpg", "split": "test"}], ("MA",))
    kept = checked(replace(more, manifest=pd.concat([bad.manifest, tested], ignore_index=True)), "exclude")
    assert kept.manifest["id"].tolist() == ["set/train/1", "set/test/2"]
    assert [(image.id, image.split) for image in kept.refused] == [
        ("set/train/2", "train"),
        ("set/test/1", "test"),
        ("set/unused/1", "unused"),
    ]
    assert "its mask (mask_MA) c{x}.png" in kept.refused[1].reason
    assert "b\\n.jpg" in kept.refused[2].reason
    assert excluding(kept, ["set/train/2"]).manifest["id"].tolist() == ["set/train/1", "set/test/2"]


def test_a_root_that_no_job_can_be_given_is_said_where_bad_images_are_left_out():
    changes = [(place, {"path": f"{{root}}/{place}.jpg"}) for place in range(3)]
    with pytest.raises(InputError, match="Snakemake's sign of wildcards"):
        checked(dataset(*changes), "exclude")


def test_ids_that_differ_in_case_alone_are_refused():
    with pytest.raises(InputError, match="upper and lower case taken as one"):
        checked(dataset((1, {"id": "SET/train/1"})))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "'x", "''", "\uff1d1", " =1", "plain", "a=b", ""])
def test_what_a_spreadsheet_would_run_is_guarded_and_read_again(name):
    assert unguarded(guarded(name)) == name
    assert guarded(name) == (name if name in ("plain", "a=b", "") else f"'{name}")


def test_a_difference_from_the_official_number_is_said_in_full():
    counts = [Count("normals", 134, 134), Count("masks", 54, 50)]
    assert differences(counts, strict=False, where="set") == (
        "Not the official count. masks: 50 found, 54 by the publication, -4.",
    )
    with pytest.raises(InputError, match="set, masks: found 50; allowed: 54"):
        differences(counts, strict=True, where="set")


def test_an_unknown_dataset_is_refused_with_the_names_of_the_known():
    with pytest.raises(InputError, match="phantom, idrid, idrid_grading, adam, eyeq, mosmed, images"):
        registry.load("idird", {}, ".", "slices", 0)


def test_a_grown_phantom_holds_the_smaller_one():
    numbers = {"train_patients": 3, "test_normal_patients": 2, "test_abnormal_patients": 2, "source_patients": 0}
    numbers |= {"labelled_patients": 1}
    small = registry.load("phantom", numbers, "data", "slices", 1)
    large = registry.load("phantom", numbers | {"train_patients": 5}, "data", "slices", 1)
    assert (small.manifest["split"].value_counts()["train"], len(small.manifest)) == (6, 14)
    assert set(small.manifest.itertuples(index=False)) <= set(large.manifest.itertuples(index=False))
    abnormal = small.manifest[small.manifest["label"] == 1]
    assert (abnormal[manifest.mask_columns(small.lesions)] != "").any(axis=1).all()
    assert (small.manifest.groupby("patient")["split"].nunique() == 1).all()
    # What a method may learn from that takes labels is no part of the benchmark.
    beside = abnormal_beside(small.unused, small.manifest)
    assert beside["id"].tolist() == ["phantom/labelled/0000_left", "phantom/labelled/0000_right"]
