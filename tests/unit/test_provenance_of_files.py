"""What made a file is written with it, and a file that was made otherwise is refused by what reads it."""

import h5py
import numpy as np
import pandas as pd
import pytest

from fundus_anomaly.errors import InputError
from fundus_anomaly.files import checksummed
from fundus_anomaly.files.carried import carried_by, require_carried
from fundus_anomaly.files.hdf5 import create_h5, open_h5, write_array
from fundus_anomaly.files.provenance import MAX_BYTES, MAX_CARRIERS, Provenance, carriers, parse, recording

MADE = Provenance("features", "a" * 64, "c" * 64, {"size": 392}, {"torch": "2.14.1"}, {"images": "b" * 64})
OTHER = Provenance("features", "d" * 64, "c" * 64)
TABLE = pd.DataFrame({"id": ["x"], "score": [1.5]})


def written(folder, made=MADE):
    """Write an array and a table, and return their paths."""
    array, table = folder / "a.h5", folder / "t.csv"
    with recording(made):
        with create_h5(array) as file:
            write_array(file, "values", np.arange(3))
        checksummed.write_csv(table, TABLE)
    return array, table


def test_an_array_and_a_table_carry_what_made_them(tmp_path):
    for path in written(tmp_path):
        assert carried_by(path) == MADE


def test_all_that_was_made_otherwise_or_by_nobody_knows_what_is_refused_at_once(tmp_path):
    array, table = (str(path) for path in written(tmp_path))
    require_carried({array: MADE.identity, table: MADE.identity})
    with pytest.raises(
        InputError, match=r"found a file made with other settings.*run the same command again"
    ) as refused:
        require_carried({array: OTHER.identity, table: OTHER.identity})
    assert [problem.where for problem in refused.value.problems] == [array, table]
    with pytest.raises(InputError) as refused:
        require_carried({array: MADE.identity, table: OTHER.identity})
    assert [problem.where for problem in refused.value.problems] == [table]
    written(tmp_path, None)
    with pytest.raises(InputError, match="no record of what made it") as refused:
        require_carried({array: MADE.identity, table: MADE.identity})
    assert len(refused.value.problems) == 2


def test_a_damaged_array_is_left_for_its_reader_to_name(tmp_path):
    array, _ = written(tmp_path)
    array.write_bytes(array.read_bytes()[:2000])
    require_carried({str(array): MADE.identity})


def test_the_block_alone_records(tmp_path):
    with pytest.raises(RuntimeError), recording(MADE):
        raise RuntimeError
    with create_h5(tmp_path / "a.h5") as file:
        write_array(file, "values", np.arange(3))
    assert carried_by(tmp_path / "a.h5") is None


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\n",
        b"\xff\xfe\n",
        b"[1, 2]\n",
        b'{"rule": "x", "unknown": 1}\n',
        b"[" * 20_000 + b"\n",
        b"{" + b" " * MAX_BYTES + b"}\n",
        b"no end of the line",
    ],
)
def test_a_first_line_that_is_none_of_ours_counts_as_none(tmp_path, hostile):
    (tmp_path / "a.h5").write_bytes(hostile)
    assert carried_by(tmp_path / "a.h5") is None


@pytest.mark.parametrize("length", [1, 400, 511, 512, 513, 5000, 40_000])
def test_what_made_an_array_is_its_files_first_line_and_hdf5_reads_on_behind_it(tmp_path, length):
    made = Provenance("features", "a" * 64, "c" * 64, {"text": "x" * length})
    array, _ = written(tmp_path, made)
    assert array.read_bytes().split(b"\n")[0].decode() == made.text()
    assert carried_by(array) == made
    with open_h5(array, "values") as file:
        assert file["values"][:].tolist() == [0, 1, 2]
        assert file.userblock_size >= len(made.text()) + 1
    with h5py.File(array) as file:
        assert not file.attrs


def test_a_seal_that_is_none_of_ours_counts_as_damage(tmp_path):
    _, table = written(tmp_path)
    for content in (b"", b"\xff\xfe\x00", b"x" * (MAX_BYTES + 1)):
        checksummed.checksum_file(table).write_bytes(content)
        with pytest.raises(InputError, match="changed or damaged"):
            checksummed.require_unchanged(table)


def test_a_file_written_without_a_seal_gets_one_that_fits_it(tmp_path):
    figure = tmp_path / "figure.png"
    for content in (b"one", b"two"):
        figure.write_bytes(content)
        with recording(MADE):
            checksummed.add_checksum(figure)
        checksummed.require_unchanged(figure)
        assert parse(checksummed.read_checksum(figure)[1]) == MADE
    with recording(OTHER):
        checksummed.add_checksum(figure)
    assert parse(checksummed.read_checksum(figure)[1]) == OTHER
    folder = tmp_path / "pages"
    folder.mkdir()
    with recording(MADE):
        checksummed.add_checksum(folder)
    assert parse(checksummed.read_checksum(folder)[1]) == MADE


def test_of_very_many_outputs_the_last_carries_what_made_them():
    names = [f"{number}.jpg" for number in range(MAX_CARRIERS + 1)]
    assert carriers(names[:-1]) == names[:-1]
    assert carriers(names) == [names[-1]]
