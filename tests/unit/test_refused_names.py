"""Names of files are searched by Python's rules and kept in Python's strings, whatever else is installed."""

import os

import pandas as pd
import pytest

from fundus_anomaly.datasets import manifest
from fundus_anomaly.datasets.refused import UNNAMEABLE, found_in


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("a\u2028b.jpg", [0]),
        ("a\x85b.jpg", [0]),
        ("{sample}.jpg", [1]),
        (os.fsdecode(b"M\xfcller.jpg"), [2]),
        ("Größe 右眼 1.jpg", []),
    ],
)
def test_a_name_is_found_by_the_patterns_that_it_breaks(name, places):
    found = [found_in(pattern, pd.Series(["plain.jpg", name], index=[7, 3])) for pattern, *_ in UNNAMEABLE]
    assert [place for place, rows in enumerate(found) if rows[3]] == places
    assert not any(rows[7] for rows in found)
    assert all(rows.dtype == bool for rows in found)


def test_texts_of_tables_are_pythons_where_pandas_would_take_those_of_pyarrow():
    assert pd.get_option("mode.string_storage") == "python"
    table = manifest.frame([{"id": "a", "path": os.fsdecode(b"M\xfcller.jpg")}], ())
    assert table["path"].dtype.storage == "python"
    assert table["path"].map(os.fsencode).tolist() == [b"M\xfcller.jpg"]
