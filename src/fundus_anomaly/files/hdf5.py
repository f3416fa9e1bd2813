"""HDF5 files that are whole or absent, with a checksum on every chunk."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files import provenance
from fundus_anomaly.files.hdf5_contents import misfit
from fundus_anomaly.files.hdf5_sink import Sink, SinkDataset, SinkFile
from fundus_anomaly.files.whole import whole


@contextmanager
def create_h5(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """Yield a new HDF5 file that appears under ``path`` only once the block has ended without an error.

    It begins with the :mod:`.provenance` of the work in progress, in HDF5's user block.

    Raises:
        OutputError: If the disk is full or the folder cannot be written; ``path`` is then as it was before.
    """
    with whole(path) as temporary, Sink(temporary) as sink:
        try:
            block = provenance.user_block()
            with SinkFile(sink, len(block)) as file:
                yield file
            sink.seek(0)
            sink.write(block)
        finally:
            # Raise the original error; HDF5's own is only a consequence of it.
            sink.raise_failure()


def create_dataset(
    file: h5py.File, name: str, shape: tuple[int, ...], dtype: np.typing.DTypeLike, *, compress: bool = False
) -> h5py.Dataset:
    """Create a dataset with one chunk per item of its first axis and a Fletcher-32 checksum on each chunk.

    Args:
        file: The open file.
        name: Name of the dataset.
        shape: ``(n, …)``, one chunk for each of the n items.
        dtype: Its type.
        compress: Whether chunks are compressed (LZF, lossless).
    """
    if 0 in shape:
        return file.create_dataset(name, shape, dtype)
    chunk = (1, *shape[1:]) if len(shape) > 1 else (min(shape[0], 4096),)
    dataset = file.create_dataset(
        name, shape, dtype, chunks=chunk, fletcher32=True, compression="lzf" if compress else None
    )
    return SinkDataset(dataset, file.sink) if isinstance(file, SinkFile) else dataset


def write_array(file: h5py.File, name: str, values: np.ndarray) -> None:
    """Write an array as a dataset with checksums, see :func:`create_dataset`."""
    create_dataset(file, name, values.shape, values.dtype)[...] = values


def write_texts(file: h5py.File, name: str, texts: Sequence[str]) -> None:
    """Write texts, one for each item of the file's datasets, as a dataset of UTF-8 strings.

    Their length is fixed by the longest: HDF5 keeps texts of variable length outside of what checksums protect.
    """
    encoded = [text.encode() for text in texts]
    kind = h5py.string_dtype("utf-8", max([1, *map(len, encoded)]))
    create_dataset(file, name, (len(encoded),), kind)[...] = np.array(encoded, kind)


def write_ids(file: h5py.File, ids: Sequence[str]) -> None:
    """Write the image ids, one for each item of the file's datasets, as the dataset ``id``."""
    write_texts(file, "id", ids)


def read_texts(file: h5py.File, name: str, remedy: str = "") -> list[str]:
    """Return the texts that :func:`write_texts` wrote.

    Args:
        file: Open for reading.
        name: Of the dataset.
        remedy: As in :func:`open_h5`.

    Raises:
        InputError: If they are no texts in UTF-8.
    """
    try:
        return [str(text) for text in file[name].asstr("utf-8")[:]]
    except (TypeError, UnicodeDecodeError) as error:
        remedy = remedy or f"delete {file.filename} and run the same command again; the workflow makes it again"
        where = f"{file.filename}, dataset {name!r}"
        raise InputError(Problem(where, f"values that are not texts ({error})", "texts in UTF-8", remedy)) from error


def read_ids(file: h5py.File) -> list[str]:
    """Return the image ids that :func:`write_ids` wrote."""
    return read_texts(file, "id")


def read_all(file: h5py.File) -> None:
    """Read every chunk once, so that damage is reported here, where the file's name is still known."""
    for dataset in file.values():
        for place in dataset.iter_chunks() if dataset.chunks else [()]:
            dataset[place]


def open_for_reading(path: str | os.PathLike[str]) -> h5py.File:
    """Return an HDF5 file opened for reading, without a lock.

    HDF5 would lock it, and some file systems have no locks (NFS and Lustre, as they may be mounted). None is needed:
    a file has its name only once it is whole, and nothing changes it from then on.

    Raises:
        OSError: If the file cannot be opened; with ``errno`` if the system refused, without if it is no whole HDF5.
    """
    return h5py.File(path, "r", locking=False)


@contextmanager
def open_h5(path: str | os.PathLike[str], *datasets: str, remedy: str = "") -> Iterator[h5py.File]:
    """Yield an HDF5 file opened for reading, after checking that it is whole and holds what is needed.

    Args:
        path: The file.
        *datasets: Names of the datasets that must be in it, each as :mod:`.hdf5_contents` says.
        remedy: What to do about a file that is not; by default to delete it, since the workflow makes it again.

    Raises:
        InputError: If the file is missing, truncated or not HDF5, lacks a dataset, or has one that is reached through
            a link, of another type or not stored whole; also if a chunk read inside the block fails its checksum.
    """
    path = Path(path)
    remedy = remedy or f"delete {path} and run the same command again; the workflow makes it again"
    try:
        file = open_for_reading(path)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(_unreadable(path, error, "a whole HDF5 file", remedy)) from error
    with file:
        raise_if_any(
            Problem(f"{path}, dataset {name!r}", found, "a dataset stored in this file", remedy)
            for name in datasets
            if (found := misfit(file, name))
        )
        try:
            yield file
        except OSError as error:
            # The block may have failed on another file; HDF5's message does not say which.
            damaged = _damaged(file)
            if not damaged:
                raise
            raise InputError(
                Problem(f"{path}, dataset {name!r}", f"a damaged chunk ({found})", "a chunk as it was written", remedy)
                if _of_content(found)
                else _unreadable(f"{path}, dataset {name!r}", found, "a chunk that can be read", remedy)
                for name, found in damaged.items()
            ) from error


def _of_content(error: Exception) -> bool:
    """Return whether an error is of what the file holds; the system's own errors have a number."""
    return getattr(error, "errno", None) in (None, errno.ENOENT)


def _unreadable(where: str | os.PathLike[str], error: Exception, allowed: str, remedy: str) -> Problem:
    """Return the problem of a file that cannot be read; one that the system refuses to read may be whole."""
    if not _of_content(error):
        remedy = "check the file's permissions and its file system, then run the same command again; keep the file"
    return Problem(str(where), f"an unreadable file ({error})", allowed, remedy)


def _damaged(file: h5py.File) -> dict[str, Exception]:
    """Return the datasets that hold a chunk that cannot be read, each with its error."""
    damaged = {}
    for name in file:
        try:
            dataset = file[name]
            for place in dataset.iter_chunks() if dataset.chunks else [()]:
                dataset[place]
        except (OSError, KeyError, RuntimeError) as error:
            damaged[name] = error
    return damaged
