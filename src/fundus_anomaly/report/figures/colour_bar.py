"""The bar that explains the colours of heat maps."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from fundus_anomaly.report.figures.heat_map import Scale
from fundus_anomaly.report.figures.style import HEAT_COLOUR_MAP
from fundus_anomaly.report.number_format import short

# Of the panel's width, free on both sides: the figures of two bars side by side do not touch.
_MARGIN = 0.06
# With more of them, the middle would touch the ends.
_MAX_LETTERS = 18


def bar_ends(scale: Scale) -> tuple[str, str, str]:
    """Return the numbers at a bar's beginning, middle and end; its colours continue beyond both ends."""
    low, middle, high = short([scale.low, (scale.low + scale.high) / 2, scale.high])
    return f"≤ {low}", middle, f"≥ {high}"


def draw_bar(panel: Axes, scale: Scale, label: str) -> None:
    """Fill a low, wide panel with the colour map, its two ends and its middle named.

    Args:
        panel: An empty panel; its height is the bar's.
        scale: What the ends of the colour map stand for.
        label: What is shown, below the bar.
    """
    panel.imshow(
        np.linspace(scale.low, scale.high, 256)[None],
        aspect="auto",
        cmap=HEAT_COLOUR_MAP,
        vmin=scale.low,
        vmax=scale.high,
        extent=(0, 1, 0, 1),
    )
    panel.set_xlim(-_MARGIN, 1 + _MARGIN)
    low, middle, high = bar_ends(scale)
    named = {0: (low, "left"), 0.5: (middle, "center"), 1: (high, "right")}
    if len(low + middle + high) > _MAX_LETTERS:
        del named[0.5]
    panel.set_xticks(list(named), [text for text, _ in named.values()])
    # The outer figures stay inside the bar's width, or they would run into the next panel's.
    for tick, (_, side) in zip(panel.get_xticklabels(), named.values(), strict=True):
        tick.set_horizontalalignment(side)
    panel.set_yticks([])
    panel.set_xlabel(label, fontsize=7)
    for spine in panel.spines.values():
        spine.set_visible(False)
