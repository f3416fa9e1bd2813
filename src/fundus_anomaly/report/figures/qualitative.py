"""Fig. 2 of ReSAD: photograph, annotated lesions, scores without and with ReSC, and overlay; one row an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from fundus_anomaly.report.figures.colour_bar import draw_bar
from fundus_anomaly.report.figures.heat_map import Scale, overlay
from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.style import HEAT_COLOUR_MAP, QUIET, new_figure, shortened, styled
from fundus_anomaly.report.number_format import alike

_PANEL_INCHES = 1.55
_BAR_INCHES = 0.1


@dataclass(frozen=True)
class Row:
    """One image of the figure.

    Attributes:
        id: The image id.
        reason: Why the row was chosen, e.g. a lesion type; see :mod:`.row_choice`.
        grade: 0–4, or -1 where it is unknown.
        photograph: ``(H,W,3)`` uint8, RGB.
        field_of_view: ``(H,W)``, 0 outside the field of view.
        coverage: ``(L,H,W)`` uint8, share of each pixel that is lesion, 255 = all of it; L may be 0.
        maps: One ``(H,W)`` float32 score map a method.
        scores: One image score a method.
    """

    id: str
    reason: str
    grade: int
    photograph: np.ndarray
    field_of_view: np.ndarray
    coverage: np.ndarray
    maps: Sequence[np.ndarray]
    scores: Sequence[float]


@styled
def draw(
    rows: Sequence[Row],
    methods: Sequence[str],
    scales: Sequence[Scale],
    lesions: Sequence[str],
    opacity: float | None,
    colours: Mapping[str, str] | None = None,
) -> Figure:
    """Draw Fig. 2, or more methods side by side. Each method has one colour scale for all rows.

    Where no row shows an annotated lesion there is no column of the ground truth.

    Args:
        rows: The images, from top to bottom.
        methods: Names of the methods in the order of ``Row.maps``, e.g. ``("without ReSC", "ReSAD")``.
        scales: One scale a method, see :func:`.heat_map.shared_scale`.
        lesions: Names of the L lesion types in the order of ``Row.coverage``.
        opacity: How much of the photograph the highest score hides in the overlay of the last method, in [0, 1]; None
            for no overlay.
        colours: Colour of each type; by default :func:`.lesion_colours.lesion_colours` of ``lesions``.
    """
    colours = colours or lesion_colours(lesions)
    shown = [name for number, name in enumerate(lesions) if any(np.any(row.coverage[number]) for row in rows)]
    first = 2 if shown else 1
    last = first + len(methods)
    columns = last + (opacity is not None)
    heights = [_PANEL_INCHES] * len(rows) + [_BAR_INCHES]
    figure = new_figure(columns * _PANEL_INCHES + 0.35, sum(heights) + 0.26 * len(rows) + 0.65)
    figure.get_layout_engine().set(w_pad=0.025, h_pad=0.025, wspace=0, hspace=0)
    axes = figure.subplots(len(rows) + 1, columns, squeeze=False, height_ratios=heights)
    for index, (row, line) in enumerate(zip(rows, axes[:-1], strict=True)):
        named = [shortened(name, 24) for name in methods]
        titles = [*("photograph", "ground truth")[:first], *named, f"overlay, {named[-1]}"] if index == 0 else []
        for panel, title in zip(line, titles, strict=False):
            panel.set_title(title)
        _draw_row(row, line, scales, opacity, [colours[name] for name in lesions] if shown else None)
    for panel in (*axes[-1, :first], *axes[-1, last:]):
        panel.set_axis_off()
    for panel, scale in zip(axes[-1, first:last], scales, strict=True):
        draw_bar(panel, scale, "anomaly score")
    if shown:
        legend = axes[-1, 1].legend(
            handles=[Patch(color=colours[name], label=name) for name in shown],
            loc="upper center",
            bbox_to_anchor=(0.5, 1.5),
            ncols=2,
            handlelength=1,
            columnspacing=1,
        )
        # Many or long names may reach beyond their column; the panels above keep their size.
        legend.set_in_layout(False)
    return figure


def _draw_row(
    row: Row, line: Sequence[Axes], scales: Sequence[Scale], opacity: float | None, colours: Sequence[str] | None
) -> None:
    """Draw one image; without ``colours``, one for each of the row's types, there is no panel of the ground truth."""
    line[0].imshow(row.photograph)
    if opacity is not None:
        line[-1].imshow(overlay(row.photograph, row.maps[-1], row.field_of_view, scales[-1], opacity))
    if colours is not None:
        line[1].imshow(ground_truth(row.photograph, row.coverage, colours))
    first = 1 if colours is None else 2
    panels = line[first : first + len(scales)]
    for panel, scores, scale, image_score in zip(panels, row.maps, scales, row.scores, strict=True):
        panel.imshow(
            np.where(row.field_of_view == 0, np.nan, scores), vmin=scale.low, vmax=scale.high, cmap=HEAT_COLOUR_MAP
        )
        panel.set_facecolor("black")
        panel.set_xlabel(f"image score {alike([scale.low, scale.high])(image_score)}", fontsize=7)
    for panel in line:
        panel.set_xticks([])
        panel.set_yticks([])
        for spine in panel.spines.values():
            spine.set_visible(False)
    grade = f", grade {row.grade}" if row.grade >= 0 else ""
    line[0].set_ylabel(f"{row.reason}{grade}")
    line[0].set_xlabel(shortened(row.id, 28), fontsize=7, color=QUIET)


def ground_truth(photograph: np.ndarray, coverage: np.ndarray, colours: Sequence[str]) -> np.ndarray:
    """Return the photograph in dimmed grey with each lesion type in its colour, the smallest type on top.

    Lesions are drawn a little enlarged, or a microaneurysm of a few pixels would not be seen at a panel's size.

    Args:
        photograph: ``(H,W,3)`` uint8, RGB.
        coverage: ``(L,H,W)`` uint8, share of each pixel that is lesion.
        colours: Colour of each of the L types, ``#RRGGBB``.

    Returns:
        ``(H,W,3)`` uint8, RGB.
    """
    picture = cv2.cvtColor(cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY) // 2, cv2.COLOR_GRAY2RGB)
    around = 2 * round(photograph.shape[1] / 400) + 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (around, around))
    painted = [np.rint(255 * np.array(to_rgb(colour))) for colour in colours]
    for type_ in sorted(range(len(coverage)), key=lambda t: -int(coverage[t].sum(dtype=np.int64))):
        picture[cv2.dilate((coverage[type_] > 0).astype(np.uint8), brush) > 0] = painted[type_]
    return picture
