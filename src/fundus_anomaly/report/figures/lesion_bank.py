"""Contact sheet of a lesion bank: its lesions as they were cut out, largest and smallest of each type."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from fundus_anomaly.methods.lesionpaste.lesion import Lesion
from fundus_anomaly.report.figures.style import QUIET, new_figure, shortened, styled

_TILE_INCHES = 0.85
_BESIDE = 235


def shown(lesions: Sequence[Lesion], count: int) -> list[Lesion]:
    """Return at most ``count`` lesions spread evenly over the order of their areas, the largest first."""
    ordered = sorted(lesions, key=lambda lesion: (-lesion.area, lesion.source, lesion.box))
    if len(ordered) <= count:
        return ordered
    return [ordered[place] for place in np.linspace(0, len(ordered) - 1, count).round().astype(int)]


@styled
def draw(lesions: Sequence[Lesion], columns: int, rows_a_type: int) -> Figure:
    """Draw the sheet; each lesion fills its tile, with its height and width as shares of the retina beneath.

    Args:
        lesions: The bank, at least one lesion.
        columns: Tiles in a row.
        rows_a_type: At most so many rows for each type of lesion; from more, an even choice by area is shown.
    """
    kinds = list(dict.fromkeys(lesion.kind for lesion in lesions))
    tiles = {kind: [lesion for lesion in lesions if lesion.kind == kind] for kind in kinds}
    chosen = {kind: shown(of_kind, columns * rows_a_type) for kind, of_kind in tiles.items()}
    rows = {kind: -(-len(of_kind) // columns) for kind, of_kind in chosen.items()}
    heights = [rows[kind] * (_TILE_INCHES + 0.2) + 0.3 for kind in kinds]
    figure = new_figure(columns * _TILE_INCHES, sum(heights))
    sections = figure.subfigures(len(kinds), 1, height_ratios=heights, squeeze=False)[:, 0]
    sources = len({lesion.source for lesion in lesions})
    for section, kind in zip(sections, kinds, strict=True):
        of_kind = tiles[kind]
        area = np.array([lesion.area / (np.pi / 4 * lesion.retina**2) for lesion in of_kind]).sum() / sources
        said = f"{kind}: {len(of_kind)} lesions, {area:.3%} of the retina"
        left_out = len(of_kind) - len(chosen[kind])
        section.suptitle(said + (f" ({left_out} not shown)" if left_out else ""), fontsize=9, x=0.01, ha="left")
        axes = section.subplots(rows[kind], columns, squeeze=False).ravel()
        for panel in axes:
            panel.set_axis_off()
        for panel, lesion in zip(axes, chosen[kind], strict=False):
            panel.imshow(np.where(lesion.mask[..., None], lesion.patch, np.uint8(_BESIDE)), interpolation="nearest")
            height, width = (100 * side / lesion.retina for side in lesion.mask.shape)
            # Its height given, the title looks for no ticks to keep clear of: a third of the drawing's time.
            panel.set_title(f"{height:.1f} × {width:.1f} %", fontsize=5, color=QUIET, pad=1, y=1)
    footer = ", ".join(dict.fromkeys(shortened(lesion.source, 40) for lesion in lesions))
    figure.text(0.99, 0.0, footer, fontsize=6, color=QUIET, ha="right", va="bottom")
    return figure
