"""What the audit makes of the facts, and what may go on."""

import time
from pathlib import Path

import pandas as pd
import pytest
from audit_facts import COPY, NEAR, facts, find, masks, rows

from fundus_anomaly.audit.admission import admit
from fundus_anomaly.audit.findings import Finding, exclude_line, findings_from, findings_table
from fundus_anomaly.audit.mask_findings import mask_findings
from fundus_anomaly.audit.relations import patient_findings
from fundus_anomaly.datasets.manifest import frame
from fundus_anomaly.errors import InputError
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_schema(ROOT / "workflow/schemas/config.schema.yaml")


def test_nothing_is_found_where_nothing_is_wrong():
    assert find(rows(), facts(rows())) == []
    manifest = rows((2, {"label": 1}))
    assert mask_findings(manifest, facts(manifest), masks({})) == []
    assert findings_from(findings_table([])) == []
    assert admit(manifest, [], "fail").empty


@pytest.mark.parametrize("kind", ["missing", "empty file", "no image", "too large", "damaged", "format"])
def test_a_file_that_cannot_be_used_is_an_error_or_is_dropped(kind):
    manifest = rows()
    found = find(manifest, facts(manifest, (1, {"error_kind": kind, "error": "it is broken"})))
    assert [(finding.severity, finding.ids) for finding in found] == [("error", ("set/train/2",))]
    with pytest.raises(InputError, match="it is broken"):
        admit(manifest, found, "fail")
    dropped = admit(manifest, found, "exclude")
    assert dropped[["id", "split", "by"]].to_numpy().tolist() == [["set/train/2", "train", "audit"]]
    assert "it is broken" in dropped["reason"].iloc[0]


def test_a_blank_photograph_is_a_defect():
    manifest = rows()
    found = find(manifest, facts(manifest, (0, {"level_spread": 0.5, "perceptual_hash": ""})))
    assert [(finding.kind, finding.severity) for finding in found] == [("photograph: blank", "error")]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"mode": "L"}, "grey photograph"),
        ({"bits": 16}, "more than 8 bits"),
        ({"mode": "CMYK"}, "CMYK"),
        ({"mode": "RGBA"}, "alpha channel"),
        ({"exif_orientation": 6}, "EXIF turn"),
        ({"frames": 2}, "several pictures in one file"),
    ],
)
def test_an_unusual_kind_of_file_is_reported_once_for_all_its_images_and_stops_nothing(change, kind):
    manifest = rows()
    found = find(manifest, facts(manifest, (0, change), (3, change)))
    assert [(finding.kind, finding.ids) for finding in found] == [(kind, ("set/train/1", "set/test/2"))]
    assert admit(manifest, found, "fail").empty


@pytest.mark.parametrize("changes", [(COPY, COPY), NEAR])
def test_a_copy_across_the_split_is_an_error_that_only_the_user_settles(changes):
    manifest = rows()
    table = facts(manifest, (1, changes[0]), (2, changes[1]))
    found = find(manifest, table)
    assert [(finding.severity, finding.ids) for finding in found] == [("error", ("set/train/2", "set/test/1"))]
    for policy in ("fail", "exclude"):
        with pytest.raises(InputError) as error:
            admit(manifest, found, policy)
        assert 'data: {exclude: ["set/train/2"]}' in str(error.value)
    settled = find(manifest, table, ["set/train/2"])
    assert [finding.severity for finding in settled] == ["note"]
    left_out = admit(manifest, settled, "fail", ["set/train/2"])
    assert left_out["by"].tolist() == ["user"]
    assert "set/test/1" in left_out["reason"].iloc[0]


def test_a_copy_in_another_fold_is_an_error_since_one_fold_tests_what_the_other_trains_on():
    folds = [(place, {"fold": place % 2}) for place in range(4)]
    same = [(place, {"fold": 0}) for place in range(4)]
    copies = [(0, COPY), (1, COPY)]
    (finding,) = find(rows(*folds), facts(rows(), *copies))
    assert (finding.severity, finding.kind) == ("error", "identical photographs in two folds")
    assert finding.exclude == ("set/train/2",)
    (finding,) = find(rows(*same), facts(rows(), *copies))
    assert finding.severity == "warning"


