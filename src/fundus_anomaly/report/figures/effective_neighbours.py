"""How many positions the spatial attention of eq. 4 averages over, by reading of the equation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from fundus_anomaly.report.figures.style import METHOD_COLOURS, QUIET, new_figure, styled
from fundus_anomaly.report.number_format import significant


@styled
def draw(neighbours: Mapping[str, np.ndarray], positions: int) -> Figure:
    """Draw one box a reading: median, quartiles and the 5th and 95th percentile, on a logarithmic axis.

    Args:
        neighbours: For each reading, ``(m,)`` float, the effective number of neighbours, exp of the entropy of a
            row of the softmax, between 1 and ``positions``.
        positions: Number of positions that a row of the softmax is spread over, h·w.
    """
    figure = new_figure(6.0, 0.9 + 0.38 * len(neighbours))
    axes = figure.subplots()
    axes.boxplot(
        list(neighbours.values()),
        orientation="horizontal",
        whis=(5, 95),
        showfliers=False,
        widths=0.55,
        patch_artist=True,
        boxprops={"facecolor": METHOD_COLOURS[0], "alpha": 0.35, "linewidth": 0.8},
        medianprops={"color": METHOD_COLOURS[0], "linewidth": 2},
        tick_labels=list(neighbours),
    )
    for place, values in enumerate(neighbours.values(), 1):
        axes.annotate(
            significant(float(np.median(values)), 2),
            (np.median(values), place),
            (0, 13),
            textcoords="offset points",
            ha="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
    axes.set_xscale("log")
    axes.set_xlim(0.8, positions * 1.3)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    for end, text, side in ((1, "one position", "left"), (positions, f"all {positions}", "right")):
        axes.axvline(end, color=QUIET, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.annotate(
            text,
            (end, 1),
            (3 if side == "left" else -3, 2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha=side,
            color=QUIET,
            fontsize=7,
        )
    axes.set_xlabel("effective number of neighbours")
    axes.invert_yaxis()
    return figure
