"""Damage to a table or to weights is told, whatever it looks like; a file without a digest is taken as it is."""

import pandas as pd
import pytest
import torch

from fundus_anomaly.errors import InputError
from fundus_anomaly.files import checksummed
from fundus_anomaly.networks.state import read_state

TABLE = pd.DataFrame({"id": ["größe/1", "b"], "score": [0.125, 12.5]})


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "some folder" / "test ü.csv"
    checksummed.write_csv(path, TABLE)
    return path


def test_a_table_comes_back_as_it_was_written(table):
    pd.testing.assert_frame_equal(checksummed.read_csv(table), TABLE)


@pytest.mark.parametrize(
    "damage", [lambda text: text.replace("12.5", "13.5"), lambda text: text[: len(text) // 2], lambda text: ""]
)
def test_a_changed_a_truncated_and_an_empty_table_are_named_with_the_remedy(table, damage):
    table.write_text(damage(table.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InputError, match=r"test ü\.csv: found .* To fix it: delete .*test ü\.csv and run"):
        checksummed.read_csv(table)


def test_what_is_no_table_is_named_without_a_digest_too(table):
    checksummed.checksum_file(table).unlink()
    pd.testing.assert_frame_equal(checksummed.read_csv(table), TABLE)
    table.write_text('a,b\n1,2,"3\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"test ü\.csv: found an unreadable table"):
        checksummed.read_csv(table)


def test_a_table_written_anew_is_held_against_its_new_digest(table):
    checksummed.write_csv(table, TABLE.iloc[:1])
    assert len(checksummed.read_csv(table)) == 1


def test_a_failed_write_keeps_the_old_file_and_its_digest(table):
    with pytest.raises(RuntimeError), checksummed.checksummed(table) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    pd.testing.assert_frame_equal(checksummed.read_csv(table), TABLE)


def test_weights_with_a_flipped_byte_are_named_and_a_moved_file_keeps_its_digest(tmp_path):
    path, moved = tmp_path / "a.pt", tmp_path / "b.pt"
    with checksummed.checksummed(path) as temporary:
        torch.save({"weight": torch.arange(1000.0)}, temporary)
    checksummed.move_checksummed(path, moved)
    assert read_state(moved)["weight"][999] == 999
    content = bytearray(moved.read_bytes())
    content[len(content) // 2] ^= 1
    moved.write_bytes(content)
    with pytest.raises(InputError, match=r"b\.pt"):
        read_state(moved)
    checksummed.remove_checksummed(moved)
    checksummed.remove_checksummed(moved)
    assert not list(tmp_path.iterdir())
