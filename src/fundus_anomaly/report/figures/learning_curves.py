"""Learning curves: loss and validation AUC over the epochs of each training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from fundus_anomaly.report.figures.style import METHOD_COLOURS, new_figure, shortened, styled

_PANELS = (("loss", "loss, training"), ("validation_loss", "loss, validation"), ("validation_auc", "AUC, validation"))


@styled
def draw(histories: Mapping[str, Sequence[pd.DataFrame]]) -> Figure:
    """Draw one line a training; repeats of a row share its colour.

    Args:
        histories: For each row of the table the history of each repeat, columns ``epoch``, ``loss``,
            ``validation_loss`` and ``validation_auc``.
    """
    figure = new_figure(7.5, 2.8)
    axes = figure.subplots(1, len(_PANELS))
    for panel, (column, title) in zip(axes, _PANELS, strict=True):
        for number, (row, repeats) in enumerate(histories.items()):
            for repeat, history in enumerate(repeats):
                colour = METHOD_COLOURS[number % len(METHOD_COLOURS)]
                label = shortened(row, 40) if repeat == 0 else None
                panel.plot(history["epoch"], history[column], color=colour, label=label, marker=".", markersize=3)
        panel.set_title(title)
        panel.set_xlabel("epoch")
    axes[-1].set_ylim(-0.02, 1.02)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure
