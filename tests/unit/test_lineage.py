"""How parameters become digests, and which of them a file may show."""

import os
from pathlib import Path

import numpy as np
import pytest

from support import lineage, parameters


def test_equal_parameters_have_one_digest_however_they_are_typed():
    one = {"size": 392, "share": 0.5, "names": ["a", "b"], "root": "x/y"}
    same = {"root": Path("x/y"), "names": ("a", "b"), "share": np.float64(0.5), "size": np.int64(392)}
    assert parameters.digest_of(one) == parameters.digest_of(same)
    for name, value in {"size": 393, "share": 0.25, "names": ["b", "a"], "root": "x"}.items():
        assert parameters.digest_of(one) != parameters.digest_of(one | {name: value})


def test_a_parameter_of_a_type_without_a_known_meaning_is_an_error_and_not_ignored():
    with pytest.raises(TypeError, match="object"):
        parameters.digest_of({"x": object()})


def test_no_name_of_a_person_and_no_path_is_shown():
    given = {
        "manifest": {"id": ["Erika Mustermann"], "patient": ["Mustermann"]},
        "ids": ["Mustermann_left"],
        "root": "/data/Mustermann/photographs",
        "windows": "C:\\Mustermann",
        "nested": {"sources": ["Mustermann"]},
        "roots": {"/clinic/Mustermann": "data_root", "": "nothing"},
        "size": 392,
        "range": [0.5, 0.8],
        "aspect": "keep",
    }
    told = parameters.shown(given)
    assert "Mustermann" not in str(told)
    assert (told["size"], told["aspect"]) == (392, "keep")
    assert told["range"] == [0.5, 0.8]


def test_a_file_is_distinguished_from_another_one_with_an_older_time_and_through_any_link(tmp_path):
    """Two versions of data with files of equal sizes and times, as archives may give them."""
    for version in ("first", "second"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "a").write_text(version[0])
        os.utime(tmp_path / version / "a", ns=(10**18, 10**18))
    folder, file = tmp_path / "data", tmp_path / "linked"
    states = set()
    for version in ("first", "second"):
        folder.symlink_to(version)
        file.symlink_to(f"{version}/a")
        lineage._real_folder.cache_clear()
        states |= {tuple(map(str, lineage.state_of(str(one)))) for one in (folder / "a", file)}
        folder.unlink()
        file.unlink()
    assert len(states) == 4
    before = lineage.state_of(str(tmp_path / "first/a"))
    os.utime(tmp_path / "first/a", ns=(10**17, 10**17))
    assert lineage.state_of(str(tmp_path / "first/a")) != before
    assert lineage.state_of(str(tmp_path / "missing"))[2:] == [None, None]


def test_a_moved_project_and_its_data_are_in_the_same_state(tmp_path, monkeypatch):
    states = []
    for name in ("here", "there"):
        (tmp_path / name / "photographs").mkdir(parents=True)
        (tmp_path / name / "photographs" / "a").write_text("1")
        os.utime(tmp_path / name / "photographs" / "a", ns=(10**18, 10**18))
        monkeypatch.chdir(tmp_path / name)
        lineage._real_folder.cache_clear()
        states.append(lineage.state_of("photographs/a"))
    lineage._real_folder.cache_clear()
    assert states[0] == states[1]
