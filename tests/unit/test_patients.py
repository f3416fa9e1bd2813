"""One person under several spellings is one patient."""

import pytest

from fundus_anomaly.audit.relations import patient_findings
from fundus_anomaly.datasets import registry
from fundus_anomaly.datasets.manifest import frame
from fundus_anomaly.datasets.patients import one_spelling, person
from fundus_anomaly.errors import InputError

SETTINGS = {"table": "t.csv", "normals": "normal", "unknowns": "unknown", "masks_inverted": False}
SAME = [
    ("P01", "p01"),
    ("12", "12.0"),
    ("12", "0012"),
    ("12", "12.000"),
    ("Meier  Anna", "meier anna"),
    ("Müller", "Mu\u0308ller"),
    ("STRASSE", "straße"),
    ("\uff11\uff12", "12"),
    ("a\u00a0b", "A b"),
    ("a\u200bb", "ab"),
    ("İ1", "i̇1"),
]
OTHERS = [
    ("P1", "P01"),
    ("12", "120"),
    ("12.5", "12"),
    ("-5", "5"),
    ("P-1", "P-2"),
    ("Meier A", "Meier B"),
    ("0", "00.1"),
]


def load(root, rows, columns="path,split,patient"):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (root / name).write_bytes(b"x")
    (root / "t.csv").write_text(f"{columns}\n{rows}", encoding="utf-8")
    return registry.load("images", SETTINGS, root, "made", 0)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_person_are_one_patient_and_a_leak_is_found(tmp_path, one, other):
    dataset = load(tmp_path, f"a.jpg,train,{one}\nb.jpg,test,{other}\nc.jpg,train,Q7\n")
    patients = dataset.manifest["patient"]
    assert patients[0] == patients[1] != patients[2]
    assert any("taken as one person" in note for note in dataset.notes)
    (leak,) = patient_findings(dataset.audited)
    assert leak.severity == "error"


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_other_names_are_other_persons(one, other):
    assert person(one) != person(other)


def test_a_leak_by_case_is_found_whatever_adapter_named_the_patients():
    rows = [
        {"id": f"set/{n}", "split": split, "patient": name}
        for n, split, name in ((1, "train", "S1"), (2, "test", "s1"))
    ]
    (leak,) = patient_findings(frame(rows, ()))
    assert leak.severity == "error"
    assert "'S1'" in leak.detail


def test_the_spelling_does_not_depend_on_the_order_of_the_rows():
    assert one_spelling(["p1", "P1", "x"]) == one_spelling(["x", "P1", "p1"]) == {"p1": "P1", "P1": "P1", "x": "x"}


@pytest.mark.parametrize(
    "name",
    ["(00000003)", "9692740_(435).dcm", "=1+1", "@SUM(1)", "{x}", "<b>", "a|b", "O'Neil", "مریم‌ها", "🙂", "'", "#"],
)
def test_a_patient_is_any_text(tmp_path, name):
    dataset = load(tmp_path, f"a.jpg,train,{name}\nb.jpg,test,other\n")
    assert dataset.manifest["patient"].tolist() == [name, "other"]


def test_rows_without_a_patient_are_counted_and_each_is_its_own(tmp_path):
    dataset = load(tmp_path, "a.jpg,train,7\nb.jpg,test,\nc.jpg,test,\u200b\n")
    assert dataset.manifest["patient"].tolist() == ["7", "images/b.jpg", "images/c.jpg"]
    assert any("2 of 3 rows name no patient" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("column", "cell", "meant"),
    [
        ("patient_id", "7", "patient"),
        ("PatientID", "7", "patient"),
        ("Patient No.", "7", "patient"),
        ("pateint", "7", "patient"),
        ("subject-id", "7", "patient"),
        ("patients", "7", "patient"),
        ("anonymised_patient_id", "7", "patient"),
        ("mask", "c.jpg", "mask_<lesion>"),
        ("MA_mask", "c.jpg", "mask_<lesion>"),
        ("mask MA", "c.jpg", "mask_<lesion>"),
        ("labels", "abnormal", "label"),
        ("lable", "0", "label"),
        ("class", "1", "label"),
        ("class", "3", "grade"),
        ("DR_grade", "2", "grade"),
        ("level", "4", "grade"),
    ],
)
def test_a_column_that_is_named_almost_as_one_that_is_read_is_refused(tmp_path, column, cell, meant):
    with pytest.raises(InputError) as error:
        load(tmp_path, f"a.jpg,train,\nb.jpg,test,{cell}\n", f"path,split,{column}")
    (problem,) = error.value.problems
    assert problem.allowed == f"did you mean {meant!r}?"
    assert "remove it" in problem.remedy or "unlike it" in problem.remedy


@pytest.mark.parametrize(
    ("column", "cell", "meant"),
    [
        ("laterality", "L", "eye"),
        ("side", "OD", "eye"),
        ("diagnosis", "PDR with DME", "label"),
        ("has_mask", "1", "mask_"),
        ("adjudicated_dr_grade", "2", "grade"),
        ("exam_eye", "1", "eye"),
    ],
)
def test_a_column_that_only_resembles_one_is_named(tmp_path, column, cell, meant):
    dataset = load(tmp_path, f"a.jpg,train,\nb.jpg,test,{cell}\n", f"path,split,{column}")
    (sentence,) = [text for text in dataset.unread if column in text]
    assert f"did you mean '{meant}" in sentence


@pytest.mark.parametrize(
    "columns", ["path,split,patient_age", "path,split,camera", "path,split,sex", "path,split,date"]
)
def test_other_columns_are_a_note(tmp_path, columns):
    dataset = load(tmp_path, "a.jpg,train,5\nb.jpg,test,6\n", columns)
    assert not any("did you mean" in text for text in dataset.unread)
    assert any("columns that nothing uses" in note for note in dataset.notes)


def test_a_second_name_beside_the_right_one_is_no_error(tmp_path):
    rows = "a.jpg,train,1,x\nb.jpg,test,2,y\n"
    assert load(tmp_path, rows, "path,split,patient,patient_id").manifest["patient"].tolist() == ["1", "2"]
    with pytest.raises(InputError, match="did you mean 'patient'"):
        load(tmp_path, "a.jpg,train,,x\nb.jpg,test,,y\n", "path,split,patient,patient_id")


def test_one_lesion_in_two_spellings_is_refused(tmp_path):
    with pytest.raises(InputError, match="in two spellings"):
        load(tmp_path, "a.jpg,train,,\nb.jpg,test,,c.jpg\n", "path,split,mask_MA,mask_ma")
