"""The numbers that Niu et al. (ReSAD) print in their Tables 1 to 3, kept as a file beside this module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

FILE = Path(__file__).parent / "published" / "resad.csv"
"""Columns table, dataset, method, metric (auc | balanced_accuracy), level (image | pixel), value."""

NOTE = (
    "Published rows: Niu et al., Region and Spatial Aware Anomaly Detection for Fundus Images; WideResNet-50 at "
    "784×784, coreset fraction 0.1. The paper names neither the images that its pixel AUC is over nor the threshold "
    "of its balanced accuracy; both are in the columns that suit them best (all test images; best on test)."
)


def published_rows(dataset: str, tables: Sequence[int]) -> pd.DataFrame:
    """Return the published figures for a dataset, one row a method in the order of print.

    Args:
        dataset: "idrid", "adam"; any other has no published figure.
        tables: Numbers of the paper's tables to take them from.

    Returns:
        Columns ``method``, ``image_auc``, ``image_balanced_accuracy``, ``pixel_auc``, ``pixel_balanced_accuracy``;
        NaN where the paper gives none; no row for a dataset that is not in the paper.
    """
    figures = pd.read_csv(FILE)
    figures = figures[(figures["dataset"] == dataset) & figures["table"].isin(tables)]
    figures = figures.assign(figure=figures["level"] + "_" + figures["metric"])
    columns = [f"{level}_{metric}" for level in ("image", "pixel") for metric in ("auc", "balanced_accuracy")]
    methods = figures["method"].drop_duplicates()
    wide = figures.pivot(index="method", columns="figure", values="value").reindex(index=methods, columns=columns)
    return wide.reset_index().rename_axis(columns=None)