def test_a_copy_within_a_split_that_agrees_is_a_warning():
    manifest = rows()
    found = find(manifest, facts(manifest, (0, COPY), (1, COPY)))
    assert [(finding.kind, finding.severity) for finding in found] == [("identical photographs", "warning")]
    assert found[0].exclude == ("set/train/2",)
    assert admit(manifest, found, "fail").empty


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (({"label": 0}, {"label": 1}), "identical photographs with two labels"),
        (({"label": 1, "grade": 2}, {"label": 1, "grade": 3}), "identical photographs with two grades"),
    ],
)
def test_one_photograph_with_two_labels_or_grades_is_an_error(labels, kind):
    manifest = rows((2, labels[0]), (3, labels[1]))
    found = find(manifest, facts(manifest, (2, COPY), (3, COPY)))
    assert [(finding.kind, finding.severity) for finding in found] == [(kind, "error")]


def test_an_unknown_label_contradicts_nothing():
    manifest = rows((2, {"label": -1}), (3, {"label": 1, "grade": 2}))
    found = find(manifest, facts(manifest, (2, COPY), (3, COPY)))
    assert [finding.severity for finding in found] == ["warning"]


def test_a_normal_training_image_that_an_unused_image_calls_diseased_is_an_error():
    manifest = rows((3, {"split": "unused", "label": 1, "grade": 3}))
    found = find(manifest, facts(manifest, (1, COPY), (3, COPY)))
    assert [(finding.severity, finding.exclude) for finding in found] == [("error", ("set/train/2",))]


def test_what_unused_images_do_among_themselves_stops_nothing():
    unused = {"split": "unused", "label": 1}
    manifest = rows((1, unused | {"grade": 1}), (2, {"label": 1}), (3, unused | {"grade": 3}))
    broken = {"error_kind": "damaged", "error": "x"}
    found = find(manifest, facts(manifest, (1, COPY), (2, COPY), (3, COPY)))
    assert [finding.severity for finding in found] == ["note"]
    assert [finding.severity for finding in find(manifest, facts(manifest, (1, broken)))] == ["note"]


def test_what_is_left_of_a_group_after_an_exclusion_is_still_reported():
    manifest = rows()
    table = facts(manifest, (0, COPY), (1, COPY), (2, COPY))
    found = find(manifest, table, ["set/train/1"])
    assert [finding.severity for finding in found] == ["note", "error"]
    assert found[1].ids == ("set/train/2", "set/test/1")


def test_a_patient_on_both_sides_is_an_error_until_excluded_from_one():
    manifest = rows((1, {"patient": "Meier"}), (2, {"patient": "Meier"}))
    found = find(manifest, facts(manifest))
    assert [(finding.severity, finding.exclude) for finding in found] == [("error", ("set/train/2",))]
    assert "'Meier'" in found[0].detail
    assert [finding.severity for finding in find(manifest, facts(manifest), ["set/test/1"])] == ["note"]


UNUSED = {"split": "unused", "label": 1}


@pytest.mark.parametrize("benchmark", ["set/train/1", "set/test/1"])
@pytest.mark.parametrize("changes", [(COPY, COPY), NEAR], ids=["identical", "nearly"])
@pytest.mark.parametrize("split", ["unused", "source", "test"])
def test_a_copy_of_an_annotated_image_in_the_benchmark_is_an_error_wherever_the_annotated_image_stands(
    split, changes, benchmark
):
    manifest = rows((3, {"split": split, "label": 1}))
    manifest["label"] = 1
    place = manifest["id"].tolist().index(benchmark)
    table = facts(manifest, (place, changes[0]), (3, changes[1]))
    excluded = ["set/test/2"] if split == "test" else []
    (finding,) = [finding for finding in find(manifest, table, excluded, ["set/test/2"]) if finding.severity != "note"]
    assert (finding.severity, finding.ids) == ("error", (benchmark, "set/test/2"))
    assert finding.exclude == (benchmark,)
    assert "set/test/2 gives lesions to LesionPaste" in finding.detail
    assert "Name another annotated image" in finding.advice
    for policy in ("fail", "exclude"):
        with pytest.raises(InputError, match="gives lesions"):
            admit(manifest[manifest["split"] != "source"], [finding], policy, excluded)
    # As long as it gives no lesions, nothing is wrong with it.
    if split != "source":
        assert {finding.severity for finding in find(manifest, table, excluded)} == {"note"}
    settled = find(manifest, table, [*excluded, benchmark], ["set/test/2"])
    assert {finding.severity for finding in settled} == {"note"}


def test_a_patient_who_gives_lesions_and_is_in_the_benchmark_is_an_error():
    manifest = rows((2, {"patient": "Meier"}), (3, UNUSED | {"patient": "Meier"}))
    assert find(manifest, facts(manifest)) == []
    (finding,) = find(manifest, facts(manifest), (), ["set/test/2"])
    assert (finding.severity, finding.ids, finding.exclude) == ("error", ("set/test/1", "set/test/2"), ("set/test/1",))
    assert "'Meier'" in finding.detail
    assert find(manifest, facts(manifest), ["set/test/1"], ["set/test/2"]) == []


