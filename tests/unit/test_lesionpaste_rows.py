"""Rows change what they name; annotated images stand outside of the benchmark."""

import copy
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from snakemake.utils import update_config

from fundus_anomaly.datasets import registry
from fundus_anomaly.datasets.manifest import excluding
from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.lesionpaste.augmentation import Augmentation
from fundus_anomaly.methods.lesionpaste.options import options_from
from fundus_anomaly.plan.lesion_sources import audited_sources, require_sources, source_key, source_rows
from fundus_anomaly.plan.lesionpaste_rows import (
    CONTROL,
    LESIONPASTE,
    PATCHES,
    RIVALS,
    epochs_tested,
    expand,
    kinds_of,
    named_sources,
    trainings,
)
from fundus_anomaly.report.tables.published import FILE

ROOT = Path(__file__).resolve().parents[2]
IDRID = ROOT.parent / "shared" / "data" / "idrid"
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
COHORT = {"train_patients": 2, "test_normal_patients": 1, "test_abnormal_patients": 1, "source_patients": 1}
COHORT |= {"labelled_patients": 0}


def config(**changes):
    made = copy.deepcopy(DEFAULT)
    made["lesionpaste"] |= changes
    return made


def rows_of(**changes):
    return expand(config(ablations={}, **{"patch_control": False} | changes))


def without_names(row):
    return {key: value for key, value in row.items() if key not in ("name", "key")}


def test_a_row_changes_what_it_names_and_nothing_else():
    named = [{"name": "λ = .7", "mixup": [0.7, 0.7]}, {"name": "no flip", "augmentation": {"operations": []}}]
    main, fixed, unflipped, control = rows_of(rows=named)
    assert (main["name"], control["name"]) == (LESIONPASTE, CONTROL)
    assert without_names(fixed) | {"mixup": main["mixup"]} == without_names(main)
    assert unflipped["augmentation"] == main["augmentation"] | {"operations": []}
    assert without_names(control) | {"pasted": True} == without_names(main)
    assert len({row["key"] for row in (main, fixed, unflipped, control)}) == 4


def test_the_control_can_be_left_out_and_a_name_stands_for_one_row_of_a_table():
    assert [row["name"] for row in rows_of(rows=[], control=False)] == [LESIONPASTE]
    with pytest.raises(InputError, match="'LesionPaste' more than once"):
        rows_of(rows=[{"name": "LesionPaste"}])
    expand(config(rows=[], ablations={"1": [{"name": "Flip"}], "2": [{"name": "Flip"}]}))
    with pytest.raises(InputError, match=r"lesionpaste\.ablations\.2: found 'Flip' more than once"):
        expand(config(rows=[], ablations={"2": [{"name": "Flip"}, {"name": "Flip", "most": 2}]}))


def test_the_control_with_pieces_of_the_normal_stands_beside_other_methods_alone():
    rows = rows_of(rows=[], patch_control=True)
    (control,) = [row for row in rows if row["table"] == RIVALS]
    main = rows[0]
    assert control["name"] == PATCHES and control["key"] == "patch~normal"
    assert {key for key in main if control[key] != main[key]} == {"table", "name", "key", "patch"}
    assert not [row for row in rows_of(rows=[], patch_control=False) if row["table"] == RIVALS]


def test_rows_with_equal_settings_share_one_training():
    main = DEFAULT["lesionpaste"]
    plain = {"mixup": [1, 1]}
    best = {"operations": ["brightness", "resize", "rotation", "contrast", "flip"]}
    ablations = {
        "1": [{"name": "five operations"} | plain | {"augmentation": best}],
        "2": [{"name": "w.o. MixUp"} | plain, {"name": "Random", "mixup": main["mixup"]}],
        "A1": [{"name": "the same image", "sources": main["source"]["images"]} | plain],
    }
    rows = expand(config(rows=[{"name": "LesionPaste w.o. MixUp"} | plain], ablations=ablations))
    key = {row["name"]: row["key"] for row in rows}
    assert (
        len({key[name] for name in ("five operations", "w.o. MixUp", "LesionPaste w.o. MixUp", "the same image")}) == 1
    )
    assert key["Random"] == key[LESIONPASTE]
    assert set(trainings(rows)) == set(key.values())


