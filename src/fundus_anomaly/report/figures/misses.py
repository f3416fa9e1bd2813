"""Contact sheet of the worst misses: abnormal images scored lowest and normal images scored highest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from fundus_anomaly.report.figures.colour_bar import draw_bar
from fundus_anomaly.report.figures.heat_map import Scale, overlay
from fundus_anomaly.report.figures.style import QUIET, new_figure, shortened, styled
from fundus_anomaly.report.number_format import alike

_TILE_INCHES = 1.75
_FOOTER_INCHES = 0.6
_WRONG = "#D55E00"
_OUTLINE = (255, 255, 255)


@dataclass(frozen=True)
class Tile:
    """One image of the sheet.

    Attributes:
        id: The image id.
        grade: 0–4, or -1 where it is unknown.
        score: The image score.
        percentile: Share of held-out normals that score lower, in [0, 100].
        photograph: ``(H,W,3)`` uint8, RGB.
        scores: ``(H,W)`` float32 anomaly score map.
        field_of_view: ``(H,W)``, 0 outside the field of view.
        lesion: ``(H,W)``, not 0 where any lesion is annotated; None where there is no annotation.
    """

    id: str
    grade: int
    score: float
    percentile: float
    photograph: np.ndarray
    scores: np.ndarray
    field_of_view: np.ndarray
    lesion: np.ndarray | None


def worst_misses(ids: Sequence[str], scores: np.ndarray, labels: np.ndarray, count: int) -> tuple[list[int], list[int]]:
    """Return the positions of the abnormal images scored lowest and of the normal images scored highest.

    Args:
        ids: n image ids; ties in the score are settled by them.
        scores: ``(n,)`` float image scores.
        labels: ``(n,)`` int, 1 abnormal, 0 normal; others (unknown) are left out.
        count: At most so many of each.

    Returns:
        Abnormal positions, lowest score first; normal positions, highest score first.
    """
    order = sorted(range(len(ids)), key=lambda i: (scores[i], ids[i]))
    abnormal = [i for i in order if labels[i] == 1][:count]
    normal = sorted((i for i in order if labels[i] == 0), key=lambda i: (-scores[i], ids[i]))[:count]
    return abnormal, normal


@styled
def draw(
    false_negatives: Sequence[Tile],
    false_positives: Sequence[Tile],
    scale: Scale,
    threshold: float,
    columns: int,
    opacity: float,
) -> Figure:
    """Draw the sheet: false negatives above, false positives below.

    A tile on the wrong side of ``threshold`` is framed; the others are the nearest to being wrong.

    Args:
        false_negatives: Abnormal images, lowest score first; may be empty.
        false_positives: Normal images, highest score first; may be empty.
        scale: The shared colour scale of the heat maps.
        threshold: The calibrated threshold of the image score; NaN where there is none.
        columns: Tiles in a row.
        opacity: How much of the photograph the highest score hides, in [0, 1].
    """
    parts = [
        ("False negatives: abnormal images with the lowest scores", false_negatives, lambda t: t.score < threshold),
        ("False positives: normal images with the highest scores", false_positives, lambda t: t.score >= threshold),
    ]
    parts = [part for part in parts if part[1]]
    heights = [math.ceil(len(tiles) / columns) * (_TILE_INCHES + 0.45) + 0.4 for _, tiles, _ in parts]
    figure = new_figure(columns * _TILE_INCHES, sum(heights) + _FOOTER_INCHES)
    if not parts:
        figure.text(0.5, 0.5, "No misses: no image of the test has a label.", ha="center", va="center")
        return figure
    figure.get_layout_engine().set(h_pad=0.06)
    *sections, footer = figure.subfigures(len(parts) + 1, 1, height_ratios=[*heights, _FOOTER_INCHES])
    for section, (title, tiles, is_wrong) in zip(sections, parts, strict=True):
        wrong = sum(map(is_wrong, tiles))
        said = "" if math.isnan(threshold) else f" ({wrong} of these {len(tiles)} on the wrong side of the threshold)"
        section.suptitle(title + said, fontsize=9, x=0.01, ha="left")
        _draw_part(section, tiles, [is_wrong(t) for t in tiles], scale, columns, opacity)
    bar, *rest = footer.subplots(1, columns, squeeze=False)[0]
    draw_bar(bar, scale, "anomaly score")
    for panel in rest:
        panel.set_axis_off()
    return figure


def _draw_part(
    section: SubFigure, tiles: Sequence[Tile], wrong: Sequence[bool], scale: Scale, columns: int, opacity: float
) -> None:
    axes = section.subplots(math.ceil(len(tiles) / columns), columns, squeeze=False).ravel()
    for panel in axes[len(tiles) :]:
        panel.set_axis_off()
    for panel, tile, is_wrong in zip(axes, tiles, wrong, strict=False):
        _draw_tile(panel, tile, is_wrong, scale, opacity)


def _draw_tile(panel: Axes, tile: Tile, is_wrong: bool, scale: Scale, opacity: float) -> None:
    panel.imshow(outlined(overlay(tile.photograph, tile.scores, tile.field_of_view, scale, opacity), tile.lesion))
    panel.set_xticks([])
    panel.set_yticks([])
    for spine in panel.spines.values():
        spine.set(visible=is_wrong, color=_WRONG, linewidth=2)
    grade = f"grade {tile.grade}\n" if tile.grade >= 0 else "\n"
    panel.set_xlabel(
        f"score {alike([scale.low, scale.high])(tile.score)}, percentile {tile.percentile:.0f}\n{grade}", fontsize=7
    )
    panel.set_title(shortened(tile.id, 26), fontsize=7, color=QUIET)


def outlined(picture: np.ndarray, lesion: np.ndarray | None) -> np.ndarray:
    """Return a copy of ``picture`` with the annotated lesions outlined in white, from outside.

    Args:
        picture: ``(H,W,3)`` uint8, RGB.
        lesion: ``(H,W)``, not 0 inside a lesion; None draws nothing.
    """
    picture = picture.copy()
    if lesion is not None:
        width = max(1, round(picture.shape[1] / 300))
        # Grown first: the line runs around the lesion and does not cover it.
        brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (4 * width + 3, 4 * width + 3))
        grown = cv2.dilate((np.asarray(lesion) != 0).astype(np.uint8), brush)
        edges, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, edges, -1, _OUTLINE, width)
    return picture
