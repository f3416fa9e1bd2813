"""Normal image, artificial anomalous image and what was pasted, side by side (LesionPaste, Fig. 1C)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.style import QUIET, new_figure, shortened, styled

_PANEL_INCHES = 2.2
_DIMMED = 0.35


@dataclass(frozen=True)
class Row:
    """One normal image and its twin.

    Attributes:
        id: Id of the normal image.
        mix: Types of lesion that were asked for, e.g. ``"MA, HE"``.
        lesions: Number of lesions pasted.
        normal: ``(S, S, 3)`` uint8 RGB.
        synthetic: ``(S, S, 3)`` uint8 RGB.
        masks: ``(S, S)`` unsigned, a bit for each of ``kinds``.
        kinds: The types that the bits stand for.
    """

    id: str
    mix: str
    lesions: int
    normal: np.ndarray
    synthetic: np.ndarray
    masks: np.ndarray
    kinds: tuple[str, ...]


@styled
def draw(rows: Sequence[Row], colours: Mapping[str, str] | None = None) -> Figure:
    """Draw one row for each image.

    Args:
        rows: At least one; they share their ``kinds``.
        colours: Colour of each type; by default :func:`.lesion_colours.lesion_colours` of the bank's types.
    """
    colours = colours or lesion_colours(rows[0].kinds)
    figure = new_figure(3 * _PANEL_INCHES, len(rows) * (_PANEL_INCHES + 0.25) + 0.5)
    axes = figure.subplots(len(rows), 3, squeeze=False)
    for panel, title in zip(axes[0], ("normal image", "artificial anomalous image", "pasted lesions"), strict=True):
        panel.set_title(title)
    for panels, row in zip(axes, rows, strict=True):
        for panel, picture in zip(panels, (row.normal, row.synthetic, coloured(row, colours)), strict=True):
            panel.imshow(picture)
            panel.set_xticks([])
            panel.set_yticks([])
            for spine in panel.spines.values():
                spine.set_visible(False)
        panels[0].set_ylabel(f"{row.mix}: {row.lesions} pasted")
        panels[0].set_xlabel(shortened(row.id, 40), fontsize=6, color=QUIET)
    figure.legend(
        handles=[Patch(color=colours[kind], label=kind) for kind in rows[0].kinds],
        loc="outside lower right",
        ncols=min(len(rows[0].kinds), 6),
    )
    return figure


def coloured(row: Row, colours: Mapping[str, str]) -> np.ndarray:
    """Return the normal image in dim grey with each type of pasted lesion in its colour, ``(S, S, 3)`` uint8."""
    grey = np.repeat(row.normal.mean(axis=2, keepdims=True) * _DIMMED, 3, axis=2)
    for bit, kind in enumerate(row.kinds):
        rgb = [int(colours[kind][start : start + 2], 16) for start in (1, 3, 5)]
        grey[(row.masks >> bit) & 1 > 0] = rgb
    return grey.round().astype(np.uint8)
