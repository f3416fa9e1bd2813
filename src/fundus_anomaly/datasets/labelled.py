"""Abnormal photographs beside the benchmark: what a method that learns from labels may see."""

from __future__ import annotations

import pandas as pd

from fundus_anomaly.datasets.columns import ABNORMAL
from fundus_anomaly.datasets.patients import person


def abnormal_beside(unused: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the unused photographs that are labelled abnormal and whose patient is not tested.

    Args:
        unused: Rows that are not part of the benchmark, columns ``label`` and ``patient``.
        manifest: The benchmark's rows, columns ``split`` and ``patient``.
    """
    tested = set(manifest.loc[manifest["split"] == "test", "patient"].map(person))
    chosen = (unused["label"] == ABNORMAL) & ~unused["patient"].map(person).isin(tested)
    return unused[chosen].reset_index(drop=True)
