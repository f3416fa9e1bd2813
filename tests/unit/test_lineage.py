"""How parameters become digests, and which of them a file may show."""

import os
from pathlib import Path

import numpy as np
import pytest

import lineage


def test_equal_parameters_have_one_digest_however_they_are_typed():
    one = {"size": 392, "share": 0.5, "names": ["a", "b"], "root": "x/y"}
    same = {"root": Path("x/y"), "names": ("a", "b"), "share": np.float64(0.5), "size": np.int64(392)}
    assert lineage.digest_of(one) == lineage.digest_of(same)
    for name, value in {"size": 393, "share": 0.25, "names": ["b", "a"], "root": "x"}.items():
        assert lineage.digest_of(one) != lineage.digest_of(one | {name: value})


def test_a_parameter_of_a_type_without_a_known_meaning_is_an_error_and_not_ignored():
    with pytest.raises(TypeError, match="object"):
        lineage.digest_of({"x": object()})


def test_no_name_of_a_person_and_no_path_is_shown():
    parameters = {
        "manifest": {"id": ["Erika Mustermann"], "patient": ["Mustermann"]},
        "ids": ["Mustermann_left"],
        "root": "/data/Mustermann/photographs",
        "windows": "C:\\Mustermann",
        "nested": {"sources": ["Mustermann"]},
        "size": 392,
        "range": [0.5, 0.8],
        "aspect": "keep",
    }
    told = lineage.shown(parameters)
    assert "Mustermann" not in str(told)
    assert (told["size"], told["aspect"]) == (392, "keep")
    assert told["range"] == [0.5, 0.8]


def test_a_file_is_told_from_another_one_with_an_older_time_and_through_a_link(tmp_path):
    first, second, link = tmp_path / "a", tmp_path / "b", tmp_path / "link"
    first.write_text("1")
    second.write_text("1")
    os.utime(second, ns=(10**18, 10**18))
    link.symlink_to(first)
    before = lineage.state_of(str(link))
    link.unlink()
    link.symlink_to(second)
    assert lineage.state_of(str(link)) != before
    assert lineage.state_of(str(tmp_path / "missing")) == [str(tmp_path / "missing"), None, None]