def test_the_paper_s_tables_stand_in_the_default_configuration():
    rows = expand(DEFAULT)
    counts = Counter(row["table"] for row in rows)
    assert counts == {"3": 2, "1": 11, "2": 5, "A1": 2, "A2": 2, RIVALS: 1}
    # Shared: five operations and w.o. MixUp, Random and the main row, the one annotated image of A1 and A2.
    assert len(trainings(rows)) == 2 + 11 + 3 + 2 + 1 + 1


def published(file):
    configured = copy.deepcopy(DEFAULT)
    update_config(configured, yaml.safe_load((ROOT / "config" / file).read_text(encoding="utf-8")))
    return configured


@pytest.mark.parametrize(
    ("file", "main"),
    [
        ("eyeq.yaml", {LESIONPASTE, "LesionPaste w.o. MixUp"}),
        # What two cores train within an hour.
        ("idrid_lesionpaste.yaml", {LESIONPASTE}),
    ],
)
def test_the_papers_tables_stand_whole_and_under_the_papers_names(file, main):
    rows = expand(published(file))
    figures = pd.read_csv(FILE, dtype={"table": str})
    theirs = figures[figures["dataset"] == "eyeq"].groupby("table")["method"].agg(set)
    for table in ("1", "2", "A1", "A2"):
        assert {row["name"] for row in rows if row["table"] == table} == theirs[table]
    assert theirs["3"] & {row["name"] for row in rows if row["table"] == "3"} == main
    assert [len(row["sources"]) for row in rows if row["table"] == "A2"] == [1, 2, 3, 5, 10]
    for row in rows:
        if row["table"] in ("A1", "A2"):
            assert (row["mixup"], row["augmentation"]["operations"]) == ([1, 1], [])
    # IDRiD_48 alone is one training for both tables.
    key = {(row["table"], row["name"]): row["key"] for row in rows}
    assert key["A1", "idrid_48"] == key["A2", "1"]


@pytest.mark.real
@pytest.mark.parametrize("file", ["eyeq.yaml", "idrid_lesionpaste.yaml"])
def test_every_annotated_image_of_the_papers_tables_has_masks_of_all_types(file):
    if not IDRID.is_dir():
        pytest.skip("the real IDRiD (../shared/data/idrid) is not here")
    configured = published(file)
    name = configured["lesionpaste"]["source"]["dataset"] or configured["dataset"]
    dataset = registry.load(name, configured["data"][name], IDRID, "slices", 0)
    rows = expand(configured)
    benchmark = set() if configured["dataset"] == "eyeq" else set(dataset.manifest["id"])
    require_sources(dataset, named_sources(rows, configured["lesionpaste"]["source"]["images"]), benchmark)
    for row in rows:
        assert (source_rows(dataset, row["sources"])[[f"mask_{kind}" for kind in kinds_of([row])]] != "").all(axis=None)


mixes = st.lists(
    st.fixed_dictionaries(
        {
            "types": st.lists(
                st.sampled_from(["MA", "HE", "A+B", "A", "B", "ä/.."]), min_size=1, max_size=3, unique=True
            ),
            "share": st.sampled_from([0.2, 0.25, 0.5, 1.0]),
        }
    ),
    min_size=1,
    max_size=3,
)
changes = st.fixed_dictionaries(
    {"name": st.uuids().map(str)},
    optional={
        "mix": mixes,
        "most": st.sampled_from([1.5, 1.50001, 2]),
        "mask": st.sampled_from(["binary", "coverage"]),
        "count_by": st.sampled_from(["type", "image"]),
        "mixup": st.sampled_from([[0.5, 0.8], [1, 1], [0.5, 0.8000001]]),
        "sources": st.lists(st.sampled_from(["a/1", "a/2", "a/ü"]), min_size=1, unique=True),
        "augmentation": st.fixed_dictionaries(
            {},
            optional={
                "operations": st.lists(st.sampled_from(["flip", "colour"]), unique=True),
                "resize": st.sampled_from([[0.5, 1], [0.5, 0.9]]),
            },
        ),
    },
)


