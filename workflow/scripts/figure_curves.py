"""Draw ROC and precision–recall curves of the methods, by image and by pixel."""

import numpy as np
import pandas as pd

from fundus_anomaly.files.sealed import read_csv
from fundus_anomaly.report.figures.curves import Curve, Interval, draw
from fundus_anomaly.report.pages.figure import save_with_page
from support.rule import run


def curve_of(method: str, metrics: pd.DataFrame, curves: pd.DataFrame, level: str, score: str) -> Curve | None:
    """Return one method's curve at a level, or None where the evaluation has none."""
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


def prevalence(metrics: pd.DataFrame, level: str) -> float:
    """Return the share of positives among the images or pixels that were evaluated."""
    row = metrics[(metrics["level"] == level) & (metrics["metric"] == "auc") & (metrics["subset"] == "all")].iloc[0]
    return row["positives"] / max(1, row["positives"] + row["negatives"])


def main(input, output, params):
    """Draw the figure as PNG and as a page."""
    tables = [(read_csv(m), read_csv(c)) for m, c in zip(input.metrics, input.curves, strict=True)]
    drawn = {}
    for level, score in (("image", params.image_score), ("pixel", "")):
        found = [curve_of(name, *pair, level, score) for name, pair in zip(params.methods, tables, strict=True)]
        drawn[level] = [curve for curve in found if curve is not None]
    shares = [prevalence(tables[0][0], level) for level in ("image", "pixel")]
    save_with_page(draw(drawn["image"], drawn["pixel"], *shares), output.picture, output.page, params.title, params.dpi)


if __name__ == "__main__":
    run(main, snakemake)
