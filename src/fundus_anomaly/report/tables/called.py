"""How many images of a test are called abnormal: all that can be said of a test without both classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fundus_anomaly.report.number_format import NONE, significant

_CLASSES = (("normals", 0, "normal"), ("abnormals", 1, "abnormal"), ("unlabelled", -1, "unlabelled"))
COLUMNS = tuple(f"{name}{end}" for name, _, _ in _CLASSES for end in ("", "_called"))
"""Numbers of images of each class, and of those of them that are called abnormal."""


def called_counts(scores: np.ndarray, labels: np.ndarray, threshold: float) -> dict[str, int]:
    """Return the numbers of :data:`COLUMNS`.

    Args:
        scores: ``(n,)`` float; an image is called abnormal if its score is at or above the threshold.
        labels: ``(n,)`` int, 0 normal, 1 abnormal, others unlabelled.
        threshold: NaN if there is none: no image is then called abnormal.
    """
    labels = np.where(np.isin(labels, (0, 1)), labels, -1)
    called = np.asarray(scores) >= threshold
    counts = {}
    for name, label, _ in _CLASSES:
        counts |= {name: int((labels == label).sum()), f"{name}_called": int(called[labels == label].sum())}
    return counts


def counted(row: Mapping[str, object]) -> bool:
    """Return whether a row of a machine-readable table has these numbers."""
    return COLUMNS[0] in row and not pd.isna(row[COLUMNS[0]])


def called_words(row: Mapping[str, object], beyond: str, false_alarms: float) -> str:
    """Return one row's numbers as a sentence.

    Args:
        row: A row with :data:`COLUMNS`.
        beyond: What makes an image abnormal, e.g. ``"above the threshold"``.
        false_alarms: The share of normal images that are expected to be called abnormal; NaN if it is unknown.
    """
    parts = []
    for name, _, word in _CLASSES:
        count = int(row[name])
        if count:
            kind = "" if name == "unlabelled" else f"{word} "
            parts.append(f"{count} {kind}photograph{'' if count == 1 else 's'}, {int(row[f'{name}_called'])} {beyond}")
    if not parts:
        return "no photograph"
    judged = int(row["normals"]) + int(row["unlabelled"])
    if judged and not np.isnan(false_alarms):
        parts[-1] += f" (false alarms expected: {significant(false_alarms * judged, 2)}"
        parts[-1] += " if all were normal)" if row["unlabelled"] else ")"
    return "; ".join(parts)


def called_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows' numbers as text for readers: a row a method, a column a class that the test has.

    Args:
        table: Columns ``method``, ``threshold`` if it is known, and :data:`COLUMNS`.
    """
    shown = {"method": table["method"].tolist()}
    if "threshold" in table:
        shown["threshold"] = [significant(float(value), 4) for value in table["threshold"]]
    for name, _, word in _CLASSES:
        if table[name].gt(0).any():
            cells = zip(table[f"{name}_called"], table[name], strict=True)
            shown[f"{word}, called abnormal"] = [f"{called} of {count}" if count else NONE for called, count in cells]
    return pd.DataFrame(shown)
