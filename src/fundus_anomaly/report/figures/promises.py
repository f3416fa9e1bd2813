"""What p-values promise and what they deliver: false alarms among the test's normals, and sensitivity."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fundus_anomaly.evaluation.promises import Promises, chance_band, delivered
from fundus_anomaly.report.figures.style import QUIET, line_of, new_figure, styled

_STEPS = 1001


@styled
def draw(found: Mapping[str, Promises], confidence: float) -> Figure:
    """Draw the share of images with p ≤ α against α: normals on the left, abnormal images on the right.

    Args:
        found: By method; the band is that of the first.
        confidence: Of the band of chance, as 0.95.
    """
    promised = np.linspace(0, 1, _STEPS)
    first = next(iter(found.values()))
    abnormal = any(len(one.abnormal) for one in found.values())
    figure = new_figure(6.8 if abnormal else 3.6, 3.9 + 0.16 * len(found))
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    left, *right = figure.subplots(1, 1 + abnormal, squeeze=False)[0]
    low, high = chance_band(first.held_out, len(first.normal), promised, confidence)
    left.fill_between(promised, low, high, color=QUIET, alpha=0.18, linewidth=0, step="post")
    left.plot([0, 1], [0, 1], color=QUIET, linewidth=0.6, linestyle=(0, (2, 2)))
    for number, (method, one) in enumerate(found.items()):
        _draw(left, promised, one.normal, number, f"{method} (p = {one.same:.2g})")
        for axes in right:
            _draw(axes, promised, one.abnormal, number, method)
    left.plot([], [], color=QUIET, alpha=0.3, linewidth=6, label=f"{100 * confidence:g} % by chance")
    _finish(left, f"{len(first.normal)} normal images", "false alarms delivered")
    for axes in right:
        _finish(axes, f"{len(first.abnormal)} abnormal images", "sensitivity")
    return figure


def _draw(axes: Axes, promised: np.ndarray, found: np.ndarray, number: int, label: str) -> None:
    axes.plot(promised, delivered(found, promised), drawstyle="steps-post", label=label, **line_of(number))


def _finish(axes: Axes, title: str, y: str) -> None:
    axes.set(title=title, xlabel="false alarms promised, α", ylabel=y)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.16), borderaxespad=0)