@given(st.lists(changes, max_size=6, unique_by=lambda row: row["name"]))
def test_a_folder_stands_for_one_setting_and_is_a_plain_name(named):
    settings_of = {}
    for row in expand(config(rows=named, ablations={})):
        options = options_from(row) if row["pasted"] else "control"
        setting = (options, tuple(row["sources"]) if row["pasted"] else ())
        assert settings_of.setdefault(row["key"], setting) == setting
        assert re.fullmatch(r"[A-Za-z0-9.~+_,-]{1,140}", row["key"])


def test_the_authors_way_tests_every_tenth_epoch():
    assert epochs_tested({"tested_every": 10, "epochs": 25}) == [10, 20]
    assert epochs_tested({"tested_every": 0, "epochs": 25}) == []


def test_an_operation_that_is_not_listed_is_off():
    section = DEFAULT["lesionpaste"]
    only_flip = options_from(section | {"augmentation": section["augmentation"] | {"operations": ["flip"]}})
    assert only_flip.augmentation == Augmentation(0.5, 0, (1, 1), (1, 1), (1, 1), 0)
    five = options_from(section).augmentation
    assert five == Augmentation(0.5, 45, (0.5, 1.0), (0.9, 1.1), (0.9, 1.1), 0)


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
    dataset = registry.load("phantom", COHORT, "data", "slices", 0)
    benchmark = set(dataset.manifest["id"])
    require_sources(dataset, {"images": ["phantom/source/0000_right"]}, benchmark)
    rows = source_rows(dataset, ["phantom/source/0000_right"])
    assert rows["id"].tolist() == ["phantom/source/0000_right"]
    assert (rows[[f"mask_{kind}" for kind in dataset.lesions]] != "").all(axis=None)
    abnormal = dataset.manifest.loc[dataset.manifest["label"] == 1, "id"].iloc[0]
    with pytest.raises(InputError) as error:
        require_sources(dataset, {"one": ["phantom/source/0000_rigth", "phantom/train/0000_left"]}, benchmark)
    told = [str(problem) for problem in error.value.problems]
    with pytest.raises(InputError) as error:
        require_sources(dataset, {"one": [abnormal], "two": ["phantom/source/0000_right", abnormal]}, benchmark)
    told += [str(problem) for problem in error.value.problems]
    assert "did you mean 'phantom/source/0000_right'" in told[0]
    assert "no lesion mask" in told[1]
    assert told[2].startswith("config, one: found ")
    assert told[3].startswith("config, two: found ")
    assert "benchmark itself" in told[2]


def test_an_annotated_image_that_is_excluded_from_the_benchmark_with_its_patient_may_give_lesions():
    dataset = registry.load("phantom", COHORT, "data", "slices", 0)
    abnormal = dataset.manifest[dataset.manifest["label"] == 1].iloc[0]
    eyes = dataset.manifest.loc[dataset.manifest["patient"] == abnormal["patient"], "id"].tolist()
    assert len(eyes) == 2
    left = excluding(dataset, eyes)
    require_sources(dataset, {"images": eyes[:1]}, set(left.manifest["id"]))
    assert source_rows(dataset, eyes[:1])["id"].tolist() == eyes[:1]


def test_the_fellow_eye_of_a_tested_or_trained_eye_may_not_give_lesions():
    dataset = registry.load("phantom", COHORT, "data", "slices", 0)
    abnormal = dataset.manifest[dataset.manifest["label"] == 1].iloc[0]
    (fellow,) = set(dataset.manifest.loc[dataset.manifest["patient"] == abnormal["patient"], "id"]) - {abnormal["id"]}
    left = excluding(dataset, [abnormal["id"]])
    with pytest.raises(InputError) as error:
        require_sources(dataset, {"images": [abnormal["id"]]}, set(left.manifest["id"]))
    (problem,) = error.value.problems
    assert f"of patient {abnormal['patient']!r}, who is in the benchmark too ({fellow})" in problem.found
    assert "data.exclude" in problem.remedy
    # The patient trains as a normal eye.
    normal = dataset.manifest.loc[dataset.manifest["split"] == "train", "patient"].iloc[0]
    other = dataset.unused.assign(patient=normal)
    with pytest.raises(InputError, match="who is in the benchmark too"):
        require_sources(replace(dataset, unused=other), {"images": [other["id"].iloc[0]]}, set(left.manifest["id"]))


