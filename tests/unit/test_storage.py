"""A file is whole or absent, and damage is never read as data."""

import errno
import fcntl

import h5py
import numpy as np
import pytest

from fundus_anomaly.errors import InputError
from fundus_anomaly.files import hdf5
from fundus_anomaly.files.whole import whole, write_text
from fundus_anomaly.neighbours import coreset_checkpoint

IDS = ["idrid/größe/1", "b", "c"]


@pytest.fixture
def stored(tmp_path):
    """A small file as the rules write them."""
    path = tmp_path / "some folder" / "features ü.h5"
    with hdf5.create_h5(path) as file:
        features = hdf5.create_dataset(file, "feature", (3, 8, 8), np.float32)
        features[:] = np.arange(192).reshape(3, 8, 8)
        hdf5.create_dataset(file, "radius", (5,), np.float32)[:] = np.arange(5)
        hdf5.write_ids(file, IDS)
    return path


def read(path):
    with hdf5.open_h5(path, "feature", "radius", "id") as file:
        return file["feature"][:].tobytes(), file["radius"][:].tobytes(), hdf5.read_ids(file)


def test_ids_come_back_as_they_were_written(stored):
    assert read(stored)[2] == IDS


def test_each_item_is_one_chunk_with_a_checksum(stored):
    with h5py.File(stored) as file:
        assert file["feature"].chunks == (1, 8, 8)
        assert all(file[name].fletcher32 for name in file)


def test_compressed_data_are_unchanged(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (2, 16, 16, 3), dtype=np.uint8)
    with hdf5.create_h5(tmp_path / "a.h5") as file:
        hdf5.create_dataset(file, "image", image.shape, np.uint8, compress=True)[:] = image
    with hdf5.open_h5(tmp_path / "a.h5", "image") as file:
        np.testing.assert_array_equal(file["image"][:], image)


def test_a_split_without_images_is_a_file_too(tmp_path):
    with hdf5.create_h5(tmp_path / "a.h5") as file:
        hdf5.create_dataset(file, "image", (0, 4, 4, 3), np.uint8)
        hdf5.write_ids(file, [])
    with hdf5.open_h5(tmp_path / "a.h5", "image", "id") as file:
        assert file["image"].shape == (0, 4, 4, 3)
        assert hdf5.read_ids(file) == []


@pytest.mark.parametrize("before", [None, b"the old file"])
def test_a_failed_write_leaves_no_file_and_keeps_the_old_one(tmp_path, before):
    path = tmp_path / "a.h5"
    if before:
        path.write_bytes(before)
    with pytest.raises(RuntimeError), hdf5.create_h5(path) as file:
        file["x"] = np.zeros(1000)
        raise RuntimeError
    assert [file.name for file in tmp_path.iterdir()] == (["a.h5"] if before else [])
    assert not before or path.read_bytes() == before


