"""Fig. A3 of LesionPaste: class activation, alone and over the photograph, with boxes around annotated lesions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from fundus_anomaly.report.figures.heat_map import Scale, overlay, painted
from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.style import QUIET, new_figure, shortened, styled
from fundus_anomaly.report.number_format import fixed

_PANEL_INCHES = 2.0
_WHOLE = Scale(0.0, 1.0)
# A box leaves this share of the image's side around the lesion, or it would hide a microaneurysm.
_MARGIN = 0.012


@dataclass(frozen=True)
class Row:
    """One image of the figure.

    Attributes:
        id: The image id.
        reason: Why the row was chosen, e.g. a lesion type; see :mod:`.row_choice`.
        grade: 0–4, or -1 where it is unknown.
        photograph: ``(S, S, 3)`` uint8 RGB, without the local average taken away.
        field_of_view: ``(S, S)``, 0 outside.
        coverage: ``(L, S, S)`` uint8, share of each pixel that is lesion; L may be 0.
        maps: For each method ``(S, S)`` float32 in 0 to 1.
        logit: The abnormal logit less the normal one.
    """

    id: str
    reason: str
    grade: int
    photograph: np.ndarray
    field_of_view: np.ndarray
    coverage: np.ndarray
    maps: Mapping[str, np.ndarray]
    logit: float


def lesion_boxes(coverage: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Return the box of each 8-connected lesion, ``(top, left, height, width)`` in pixels.

    Args:
        coverage: ``(S, S)`` uint8, share of each pixel that is lesion.
    """
    _, _, statistics, _ = cv2.connectedComponentsWithStats((coverage > 0).astype(np.uint8), connectivity=8)
    return [(int(y), int(x), int(h), int(w)) for x, y, w, h, _ in statistics[1:]]


@styled
def draw(
    rows: Sequence[Row], lesions: Sequence[str], opacity: float, colours: Mapping[str, str] | None = None
) -> Figure:
    """Draw one row for each image as the paper does: the photograph, each method's map, then each map over it.

    Args:
        rows: At least one; they share their methods.
        lesions: Names of the L lesion types in the order of ``Row.coverage``.
        opacity: How much of the photograph the strongest activation hides, in [0, 1].
        colours: Colour of each type; by default :func:`.lesion_colours.lesion_colours` of ``lesions``.
    """
    colours = colours or lesion_colours(lesions)
    methods = list(rows[0].maps)
    titles = ("photograph", *methods, *(f"{name} over it" for name in methods))
    figure = new_figure(len(titles) * _PANEL_INCHES, len(rows) * (_PANEL_INCHES + 0.25) + 0.5)
    axes = figure.subplots(len(rows), len(titles), squeeze=False)
    for panel, title in zip(axes[0], titles, strict=True):
        panel.set_title(title)
    for panels, row in zip(axes, rows, strict=True):
        bare = [painted(row.maps[name], _WHOLE) for name in methods]
        over = [overlay(row.photograph, row.maps[name], row.field_of_view, _WHOLE, opacity) for name in methods]
        for panel, picture in zip(panels, (row.photograph, *bare, *over), strict=True):
            _show(panel, picture, row.coverage, [colours[name] for name in lesions])
        grade = f", grade {row.grade}" if row.grade >= 0 else ""
        panels[0].set_ylabel(f"{row.reason}{grade}")
        panels[0].set_xlabel(shortened(row.id, 34), fontsize=6, color=QUIET)
        panels[1].set_xlabel(f"logit {fixed(row.logit, 2)}", fontsize=7)
    seen = [name for number, name in enumerate(lesions) if any(row.coverage[number].any() for row in rows)]
    if seen:
        handles = [Patch(color=colours[name], label=name) for name in seen]
        figure.legend(handles=handles, loc="outside lower right", ncols=min(len(handles), 8))
    return figure


def _show(panel: Axes, picture: np.ndarray, coverage: np.ndarray, colours: Sequence[str]) -> None:
    panel.imshow(picture)
    margin = _MARGIN * picture.shape[0]
    for one, colour in zip(coverage, colours, strict=True):
        for top, left, height, width in lesion_boxes(one):
            corner = left - 0.5 - margin, top - 0.5 - margin
            size = width + 2 * margin, height + 2 * margin
            panel.add_patch(Rectangle(corner, *size, fill=False, edgecolor=colour, linewidth=0.5))
    panel.set_xticks([])
    panel.set_yticks([])
    for spine in panel.spines.values():
        spine.set_visible(False)
