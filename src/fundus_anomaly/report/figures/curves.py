"""ROC and precision–recall curves of several methods, by image and by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fundus_anomaly.report.figures.style import METHOD_COLOURS, QUIET, line_of, new_figure, styled


@dataclass(frozen=True)
class Interval:
    """A figure with its confidence interval; ``low`` and ``high`` are NaN where there is none."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the figure as in a table, e.g. ``.941 [.902, .968]``."""
        text = _short(self.value)
        return text if np.isnan(self.low) else f"{text} [{_short(self.low)}, {_short(self.high)}]"


@dataclass(frozen=True)
class Curve:
    """One method's sweep of the threshold t; an item counts as abnormal where its score is at least t.

    Attributes:
        method: Name of the method.
        thresholds: ``(m,)``, falling; the first may be infinite.
        fpr: ``(m,)``, share of normal items that count as abnormal.
        tpr: ``(m,)``, share of abnormal items that count as abnormal: recall, too.
        precision: ``(m,)``, share of the items counted as abnormal that are; 1 where none is.
        roc_auc: Area under the ROC curve.
        average_precision: Area under the precision–recall steps.
        operating_threshold: The calibrated threshold, from held-out normals; NaN where there is none.
    """

    method: str
    thresholds: np.ndarray
    fpr: np.ndarray
    tpr: np.ndarray
    precision: np.ndarray
    roc_auc: Interval
    average_precision: Interval
    operating_threshold: float

    def operating_point(self) -> tuple[float, float, float] | None:
        """Return (fpr, tpr, precision) at the calibrated threshold, or None where there is none."""
        reached = int(np.sum(self.thresholds >= self.operating_threshold))
        if np.isnan(self.operating_threshold) or reached == 0:
            return None
        return float(self.fpr[reached - 1]), float(self.tpr[reached - 1]), float(self.precision[reached - 1])


@styled
def draw(
    by_image: Sequence[Curve], by_pixel: Sequence[Curve], image_prevalence: float, pixel_prevalence: float
) -> Figure:
    """Draw one row of panels for images and one for pixels, each with a ROC and a precision–recall panel.

    Without any curve the figure says so.

    Args:
        by_image: The methods' curves over images; none (a class is missing) leaves the row out.
        by_pixel: The methods' curves over pixels; none (no masks) leaves the row out.
        image_prevalence: Share of images that are abnormal: a guesser's precision.
        pixel_prevalence: Share of pixels that are lesion.
    """
    levels = [
        (name, curves, prevalence)
        for name, curves, prevalence in (
            ("image level", by_image, image_prevalence),
            ("pixel level", by_pixel, pixel_prevalence),
        )
        if curves
    ]
    if not levels:
        figure = new_figure(6.8, 1.2)
        figure.text(0.5, 0.5, "No curves: the test has not both normal and abnormal images or pixels.", ha="center")
        return figure
    figure = new_figure(6.8, sum(3.9 + 0.16 * len(curves) for _, curves, _ in levels))
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08, hspace=0.06)
    axes = figure.subplots(len(levels), 2, squeeze=False)
    for (name, curves, prevalence), (left, right) in zip(levels, axes, strict=True):
        _draw_roc(left, name, curves)
        _draw_precision_recall(right, name, curves, prevalence)
    return figure


def _draw_roc(axes: Axes, level: str, curves: Sequence[Curve]) -> None:
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.6, linestyle=(0, (2, 2)))
    for number, curve in enumerate(curves):
        x, y = thinned(curve.fpr, curve.tpr)
        axes.plot(x, y, label=f"{curve.method}: AUC {curve.roc_auc}", **line_of(number))
        point = curve.operating_point()
        if point is not None:
            _mark(axes, point[0], point[1], number)
    _finish(axes, f"ROC, {level}", "false positive rate", "true positive rate", curves)


def _draw_precision_recall(axes: Axes, level: str, curves: Sequence[Curve], prevalence: float) -> None:
    axes.axhline(prevalence, color=QUIET, linewidth=0.6, linestyle=(0, (2, 2)))
    for number, curve in enumerate(curves):
        x, y = thinned(curve.tpr, curve.precision)
        # Average precision is the area under these steps; straight lines between the points would promise more.
        axes.plot(x, y, drawstyle="steps-pre", label=f"{curve.method}: AP {curve.average_precision}", **line_of(number))
        point = curve.operating_point()
        if point is not None:
            _mark(axes, point[1], point[2], number)
    _finish(axes, f"precision–recall, {level}", "recall", "precision", curves)


def _finish(axes: Axes, title: str, x: str, y: str, curves: Sequence[Curve]) -> None:
    axes.set(title=title, xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    if any(curve.operating_point() for curve in curves):
        axes.plot([], [], "o", color="white", markeredgecolor=QUIET, label="calibrated threshold")
    # Below the axes, where no curve can run through it.
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.16), borderaxespad=0)


def _mark(axes: Axes, x: float, y: float, number: int) -> None:
    colour = METHOD_COLOURS[number % len(METHOD_COLOURS)]
    axes.plot([x], [y], "o", color="white", markeredgecolor=colour, markeredgewidth=1.4, markersize=6, zorder=5)


def thinned(x: np.ndarray, y: np.ndarray, points: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Return at most ``points`` + 2 of a curve's points, evenly along its length, both ends kept.

    A curve over pixels has tens of thousands of points, which no print shows and which swell an SVG.

    Args:
        x: ``(m,)`` float.
        y: ``(m,)`` float.
        points: About how many to keep.
    """
    if len(x) <= points:
        return x, y
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    kept = np.searchsorted(along, np.linspace(0, along[-1], points))
    kept = np.unique(np.concatenate([[0], kept, [len(x) - 1]]))
    return x[kept], y[kept]


def _short(value: float) -> str:
    """Return a share with three digits and no leading zero: ``.941``, and ``1.000``."""
    return f"{value:.3f}".removeprefix("0")
