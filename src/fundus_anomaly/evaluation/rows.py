"""The long table that an evaluation gives: one figure a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

NAN = float("nan")


class Row(NamedTuple):
    """One figure.

    Attributes:
        level: "image" or "pixel".
        metric: Its name, e.g. "auc".
        score: Name of the image score; "" at the pixel level.
        subset: "all", "abnormal_only", "lesion:MA", "grade:2", …
        value: The figure; NaN where it is undefined.
        low: Lower end of its interval; NaN if it has none.
        high: Upper end.
        positives: Abnormal images, or lesion pixels.
        negatives: Normal images, or pixels without any lesion.
        note: Why the value is undefined, or how it differs from the usual; or "".
    """

    level: str
    metric: str
    score: str
    subset: str
    value: float
    low: float
    high: float
    positives: int
    negatives: int
    note: str


def table(rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows as a table with the columns of :class:`Row`."""
    kinds = {"value": float, "low": float, "high": float, "positives": "int64", "negatives": "int64"}
    return pd.DataFrame(list(rows), columns=list(Row._fields)).astype(kinds)
