"""A workbook holds what the CSV does, as texts and numbers and never as a formula."""

import io
import re
import xml.etree.ElementTree as ElementTree
import zipfile

import pandas as pd
import pytest

from fundus_anomaly.files.workbook import MOST_LETTERS, workbook, write_workbook

HOSTILE = ["=1+1", "@SUM(A1)", "+1", "-1", '=HYPERLINK("http://a.b")', "http://a.b", "mailto:a@b", "{=1}", "<b>&amp;"]
SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def opened(content):
    """Return the parts of a workbook as text, and its cells as rows of kind and value."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {name: file.read(name).decode() for name in file.namelist()}
    shared = [
        "".join(text.text or "" for text in item.iter(f"{SPACE}t"))
        for item in ElementTree.fromstring(parts["xl/sharedStrings.xml"])
    ]
    rows = []
    for row in ElementTree.fromstring(parts["xl/worksheets/sheet1.xml"]).iter(f"{SPACE}row"):
        cells = {re.match("[A-Z]+", cell.get("r"))[0]: cell for cell in row}
        rows.append(
            {
                name: shared[int(cell[0].text)] if cell.get("t") == "s" else float(cell[0].text)
                for name, cell in cells.items()
            }
        )
    return parts, rows


def test_a_whole_number_that_is_not_known_is_an_empty_cell():
    table = pd.DataFrame({"id": ["a", "b"], "grade": pd.array([3, None], "Int64")})
    _, rows = opened(workbook(table, "photographs"))
    assert rows[1:] == [{"A": "a", "B": 3.0}, {"A": "b"}]


def test_rows_and_values_are_those_of_the_table():
    table = pd.DataFrame(
        {"id": ["a", "Größe ß", ""], "score": [1.25, float("nan"), -3e-12], "above": [True, False, True]}
    )
    _, rows = opened(workbook(table, "photographs"))
    assert rows == [
        {"A": "id", "B": "score", "C": "above"},
        {"A": "a", "B": 1.25, "C": 1.0},
        {"A": "Größe ß", "C": 0.0},
        {"B": -3e-12, "C": 1.0},
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_formula_a_link_or_a_number(text):
    parts, rows = opened(workbook(pd.DataFrame({text: [text]}), "photographs"))
    assert rows == [{"A": text}, {"A": text}]
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert "<f" not in sheet and "hyperlink" not in sheet
    assert not any("rels" in name and "sheet1" in name for name in parts)


def test_what_a_cell_cannot_hold_is_replaced_or_cut():
    _, rows = opened(workbook(pd.DataFrame({"reason": ["a\x00b\ufffe", "x" * (MOST_LETTERS + 5)]}), "photographs"))
    assert rows[1:] == [{"A": "a\ufffdb\ufffd"}, {"A": "x" * MOST_LETTERS}]


def test_the_same_table_gives_the_same_bytes_and_a_checksum(tmp_path):
    table = pd.DataFrame({"id": ["a"], "score": [0.1]})
    write_workbook(tmp_path / "images.xlsx", table, "photographs")
    assert (tmp_path / "images.xlsx").read_bytes() == workbook(table, "photographs")
    assert (tmp_path / ".images.xlsx.sha256").is_file()


def test_a_table_without_rows_is_its_header():
    _, rows = opened(workbook(pd.DataFrame({"id": pd.Series(dtype="str")}), "photographs"))
    assert rows == [{"A": "id"}]
