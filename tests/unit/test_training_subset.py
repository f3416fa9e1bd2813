"""Shares are of patients, nested, and independent of the order of images."""

import itertools

import numpy as np
import pandas as pd
import pytest

from fundus_anomaly.audit.copies import copies_of
from fundus_anomaly.audit.findings import Finding
from fundus_anomaly.datasets.labelled import abnormal_beside
from fundus_anomaly.datasets.subsets import (
    abnormal_taught_and_held_out,
    calibration_images,
    entries_of_own_patients,
    share_of_patients,
)
from fundus_anomaly.errors import InputError

PATIENTS = [f"p{n // 2}" for n in range(80)]


def test_both_eyes_of_a_patient_go_together():
    taken = share_of_patients(PATIENTS, 0.4, 0)
    assert np.array_equal(taken[::2], taken[1::2])
    assert taken.sum() == 32


def test_a_smaller_share_is_part_of_every_larger_one():
    shares = [share_of_patients(PATIENTS, share, 5) for share in (0.1, 0.4, 0.7, 1.0)]
    for small, large in itertools.pairwise(shares):
        assert (large | ~small).all()
        assert large.sum() > small.sum()
    assert shares[-1].all()


def test_at_least_one_patient_is_taken():
    assert share_of_patients(PATIENTS, 1e-6, 0).sum() == 2


def test_the_choice_does_not_depend_on_the_order_but_on_the_seed():
    order = np.random.default_rng(0).permutation(len(PATIENTS))
    shuffled = [PATIENTS[place] for place in order]
    np.testing.assert_array_equal(share_of_patients(PATIENTS, 0.4, 0)[order], share_of_patients(shuffled, 0.4, 0))
    assert not np.array_equal(share_of_patients(PATIENTS, 0.4, 0), share_of_patients(PATIENTS, 0.4, 1))
    chosen = {PATIENTS[place] for place in calibration_images(PATIENTS, 10, 0)}
    assert chosen == {shuffled[place] for place in calibration_images(shuffled, 10, 0)}
    assert chosen != {PATIENTS[place] for place in calibration_images(PATIENTS, 10, 1)}


@pytest.mark.parametrize(("count", "taken"), [(10, 10), (11, 12), (200, len(PATIENTS))])
def test_calibration_images_are_those_of_whole_patients_in_order(count, taken):
    chosen = calibration_images(PATIENTS, count, 0)
    assert chosen.dtype == np.int64
    assert len(chosen) == taken
    assert (np.diff(chosen) > 0).all()
    names = [PATIENTS[place] for place in chosen]
    assert all(names.count(name) == PATIENTS.count(name) for name in names)


def test_an_image_is_not_compared_with_any_entry_of_its_patient():
    own = entries_of_own_patients(["a", "b", "c"], ["p", "q", "p"], np.array([0, 1, 2, 2, 1]), [0, 1])
    assert {name: entries.tolist() for name, entries in own.items()} == {
        "a": [True, False, True, True, False],
        "b": [False, True, False, False, True],
    }


def test_a_bank_of_one_patient_says_which_key_to_change():
    entries = np.array([0, 2, 2])
    with pytest.raises(InputError, match=r"'p' alone.*normals"):
        entries_of_own_patients(["a", "b", "c"], ["p", "q", "p"], entries, [0, 1, 2])
    # Images of other patients have nothing to leave out, and can be scored.
    assert not entries_of_own_patients(["a", "b", "c"], ["p", "q", "p"], entries, [1])["b"].any()


def test_abnormal_images_of_a_patient_with_normals_stand_on_the_side_of_those():
    patients = ["kept", "out", *(f"p{n}" for n in range(10)), "kept", "p3"]
    taught, held_out = abnormal_taught_and_held_out(patients, ["kept", "x"], ["out"], 0.2, 0)
    assert sorted([*taught, *held_out]) == list(range(len(patients)))
    of = {number: side for side, numbers in (("taught", taught), ("held out", held_out)) for number in numbers}
    assert (of[0], of[12], of[1]) == ("taught", "taught", "held out")
    assert of[5] == of[13]
    assert len({patients[number] for number in held_out} - {"out"}) == 2


@pytest.mark.parametrize(("others", "held_out"), [([], 0), (["a", "a"], 0), (["a", "b"], 1)])
def test_the_only_abnormal_patient_is_learned_from(others, held_out):
    assert len(abnormal_taught_and_held_out(others, ["n"], ["m"], 0.5, 0)[1]) == held_out


def test_abnormal_photographs_to_learn_from_are_of_no_tested_patient_however_spelled():
    manifest = pd.DataFrame({"split": ["train", "test"], "patient": ["7", "Ana B"]})
    unused = pd.DataFrame({"id": list("abcde"), "label": [1, 1, 0, -1, 1], "patient": ["7", "ana  b", "8", "8", "007"]})
    assert abnormal_beside(unused, manifest)["id"].tolist() == ["a", "e"]


def test_copies_of_a_tested_photograph_are_known_by_the_audits_findings():
    findings = [
        Finding("identical photographs", "note", ("a", "t"), "", "", "images"),
        Finding("nearly identical photographs in train and test", "error", ("t", "c", "d"), "", "", "images"),
        Finding("identical photographs", "note", ("e", "f"), "", "", "images"),
        Finding("two patients of one name", "warning", ("g", "t"), "", "", "images"),
    ]
    assert copies_of(findings, ["t"]) == {"t", "a", "c", "d"}
