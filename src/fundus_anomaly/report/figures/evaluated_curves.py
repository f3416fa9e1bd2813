"""From the evaluations of several methods to the curves that a figure draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fundus_anomaly.report.figures.curves import Curve, Interval


def curves_of(
    methods: Sequence[str], evaluations: Sequence[tuple[pd.DataFrame, pd.DataFrame]], level: str, score: str
) -> list[Curve]:
    """Return the curve of each method that has one at a level.

    Args:
        methods: Their names.
        evaluations: Of each, the long table of figures and that of curves, as the rule ``evaluate`` writes them.
        level: ``"image"`` or ``"pixel"``.
        score: The image score, ``""`` for pixels.
    """
    found = [_curve(name, *tables, level, score) for name, tables in zip(methods, evaluations, strict=True)]
    return [curve for curve in found if curve is not None]


def prevalence(metrics: pd.DataFrame, level: str) -> float:
    """Return the share of positives among the images or pixels that were evaluated."""
    row = metrics[(metrics["level"] == level) & (metrics["metric"] == "auc") & (metrics["subset"] == "all")].iloc[0]
    return row["positives"] / max(1, row["positives"] + row["negatives"])


def _curve(method: str, metrics: pd.DataFrame, curves: pd.DataFrame, level: str, score: str) -> Curve | None:
    sweep = curves[(curves["level"] == level) & (curves["subset"] == "all") & (curves["score"].fillna("") == score)]
    roc, recall = (sweep[sweep["curve"] == name] for name in ("roc", "precision_recall"))
    if roc.empty or recall.empty:
        return None
    chosen = metrics[
        (metrics["level"] == level) & (metrics["subset"] == "all") & (metrics["score"].fillna("") == score)
    ].set_index("metric")

    def interval(metric: str) -> Interval:
        row = chosen.loc[metric]
        return Interval(row["value"], row["low"], row["high"])

    # Both curves sweep the same threshold; each is brought to the ROC's.
    falling = recall.sort_values("threshold", ascending=False, kind="stable")
    place = np.searchsorted(-falling["threshold"].to_numpy(), -roc["threshold"].to_numpy(), side="right") - 1
    precision = np.where(place < 0, 1.0, falling["y"].to_numpy()[np.maximum(place, 0)])
    return Curve(
        method,
        roc["threshold"].to_numpy(),
        roc["x"].to_numpy(),
        roc["y"].to_numpy(),
        precision,
        interval("auc"),
        interval("average_precision"),
        float(chosen.loc["threshold_at_normal_quantile", "value"]),
    )