def test_a_text_appears_only_once_it_is_whole(tmp_path):
    path = tmp_path / "a.csv"
    with whole(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    write_text(path, "ü\nb\n")
    assert path.read_bytes() == "ü\nb\n".encode()


def test_a_missing_file_a_text_file_and_a_truncated_file_are_named(stored, tmp_path):
    truncated, text = tmp_path / "truncated.h5", tmp_path / "text.h5"
    truncated.write_bytes(stored.read_bytes()[:-100])
    text.write_text("no HDF5")
    for path in (truncated, text, tmp_path / "missing.h5"):
        with pytest.raises(InputError, match=path.name):
            read(path)


def test_all_missing_datasets_are_reported_at_once(stored):
    with pytest.raises(InputError) as caught, hdf5.open_h5(stored, "feature", "level2", "level3"):
        pass
    assert [problem.where.split()[-1] for problem in caught.value.problems] == ["'level2'", "'level3'"]


@pytest.mark.parametrize("kind", ["soft link", "external link", "external storage", "group"])
def test_only_data_of_the_files_own_are_read(stored, tmp_path, kind):
    path = tmp_path / "borrowed.h5"
    with h5py.File(path, "w") as file:
        if kind == "soft link":
            file["own"] = np.zeros(3)
            file["feature"] = h5py.SoftLink("/own")
        elif kind == "external link":
            file["feature"] = h5py.ExternalLink(str(stored), "/feature")
        elif kind == "external storage":
            file.create_dataset("feature", (8,), np.uint8, external=[(str(stored), 0, 8)])
        else:
            file.create_group("feature")
    with (
        pytest.raises(InputError, match=r"borrowed\.h5.*something other than a dataset"),
        hdf5.open_h5(path, "feature"),
    ):
        pass


def test_no_flipped_byte_is_read_as_data(stored, tmp_path):
    whole, path = stored.read_bytes(), tmp_path / "flipped.h5"
    undamaged, refused = read(stored), 0
    for place in range(0, len(whole), 19):
        flipped = bytearray(whole)
        flipped[place] ^= 0x41
        path.write_bytes(flipped)
        try:
            found = read(path)
        except InputError as error:
            assert "flipped.h5" in str(error)
            refused += 1
        else:
            assert found == undamaged, f"byte {place} was flipped, and read"
    assert refused > 50


def test_a_damaged_chunk_is_laid_to_its_own_file_and_a_failed_write_to_none(stored, tmp_path):
    flipped, other = bytearray(stored.read_bytes()), tmp_path / "other.h5"
    place = flipped.find(np.arange(64, 128, dtype=np.float32).tobytes())
    flipped[place] ^= 1
    other.write_bytes(flipped)
    # The damaged file is the outer one: the inner must not be blamed.
    with (
        pytest.raises(InputError, match=r"other\.h5, dataset 'feature'"),
        hdf5.open_h5(other, "feature") as damaged,
        hdf5.open_h5(stored, "feature"),
    ):
        damaged["feature"][1]
    with pytest.raises(OSError, match="No space left") as caught, hdf5.open_h5(stored, "feature"):
        raise OSError(28, "Can't synchronously write data: No space left on device")
    assert not isinstance(caught.value, InputError)


@pytest.fixture
def locked(stored):
    """The file while another holds its lock: to ask for one fails, as it does where a file system has none."""
    with stored.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield stored


def test_reading_needs_no_lock(locked):
    assert read(locked)[2] == IDS


def test_a_coreset_resumes_from_its_checkpoint_without_a_lock(tmp_path):
    path = tmp_path / "checkpoint.h5"
    state = coreset_checkpoint.State(np.arange(2), np.ones(2), np.ones(5), np.zeros(5, np.int32))
    coreset_checkpoint.save(path, state, "these points")
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = coreset_checkpoint.load(path, "these points", 5, 2)
    assert found is not None
    np.testing.assert_array_equal(found.index, state.index)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENOLCK])
def test_a_file_that_the_system_refuses_is_not_to_be_deleted(stored, monkeypatch, number):
    def refused(*arguments, **options):
        raise OSError(number, "no")

    monkeypatch.setattr(h5py, "File", refused)
    with pytest.raises(InputError, match="file system") as caught:
        read(stored)
    assert "delete" not in str(caught.value)


def test_a_chunk_that_the_system_refuses_is_not_called_damaged(stored, monkeypatch):
    def refused(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(InputError, match="file system") as caught, hdf5.open_h5(stored, "feature") as file:
        monkeypatch.setattr(h5py.Dataset, "__getitem__", refused)
        file["feature"][0]
    assert "delete" not in str(caught.value)
    assert "damaged" not in str(caught.value)


def test_a_missing_and_a_truncated_file_are_still_to_be_made_anew(stored, tmp_path):
    truncated = tmp_path / "truncated.h5"
    truncated.write_bytes(stored.read_bytes()[:-100])
    for path in (truncated, tmp_path / "missing.h5"):
        with pytest.raises(InputError, match=f"delete .*{path.name}"):
            read(path)
