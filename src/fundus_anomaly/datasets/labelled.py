"""Abnormal photographs beside the benchmark: what a method that learns from labels may see."""

from __future__ import annotations

import pandas as pd

from fundus_anomaly.datasets.columns import ABNORMAL
from fundus_anomaly.datasets.patients import person
from fundus_anomaly.errors import InputError, Problem


def abnormal_beside(unused: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the unused photographs that are labelled abnormal and whose patient is not tested.

    Args:
        unused: Rows that are not part of the benchmark, columns ``label`` and ``patient``.
        manifest: The benchmark's rows, columns ``split`` and ``patient``.
    """
    tested = set(manifest.loc[manifest["split"] == "test", "patient"].map(person))
    chosen = (unused["label"] == ABNORMAL) & ~unused["patient"].map(person).isin(tested)
    return unused[chosen].reset_index(drop=True)


def require_labelled(found: int, wanted: int, method: str, key: str = "") -> None:
    """Refuse fewer photographs that are labelled abnormal than a method learns from.

    Args:
        found: How many there are to learn from.
        wanted: How many it needs.
        method: Name of its module.
        key: The configuration's key that says how many it needs, if one does.

    Raises:
        InputError: If there are fewer.
    """
    if found < wanted:
        remedy = f"leave {method} out of compared.methods, or give photographs with labels that are not tested"
        remedy = f"lower {key}, {remedy}" if key else remedy
        allowed = f"at least {wanted} to learn from" + (f" ({key})" if key else "")
        raise InputError(Problem("photographs labelled abnormal, beside the test", str(found), allowed, remedy))
