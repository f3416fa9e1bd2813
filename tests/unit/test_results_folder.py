"""What may be written where, and whose results a folder holds."""

from pathlib import Path

import pytest

from fundus_anomaly.errors import InputError
from support.results_folder import (
    RECORD,
    record_data,
    require_below,
    require_no_data_root,
    require_own,
    require_same_data,
)


@pytest.mark.parametrize(
    "outside", ["/my/photos/labels.csv", "photos/{split}.h5", "results/x/../../photos/a.csv", "results/xy/a"]
)
def test_an_output_beside_the_results_is_refused_with_its_rule(outside):
    require_below("results/x", [("images", "results/x/images/{split}.h5")])
    with pytest.raises(InputError, match="rule phantom: found the output"):
        require_below("results/x", [("images", "results/x/a.h5"), ("phantom", outside)])


def test_the_phantom_takes_no_folder_of_data():
    require_no_data_root("phantom", "")
    require_no_data_root("idrid", "/data")
    with pytest.raises(InputError, match=r"config, data_root: found '/my/photos'.*config/images\.yaml"):
        require_no_data_root("phantom", "/my/photos")


def test_results_of_another_folder_or_dataset_are_named_with_both_and_the_remedy(tmp_path):
    results, first, second = tmp_path / "results", tmp_path / "one", tmp_path / "two"
    first.mkdir()
    second.mkdir()
    require_same_data(results, "images", str(first))
    record_data(results, "images", str(first))
    require_same_data(results, "images", str(first))
    with pytest.raises(InputError, match=r"one.*two.*experiment=NAME.*experiment\.json"):
        require_same_data(results, "images", str(second))
    with pytest.raises(InputError, match=r"'images'.*'idrid'"):
        require_same_data(results, "idrid", str(first))
    (tmp_path / "link").symlink_to(first)
    require_same_data(results, "images", str(tmp_path / "link"))
    for damaged in (b"", b"[]", b"{}", b'{"dataset": 1}', b"\xff"):
        (results / RECORD).write_bytes(damaged)
        require_same_data(results, "images", str(first))
    record_data(results, "images", str(first))
    with pytest.raises(InputError):
        require_same_data(results, "images", str(second))


def test_all_files_that_the_workflow_did_not_make_are_named(tmp_path):
    mine, foreign, dangling = tmp_path / "mine.csv", tmp_path / "labels.csv", tmp_path / "link.csv"
    mine.write_text("1")
    foreign.write_text("1")
    dangling.symlink_to(tmp_path / "nowhere")
    files = [str(one) for one in (mine, foreign, dangling, tmp_path / "new.csv")]
    with pytest.raises(InputError) as refused:
        require_own([(files[:2], lambda file: file == str(mine)), (files[2:], lambda file: False)])
    assert [Path(problem.where).name for problem in refused.value.problems] == ["labels.csv", "link.csv"]
    require_own([(files, lambda file: True)])
