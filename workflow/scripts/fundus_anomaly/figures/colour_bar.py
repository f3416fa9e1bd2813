"""The bar that says what the colours of heat maps stand for."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from .heat_map import Scale
from .style import HEAT_COLOUR_MAP


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
    values = [scale.low, (scale.low + scale.high) / 2, scale.high]
    panel.set_xticks([0, 0.5, 1], [f"{value:#.3g}" for value in values])
    # The outer figures stay inside the bar's width, or they would run into the next panel's.
    for text, side in zip(panel.get_xticklabels(), ("left", "center", "right"), strict=True):
        text.set_horizontalalignment(side)
    panel.set_yticks([])
    panel.set_xlabel(label, fontsize=7)
    for spine in panel.spines.values():
        spine.set_visible(False)
