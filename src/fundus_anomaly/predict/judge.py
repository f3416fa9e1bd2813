"""Judging photographs: what was said of one before is taken as it is, and what is new goes through the detector."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from fundus_anomaly.api import Detector
from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.predict.store import Judged, Store, key_of
from fundus_anomaly.quality.statistics import Statistics
from fundus_anomaly.quality.verdict import NOT_JUDGED
from fundus_anomaly.report.figures.heat_map import Scale, levels

_JPEG_QUALITY = 92
_AGAIN = "see to the file, then run the same command again; what was judged is kept"
FIGURES = ("score", "percentile", "p_value", "unusual")
MEASURED = (*Statistics._fields, "distance")


class Row(NamedTuple):
    """One photograph and where what was said of it lies.

    Attributes:
        key: Of the store; empty where the photograph cannot be judged.
        judged: What was said, or None.
        reason: Why its file cannot be judged; what is said of its quality stands in ``judged``.
    """

    key: str
    judged: Judged | None
    reason: str

    def figures(self) -> dict[str, object]:
        """Return the row of a table: ``key``, ``quality``, ``reason``, :data:`FIGURES` and :data:`MEASURED`.

        Figures are NaN where the photograph cannot be judged, and measures where it could not be read.
        """
        nothing = dict.fromkeys((*FIGURES, *MEASURED), math.nan)
        if self.judged is None:
            return {"key": self.key, "quality": NOT_JUDGED, "reason": self.reason} | nothing
        about = {"key": self.key, "quality": self.judged.quality, "reason": self.judged.reason}
        if self.judged.quality == NOT_JUDGED:
            return about | nothing | dict(self.judged.measured)
        return about | {name: float(getattr(self.judged, name)) for name in FIGURES} | dict(self.judged.measured)


def read_judged(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return the table of :meth:`Row.figures`, with ``path`` and ``id`` of the photographs.

    Raises:
        InputError: If it is not what was written.
    """
    numbers, texts = (*FIGURES, *MEASURED), ("key", "id", "path", "quality", "reason")
    table = read_results_table(path, dict.fromkeys((*texts, *numbers), "str"))
    return table.assign(**{name: table[name].replace("", "nan").astype("float64") for name in numbers})


def judge(paths: Sequence[str], detector: Detector, store: Store, made: str, threads: int) -> Iterator[Row]:
    """Yield what a detector says of each photograph, in order; what is new is put into the store at once.

    A run that is killed has kept all that it had judged. Photographs of the same bytes are judged once. What is kept is
    of the bytes that it is known by: a file that was written to meanwhile is refused.

    Args:
        paths: The photographs.
        detector: Judges what is new.
        store: What was said before.
        made: From :func:`.store.made_by`.
        threads: How many photographs are read at once.

    Raises:
        InputError: At the end, with every file that could not be read or was written to meanwhile: unlike a file that
            is no photograph, it has to be judged once that is over. All others are judged then.
    """
    problems: list[Problem] = []
    for path, key in zip(paths, ordered_map(lambda path: _key(path, made), paths, threads), strict=True):
        if isinstance(key, OSError):
            problems.append(Problem(path, f"a file that cannot be read ({key.strerror})", "one that can", _AGAIN))
            continue
        known = store.read(key)
        if known is not None:
            yield Row(key, known, "")
            continue
        row = _judged(path, key, detector)
        if _key(path, made) != key:
            problems.append(Problem(path, "a file that was written to meanwhile", "one that stays as it is", _AGAIN))
            continue
        if row.judged is not None:
            store.write(key, row.judged)
        yield row
    raise_if_any(problems)


def _judged(path: str, key: str, detector: Detector) -> Row:
    try:
        return Row(key, judge_one(path, detector), "")
    except InputError as error:
        return Row("", None, "; ".join(f"{one.found} (allowed: {one.allowed})" for one in error.problems))


def judge_one(path: str, detector: Detector) -> Judged:
    """Return what a detector says of a photograph, with its pictures; one that cannot be judged has no heat map.

    Raises:
        InputError: If the photograph cannot be decoded.
    """
    found = detector.score(path)
    said, measured = found.calibrated, found.statistics._asdict() | {"distance": found.typical}
    photograph = _encoded(".jpg", found.image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    figures = float(said.score), float(said.percentile), float(said.p_value), bool(said.unusual)
    heat = None
    if found.quality.outcome != NOT_JUDGED:
        painted = levels(said.map, found.field_of_view, Scale(*detector.trained.colours))
        heat = _encoded(".png", painted)
    return Judged(*figures, *found.quality, measured, photograph, heat)


def _key(path: str, made: str) -> str | OSError:
    try:
        return key_of(sha256(path), made)
    except OSError as error:
        return error


def _encoded(ending: str, image: np.ndarray, options: Sequence[int] = ()) -> np.ndarray:
    return cv2.imencode(ending, image[..., ::-1] if image.ndim == 3 else image, list(options))[1].ravel()
