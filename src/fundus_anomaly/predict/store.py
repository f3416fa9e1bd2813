"""What a detector said of photographs: a file a photograph, known by its content, so that none is judged twice."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_texts, write_array, write_texts
from fundus_anomaly.quality.verdict import NOT_JUDGED

_ENDING = ".h5"


@dataclass(frozen=True)
class Judged:
    """What a detector said of one photograph, with its pictures.

    Attributes:
        score: The image score of the map calibrated by position.
        percentile: Share of the held-out normals whose score is lower, in percent.
        p_value: How rare such a score is among normals.
        unusual: Whether the score is at or above the threshold.
        quality: Whether the photograph can be judged, :mod:`..quality.verdict`.
        reason: Why not, or why with care.
        measured: The statistics of its quality.
        photograph: ``(n,)`` uint8, the photograph as it was judged, as JPEG.
        levels: ``(m,)`` uint8, how strongly each place of it is painted, as PNG, see :func:`..heat_map.levels`; None
            where it cannot be judged.
    """

    score: float
    percentile: float
    p_value: float
    unusual: bool
    quality: str
    reason: str
    measured: Mapping[str, float]
    photograph: np.ndarray
    levels: np.ndarray | None


_PICTURES, _SAID = ("photograph", "levels"), "said"


def key_of(content: str, made_by: str) -> str:
    """Return the name of what one detector says of one photograph, 64 hexadecimal digits.

    Args:
        content: SHA-256 of the photograph.
        made_by: Of the detector, the code and the libraries, see :func:`made_by`.
    """
    return hashlib.sha256(f"{content} {made_by}".encode()).hexdigest()


def made_by(detector: str, code: str, versions: Mapping[str, str], device: str) -> str:
    """Return a digest of all that decides what is said of a photograph, beside the photograph.

    Args:
        detector: SHA-256 of the detector's file.
        code: A digest of the modules that judging runs through, the script included.
        versions: By name, the versions of the libraries that decide values.
        device: ``"cpu"`` or ``"cuda"``, whose sums differ in their last digits.
    """
    return hashlib.sha256(json.dumps([detector, code, dict(versions), device], sort_keys=True).encode()).hexdigest()


class Store:
    """A folder with a file for each photograph that was judged.

    Args:
        folder: The folder; it is made when the first file is written.
        table: The table of what was judged, which names the files.
    """

    def __init__(self, folder: str | os.PathLike[str], table: str | os.PathLike[str]):
        self._folder, self._table = Path(folder), table

    def read(self, key: str) -> Judged | None:
        """Return what was said of a photograph, or None if that is not there or was damaged."""
        path = self._path(key)
        if not path.exists():
            return None
        try:
            with open_h5(path, _SAID, _PICTURES[0]) as file:
                pictures = {name: file[name][0] if name in file else None for name in _PICTURES}
                of, said = read_texts(file, _SAID)
                if of != key:
                    raise ValueError("it is another photograph's")
                judged = Judged(**json.loads(said), **pictures)
                if (judged.levels is None) != (judged.quality == NOT_JUDGED):
                    raise ValueError("a heat map is missing, or one too many")
                return judged
        except (InputError, OSError, KeyError, TypeError, ValueError) as error:
            logging.warning("%s is damaged: %s", path, error)
            return None

    def require(self, key: str) -> Judged:
        """Return what was said of a photograph.

        Raises:
            InputError: If that is not there.
        """
        if (known := self.read(key)) is None:
            remedy = f"delete {self._table} and run the same command again: the photograph is judged again"
            raise InputError(Problem(str(self._path(key)), "no whole file", "the file as it was written", remedy))
        return known

    def write(self, key: str, judged: Judged) -> None:
        """Keep what was said of a photograph, whole or not at all."""
        with create_h5(self._path(key)) as file:
            said = {name: value for name, value in asdict(judged).items() if name not in _PICTURES}
            # A dataset, since it has a checksum, and attributes have none.
            write_texts(file, _SAID, [key, json.dumps(said, sort_keys=True)])
            for name in _PICTURES:
                # One chunk, and so one checksum, for the whole picture.
                if (encoded := getattr(judged, name)) is not None:
                    write_array(file, name, encoded[None])

    def keep_only(self, keys: Collection[str]) -> None:
        """Remove what was said of all other photographs."""
        for path in self._folder.glob(f"*{_ENDING}"):
            if path.stem not in keys:
                path.unlink()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_ENDING}"
