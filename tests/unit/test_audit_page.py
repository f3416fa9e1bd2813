"""The page of the audit: what it says of a run, whom it names, and what it proposes."""

from html import unescape
from pathlib import Path

import pandas as pd
import pytest
import yaml
from audit_facts import facts, find, rows

from fundus_anomaly.audit.admission import admit
from fundus_anomaly.audit.findings import Finding, exclude_line
from fundus_anomaly.datasets.official_counts import Count
from fundus_anomaly.errors import InputError
from fundus_anomaly.report.pages import audit
from support.configuration import combined
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_schema(ROOT / "workflow/schemas/config.schema.yaml")


def test_the_report_escapes_what_files_are_called_and_needs_nothing_from_elsewhere():
    manifest = rows((2, {"label": 1, "grade": 2}))
    evil = "<script>alert(1)</script>"
    found = [
        Finding("photograph: damaged", "error", ("set/test/1",), f"{evil}.jpg: cut off", "Replace it", exclude=("x",)),
        Finding("EXIF turn", "note", ("set/test/1", "set/test/2"), "2 of 4"),
    ]
    counts = [Count("normals", 134, 130)]
    text = audit.page("set", manifest, facts(manifest), found, [evil], ["set/train/1"], counts=counts)
    assert evil not in text
    assert "&lt;script&gt;" in text
    assert "default-src 'none'" in text
    for outside in ("http:", "https:", "src=", "<link", "<script", "url("):
        assert outside not in text
    for expected in ("1 error, 1 note", "The run stops here", "134", "-4", "set/test/2", exclude_line(["x"])[:10]):
        assert expected in text


def test_the_summary_counts_images_and_patients():
    manifest = rows((0, {"patient": "p"}), (1, {"patient": "p"}), (2, {"label": 1, "grade": 2}))
    assert audit.summary_table(manifest).to_numpy().tolist() == [
        ["train", "normal", "unknown", 2, 1],
        ["test", "normal", "unknown", 1, 1],
        ["test", "abnormal", "2", 1, 1],
    ]


DAMAGED = Finding(
    "photograph: damaged",
    "error",
    ("set/train/1",),
    "/home/Erika/a.jpg: cut off.",
    "Replace the file, set on_bad_image: exclude, or exclude the image",
    exclude=("set/train/1",),
)
CONTRADICTION = Finding(
    "patient on both sides of the split",
    "error",
    ("set/train/2", "set/test/2"),
    "Patient 'Erika Mustermann': set/train/2 (train), set/test/2 (test).",
    "Correct it",
    scope="images",
    exclude=("set/train/2",),
)


def three() -> pd.DataFrame:
    """Two images of training and one of the test."""
    return rows((0, {}), (1, {}), (2, {"label": 1}))


def audited(findings, on_bad_image="fail", excluded=(), **options) -> str:
    manifest = three()
    return audit.page("set", manifest, facts(manifest), findings, [], excluded, on_bad_image=on_bad_image, **options)


def test_the_page_says_that_a_run_continues_without_the_excluded_files():
    text = audited([DAMAGED], "exclude")
    assert "1 error. The run continues without 1 image that cannot be used (on_bad_image: exclude)." in text
    assert "Excluded by on_bad_image: exclude" in text and "set/train/1" in text
    for wrong in ("stop", "set on_bad_image: exclude, or", "Nothing stops"):
        assert wrong not in text
    assert "To include it in the run, replace the file." in text


def test_the_page_says_that_a_run_stops_where_it_does():
    text = audited([DAMAGED])
    assert "1 error. The run stops here." in text
    assert "These stop the run until the file is replaced or the image is excluded." in text
    assert "excluded by" not in text.lower() and "excluded from" not in text


def test_with_exclude_a_contradiction_between_images_still_stops_the_run():
    text = audited([DAMAGED, CONTRADICTION], "exclude")
    assert "2 errors. The run stops here." in text
    assert text.index("on_bad_image concerns only single files") < text.index("Files that cannot be used")
    assert "continues" not in text


@pytest.mark.parametrize(
    "on_bad_image, excluded", [("exclude", ("set/train/2",)), ("fail", ("set/train/2", "set/train/1"))]
)
def test_a_run_that_has_no_usable_image_left_does_not_go_on_by_the_page(on_bad_image, excluded):
    text = audited([DAMAGED] if on_bad_image == "exclude" else [], on_bad_image, excluded)
    assert "The run stops here." in text
    assert "continues" not in text and "Nothing stops" not in text


def test_the_page_of_a_report_counts_and_names_nobody():
    for on_bad_image in ("fail", "exclude"):
        text = audited([DAMAGED, CONTRADICTION], on_bad_image, ("set/train/1",), named=False)
        for name in ("Erika", "/home", "set/train", "set/test"):
            assert name not in text
        for told in ("photograph: damaged", "patient on both sides of the split", "Excluded by data.exclude"):
            assert told in text


def test_what_is_proposed_is_a_file_that_adds_to_what_is_excluded_and_collides_with_none(tmp_path):
    manifest = rows()
    broken = {"error_kind": "damaged", "error": "cut off"}
    for damaged in ([1], [1, 2]):
        table = facts(manifest, *((place, broken) for place in damaged))
        with pytest.raises(InputError) as error:
            admit(manifest, find(manifest, table, ["set/test/2"]), "fail", ["set/test/2"])
        told = str(error.value)
        # Lines that could be pasted one after the other into one file would drop each other there.
        assert told.count("data: {exclude") == 1
        assert "separate file" in told
        proposed = yaml.safe_load(told[told.index("data: {exclude") :])
        assert set(proposed["data"]["exclude"]) == {"set/test/2", *(manifest["id"].iloc[place] for place in damaged)}
        layers = [
            ("mine.yaml", {"data": {"on_bad_image": "fail", "max_pixels": 5, "exclude": ["set/test/2"]}}),
            ("exclude.yaml", proposed),
        ]
        config, remarks = combined(layers, SCHEMA)
        assert (config["data"]["max_pixels"], config["data"]["exclude"]) == (5, proposed["data"]["exclude"])
        assert remarks == []
        page = audit.page("set", manifest, table, find(manifest, table, ["set/test/2"]), [], ["set/test/2"])
        assert unescape(page).count(told[told.index("data: {exclude") :]) == 1
        assert page.count("data: {exclude") == 1


def test_files_that_are_left_out_anyway_are_not_proposed():
    manifest = rows()
    table = facts(manifest, (1, {"error_kind": "damaged", "error": "cut off"}))
    page = audit.page("set", manifest, table, find(manifest, table), [], [], on_bad_image="exclude")
    assert "data: {exclude" not in page