def test_a_patient_of_another_dataset_is_held_against_the_benchmarks_patients():
    dataset = registry.load("phantom", COHORT, "data", "slices", 0)
    source, patient = dataset.unused.loc[0, ["id", "patient"]]
    require_sources(dataset, {"images": [source]}, {"images/1"}, {"images/1": "images/1"})
    with pytest.raises(InputError, match="who is in the benchmark too \\(images/1\\)"):
        require_sources(dataset, {"images": [source]}, {"images/1"}, {"images/1": patient})
    # Two tables may spell one name in two ways.
    with pytest.raises(InputError, match="who is in the benchmark too \\(images/1\\)"):
        require_sources(dataset, {"images": [source]}, {"images/1"}, {"images/1": patient.upper()})


def test_the_audit_reads_the_annotated_images_of_another_dataset_by_ids_of_their_own():
    dataset = registry.load("phantom", COHORT, "data", "slices", 0)
    columns = ["id", "path", "split", "patient", "eye", "label", "grade", "fold", "mask_other"]
    wanted = ["phantom/source/0000_right", "phantom/source/absent"]
    rows = audited_sources(dataset, wanted, False, columns)
    assert list(rows.columns) == columns
    assert rows[["id", "split", "patient", "mask_other"]].to_numpy().tolist() == [
        ["source/phantom/source/0000_right", "source", "phantom/source/0000", ""]
    ]
    assert audited_sources(dataset, wanted, True, columns)["id"].tolist() == wanted[:1]
    nameless = replace(dataset, unused=dataset.unused.assign(patient=dataset.unused["id"]))
    rows = audited_sources(nameless, wanted, False, columns)
    assert rows["patient"].tolist() == rows["id"].tolist()


def test_without_an_annotated_image_there_is_no_row_in_any_table():
    # The configurations of ReSAD alone inherit the ablations of config.yaml, whose images they do not hold.
    assert DEFAULT["lesionpaste"]["ablations"]
    assert expand(config(source={"dataset": "", "root": "", "images": []})) == []


def test_a_bank_must_hold_what_the_rows_that_share_it_paste():
    mixes = [{"types": ["MA", "HE"], "share": 1}], [{"types": ["MA"], "share": 0.5}, {"types": ["EX"], "share": 0.5}]
    rows = rows_of(mix=mixes[0], rows=[{"name": "another mix", "mix": mixes[1]}])
    assert kinds_of(rows) == ["MA", "HE", "EX"]


def test_the_key_that_names_an_annotated_image_is_reported():
    main = DEFAULT["lesionpaste"]["source"]["images"]
    other = {"name": "w", "sources": ["a/1"]}
    rows = expand(config(rows=[other], ablations={"A1": [other, {"name": "same", "sources": main}]}))
    assert named_sources(rows, main) == {
        "lesionpaste.source.images": main,
        "lesionpaste.rows, row 'w', sources": ["a/1"],
        "lesionpaste.ablations.A1, row 'w', sources": ["a/1"],
    }


def test_shares_that_do_not_sum_to_one_are_brought_to_it_and_the_log_says_so(caplog):
    section = DEFAULT["lesionpaste"]
    with caplog.at_level("INFO"):
        options_from(section)
        assert not caplog.text
        options_from(section | {"mix": [{"types": ["MA"], "share": 0.3}, {"types": ["MA", "HE"], "share": 0.1}]})
    assert "sum to 0.4 and are rescaled to sum to 1: MA 0.75, MA+HE 0.25" in caplog.text


def test_a_set_of_annotated_images_has_a_folder_name_of_its_own():
    one, two, three = (["a/1"], ["a/1", "a/2"], ["a/1", "a/3"])
    keys = {source_key(images) for images in (one, two, three)}
    assert len(keys) == 3
    assert "a.1" in keys
    assert not any("/" in key for key in keys)


def test_ids_that_differ_by_a_point_in_place_of_a_slash_have_banks_of_their_own():
    keys = [source_key([name]) for name in ("images/test/a/1", "images/test/a.1", "images/test.a/1", "images.test/a/1")]
    assert len(set(keys)) == len(keys)
    assert keys[0] == "images.test.a.1"
    assert not any("/" in key for key in keys)
