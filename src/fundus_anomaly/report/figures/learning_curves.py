"""Learning curves: what trainings reported of their epochs, losses and validation AUC among it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from fundus_anomaly.report.figures.style import METHOD_COLOURS, new_figure, shortened, styled

_COLUMNS, _MANY = 3, 100
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


@styled
def draw_stages(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw a panel for each training, or for each stage of one that trains in stages, with a line a figure of it.

    Args:
        histories: For each training its epochs: ``epoch``, and its figures in columns of any name. A stage is known by
            its figures: they are missing from the epochs of the others.
    """
    panels = [(name, stage) for name, history in histories.items() for stage in stages_of(history)]
    rows = -(-max(len(panels), 1) // _COLUMNS)
    figure = new_figure(7.5, 2.4 * rows)
    axes = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for panel, (name, stage) in zip(axes, panels, strict=False):
        for number, column in enumerate(stage.columns[1:]):
            line = {"color": METHOD_COLOURS[number % len(METHOD_COLOURS)], "label": column.replace("_", " ")}
            panel.plot(stage["epoch"], stage[column], marker=".", markersize=3, **line)
        values = stage[stage.columns[1:]].to_numpy()
        if values.size and values.min() > 0 and values.max() > _MANY * values.min():
            panel.set_yscale("log")
        panel.set(title=shortened(name, 34), xlabel="epoch")
        panel.legend()
    for panel in axes[len(panels) :]:
        panel.set_axis_off()
    return figure


def stages_of(history: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the stages of a training, each with the figures that it has, in the order of its epochs."""
    reported = history.columns.drop("epoch")
    if reported.empty:
        return []
    stage = history[reported].notna().apply(tuple, axis=1)
    return [part.dropna(axis=1) for _, part in history.groupby(stage, sort=False)]
