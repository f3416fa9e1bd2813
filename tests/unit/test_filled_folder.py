"""A folder takes another's place when it is whole, and leaves it alone when it is not."""

import pytest

from fundus_anomaly.files.filled_folder import filled_folder


def fill(path, content, fails=False):
    with filled_folder(path) as folder:
        assert not folder.exists()
        folder.mkdir()
        (folder / content).touch()
        if fails:
            raise OSError("no space left")


def names(path):
    return sorted(entry.name for entry in path.iterdir())


def test_a_filled_folder_replaces_the_one_before(tmp_path):
    fill(tmp_path / "pages", "old")
    fill(tmp_path / "pages", "new")
    assert names(tmp_path / "pages") == ["new"]
    assert names(tmp_path) == ["pages"]


def test_one_that_was_not_filled_to_the_end_leaves_what_was_there_and_is_no_obstacle(tmp_path):
    fill(tmp_path / "pages", "old")
    with pytest.raises(OSError, match="space"):
        fill(tmp_path / "pages", "half", fails=True)
    assert names(tmp_path / "pages") == ["old"]
    fill(tmp_path / "pages", "new")
    assert names(tmp_path) == ["pages"]
    assert names(tmp_path / "pages") == ["new"]