def test_an_annotated_image_of_the_benchmark_itself_is_an_error_until_excluded():
    manifest = rows((3, {"label": 1}))
    (finding,) = find(manifest, facts(manifest), (), ["set/test/2"])
    assert (finding.severity, finding.ids, finding.exclude) == ("error", ("set/test/2",), ("set/test/2",))
    assert find(manifest, facts(manifest), ["set/test/2"], ["set/test/2"]) == []


def test_a_copy_makes_two_patients_one():
    # The training eye is of the patient whose other eye, under another name, is tested: an unused copy links them.
    manifest = rows((1, {"patient": "A"}), (2, {"patient": "B"}), (3, UNUSED | {"patient": "A"}))
    extra = rows((0, {"id": "set/copy", "split": "unused", "patient": "B", "label": 1})).iloc[:1]
    manifest = pd.concat([manifest, extra], ignore_index=True)
    table = facts(manifest, (3, COPY), (4, COPY))
    (leak,) = [finding for finding in find(manifest, table) if finding.severity == "error"]
    assert (leak.kind, leak.ids) == ("patient on both sides of the split", ("set/train/2", "set/test/1"))
    assert "One patient by several names ('A', 'B')" in leak.detail
    assert "The same photograph: set/test/2, set/copy" in leak.detail
    assert leak.exclude == ("set/train/2",)
    # Likewise the patient of an annotated image whose file states none: its copy has one.
    manifest = rows((0, UNUSED), (1, UNUSED | {"patient": "A"}), (2, {"patient": "A"}))
    table = facts(manifest, (0, COPY), (1, COPY))
    assert {finding.severity for finding in find(manifest, table)} == {"note"}
    leaks = [finding for finding in find(manifest, table, (), ["set/train/1"]) if finding.severity == "error"]
    assert [(leak.kind, leak.ids) for leak in leaks] == [
        ("lesions of a patient of the benchmark", ("set/train/1", "set/test/1"))
    ]


def test_a_patient_who_counts_as_two_within_a_split_is_a_note():
    manifest = rows((0, UNUSED | {"patient": "A"}), (1, UNUSED | {"patient": "A"}))
    table = facts(manifest, (0, COPY), (2, COPY), (1, {"sha256": "other"}), (3, {"sha256": "other"}))
    manifest["label"] = 1
    found = {finding.kind: finding for finding in find(manifest, table)}
    assert {finding.severity for finding in found.values()} == {"note"}
    note = found["patient by several names"]
    assert note.ids == ("set/test/1", "set/test/2")
    assert "In the intervals they count as 2 patients" in note.detail


def test_copies_alone_are_reported_once():
    manifest = rows()
    (finding,) = find(manifest, facts(manifest, (1, COPY), (2, COPY)))
    assert finding.kind == "identical photographs on both sides of the split"


def test_a_broken_annotated_image_is_a_warning_since_lesionpaste_alone_stops_at_it():
    manifest = rows((3, {"split": "source", "label": 1}))
    broken = facts(manifest, (3, {"error_kind": "damaged", "error": "x"}))
    (finding,) = find(manifest, broken, (), ["set/test/2"])
    assert finding.severity == "warning"
    assert "LesionPaste stops at it" in finding.detail
    assert admit(manifest[manifest["split"] != "source"], [finding], "fail").empty


