"""A file that HDF5 can write to on a full disk: HDF5 itself crashes, without a message, once it sees a write fail."""

from __future__ import annotations

import io
import os

import h5py


class Sink(io.FileIO):
    """A new file whose first failed write is kept and whose later ones are passed over, so that HDF5 sees none.

    Args:
        path: The file.
    """

    def __init__(self, path: str | os.PathLike[str]):
        super().__init__(path, "w+")
        self.failure: OSError | None = None

    def write(self, data: memoryview) -> int:
        """Write all of the data, or keep the error; return the number of bytes either way."""
        waiting = memoryview(data).cast("B")
        total = len(waiting)
        try:
            while len(waiting) and self.failure is None:
                waiting = waiting[super().write(waiting) :]
        except OSError as error:
            self.failure = error
        return total

    def flush(self) -> None:
        """Do nothing: nothing waits to be written."""

    def raise_failure(self) -> None:
        """Raise the error of the first failed write, if there was one."""
        if self.failure is not None:
            raise self.failure


class SinkFile(h5py.File):
    """A new HDF5 file in a sink.

    Args:
        sink: The file that takes its bytes.
        user_block: Bytes at its beginning that HDF5 leaves alone: 0, or a power of two from 512.
    """

    def __init__(self, sink: Sink, user_block: int = 0):
        super().__init__(sink, "w", libver="latest", userblock_size=user_block or None)
        self.sink = sink


class SinkDataset(h5py.Dataset):
    """A dataset that reports a failed write as soon as values are given to it."""

    def __init__(self, dataset: h5py.Dataset, sink: Sink):
        super().__init__(dataset.id)
        self._sink = sink

    def __setitem__(self, place: object, values: object) -> None:
        """Write values; raise OSError if they, or earlier ones, could not be written."""
        super().__setitem__(place, values)
        self._sink.raise_failure()
