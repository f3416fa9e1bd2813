"""The numbers that the papers print in their tables, kept as one file beside this module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

FILE = Path(__file__).with_suffix(".csv")
"""Columns paper (resad | lesionpaste), table, dataset, method, level (image | pixel), metric (auc |
balanced_accuracy), subset (all | grade:1 … grade:4), value."""

NOTE = (
    "Published rows: Niu et al., Region and Spatial Aware Anomaly Detection for Fundus Images; WideResNet-50 at "
    "784×784, coreset fraction 0.1. The paper names neither the images that its pixel AUC is over nor the threshold "
    "of its balanced accuracy; both are in the columns that suit them best (all test images; best on test). "
    "f-AnoGAN is fAnoGAN in the paper."
)


_DOUBTS = {
    ("resad", "idrid"): (
        "ReSAD prints the same pair, .687 and .638, for the pixels of Auto-Encoder and of WDMT-Net on IDRiD, whose "
        "pairs on ADAM differ: very likely a slip of copying, and no figure to be reached by either."
    ),
    ("lesionpaste", "eyeq"): (
        "The published f-AnoGAN is at chance on EyeQ (.515), and far from it on MosMed (.900): a figure about .5 here "
        "agrees with the paper."
    ),
}


def doubts(paper: str, dataset: str) -> list[str]:
    """Return what makes published figures of other methods doubtful, a note each; arguments as :func:`published`."""
    return [_DOUBTS[paper, dataset]] if (paper, dataset) in _DOUBTS else []


def published(paper: str, dataset: str, tables: Sequence[str]) -> pd.DataFrame:
    """Return the published figures of a paper for a dataset, in the order of print; none for one that is not in it.

    Args:
        paper: ``"resad"`` (Niu et al.) or ``"lesionpaste"`` (Huang et al.).
        dataset: As the configuration names it.
        tables: Numbers of the paper's tables to take them from.
    """
    figures = pd.read_csv(FILE, dtype={"table": str})
    wanted = (figures["paper"] == paper) & (figures["dataset"] == dataset) & figures["table"].isin(list(tables))
    return figures[wanted].reset_index(drop=True)


def methods_in_print(paper: str, tables: Sequence[str]) -> list[str]:
    """Return the methods of some of a paper's tables in the order of print, whatever the dataset."""
    figures = pd.read_csv(FILE, dtype={"table": str})
    wanted = (figures["paper"] == paper) & figures["table"].isin(list(tables))
    return list(figures.loc[wanted, "method"].drop_duplicates())


def published_by_subset(paper: str, dataset: str, table: str) -> pd.DataFrame:
    """Return a paper's image AUC by subset: columns ``method``, ``against`` (``grade_1`` … | ``all``), ``auc``."""
    figures = published(paper, dataset, [table])
    figures = figures[(figures["level"] == "image") & (figures["metric"] == "auc")]
    against = figures["subset"].str.replace(":", "_")
    return pd.DataFrame({"method": figures["method"], "against": against, "auc": figures["value"]})


def published_rows(dataset: str, tables: Sequence[int]) -> pd.DataFrame:
    """Return the published figures for a dataset, one row a method in the order of print.

    Args:
        dataset: "idrid", "adam"; any other has no published figure.
        tables: Numbers of the paper's tables to take them from.

    Returns:
        Columns ``method``, ``image_auc``, ``image_balanced_accuracy``, ``pixel_auc``, ``pixel_balanced_accuracy``;
        NaN where the paper gives none; no row for a dataset that is not in the paper.
    """
    figures = published("resad", dataset, list(map(str, tables)))
    figures = figures.assign(figure=figures["level"] + "_" + figures["metric"])
    columns = [f"{level}_{metric}" for level in ("image", "pixel") for metric in ("auc", "balanced_accuracy")]
    methods = figures["method"].drop_duplicates()
    wide = figures.pivot(index="method", columns="figure", values="value").reindex(index=methods, columns=columns)
    return wide.reset_index().rename_axis(columns=None)