def test_thousands_of_patients_with_two_eyes_are_looked_through_in_seconds():
    table = [
        {
            "id": f"set/{n}",
            "path": f"{n}.jpg",
            "split": ("train", "test")[n % 4 // 2],
            "patient": f"p{n // 2}",
            "label": 0,
        }
        for n in range(20_000)
    ]
    manifest = frame(table, ())
    begin = time.monotonic()
    assert patient_findings(manifest, (), ["set/0"], [([0, 4], None)]) != []
    assert time.monotonic() - begin < 5


def test_all_errors_come_at_once_with_one_line_that_settles_them():
    manifest = rows((1, {"patient": "Meier"}), (2, {"patient": "Meier"}))
    table = facts(manifest, (0, {"error_kind": "damaged", "error": "cut off"}), (3, COPY), (2, COPY))
    manifest.loc[3, "label"] = 1
    with pytest.raises(InputError) as error:
        admit(manifest, find(manifest, table), "fail")
    told = str(error.value)
    assert "cut off" in told
    assert "two labels" in told
    assert "Meier" in told
    line = exclude_line(["set/train/1", "set/test/1", "set/test/2", "set/train/2"])
    assert told.endswith(line)
    assert told.startswith(f"{len(error.value.problems)} problems")
    assert all("settle" not in problem.where for problem in error.value.problems)


def test_a_split_that_loses_its_last_image_is_an_error():
    manifest = rows()
    broken = {"error_kind": "damaged", "error": "x"}
    found = find(manifest, facts(manifest, (0, broken), (1, broken)))
    with pytest.raises(InputError, match="no usable image"):
        admit(manifest, found, "exclude")


def test_a_mask_of_another_size_is_an_error_and_a_turned_photograph_is_compared_upright():
    manifest = rows((2, {"label": 1}))
    found = mask_findings(manifest, facts(manifest), masks({"width": 80, "height": 100}))
    assert [(finding.kind, finding.severity) for finding in found] == [("mask: wrong size", "error")]
    turned = facts(manifest, (2, {"exif_orientation": 6}))
    assert mask_findings(manifest, turned, masks({"width": 80, "height": 100})) == []
    assert mask_findings(manifest, turned, masks({}))[0].kind == "mask: wrong size"
    assert admit(manifest, found, "exclude")["id"].tolist() == ["set/test/1"]


def test_an_unreadable_mask_is_an_error_and_an_empty_one_a_warning():
    manifest = rows((2, {"label": 1}))
    broken = masks({"error_kind": "damaged", "error": "cut off", "width": 0})
    assert [finding.severity for finding in mask_findings(manifest, facts(manifest), broken)] == ["error"]
    empty = mask_findings(manifest, facts(manifest), masks({"lesion_pixels": 0, "lesion_share": 0.0, "value_count": 1}))
    assert {(finding.kind, finding.severity) for finding in empty} == {
        ("mask: empty", "warning"),
        ("abnormal without a lesion pixel", "warning"),
    }
    both = masks({"lesion_pixels": 0, "lesion_share": 0.0}, {"lesion": "EX", "path": "e.png"})
    assert [finding.kind for finding in mask_findings(manifest, facts(manifest), both)] == ["mask: empty"]


def test_a_lesion_in_a_normal_image_is_an_error_and_an_empty_mask_of_it_is_not():
    manifest = rows()
    found = mask_findings(manifest, facts(manifest), masks({}))
    assert [(finding.kind, finding.severity, finding.scope) for finding in found] == [
        ("lesion in a normal image", "error", "images")
    ]
    assert mask_findings(manifest, facts(manifest), masks({"lesion_pixels": 0, "lesion_share": 0.0})) == []
    settled = mask_findings(manifest, facts(manifest), masks({}), ["set/test/1"])
    assert [finding.severity for finding in settled] == ["note"]


def test_masks_that_are_mostly_lesion_are_taken_for_inverted():
    manifest = rows((2, {"label": 1}), (3, {"label": 1}))
    much = {"lesion_share": 0.99, "lesion_pixels": 7920}
    other = {"id": "set/test/2", "path": "n.png"}
    found = mask_findings(manifest, facts(manifest), masks(much, much | other))
    assert [(finding.kind, finding.severity) for finding in found] == [("mask: inverted", "error")]
    single = mask_findings(manifest, facts(manifest), masks(much, other, other | {"lesion": "EX"}))
    assert [(finding.kind, finding.severity) for finding in single] == [("mask: mostly lesion", "warning")]


def test_one_mask_file_for_two_photographs_and_blurred_masks_are_warnings():
    manifest = rows((2, {"label": 1}), (3, {"label": 1}))
    twice = masks({"sha256": "m"}, {"sha256": "m", "id": "set/test/2", "path": "n.png"})
    assert [finding.kind for finding in mask_findings(manifest, facts(manifest), twice)] == ["mask: identical"]
    blurred = mask_findings(manifest, facts(manifest), masks({"value_count": 40, "values": "0 1 2 …"}))
    assert [finding.kind for finding in blurred] == ["mask: more than two levels"]


def test_findings_survive_the_csv(tmp_path):
    found = [
        Finding("b", "note", ("x/1",), 'said, "so"\nand so'),
        Finding("a", "error", ("NA", "x/2"), "=1", "do", scope="images", exclude=("NA",)),
    ]
    findings_table(found).to_csv(tmp_path / "f.csv", index=False)
    again = findings_from(pd.read_csv(tmp_path / "f.csv", dtype=str, keep_default_na=False))
    assert again == [found[1], found[0]], "the gravest first"
