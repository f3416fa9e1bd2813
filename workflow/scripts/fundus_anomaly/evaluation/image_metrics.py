"""Figures of merit of image scores, by scikit-learn; one row of the long table for each."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from .delong import auc_interval
from .pixel_metrics import thinned
from .rows import NAN, Row

ONE_CLASS = "undefined: the test needs images labelled normal and images labelled abnormal"


def best_balanced_accuracy(abnormal: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Return the highest balanced accuracy that any threshold reaches, and the highest such threshold.

    The threshold is chosen on the images that it is judged by, so the figure is optimistic. The paper (section 4.2)
    names no threshold; its ACC is compared with this reading of it.

    Args:
        abnormal: (n,) bool, both classes.
        scores: (n,) float; an image is called abnormal if its score is at or above the threshold.
    """
    false, hit, thresholds = roc_curve(abnormal, scores, drop_intermediate=False)
    balanced = (hit + 1 - false) / 2
    best = int(np.argmax(balanced))
    return float(balanced[best]), float(thresholds[best])


def image_rows(
    score: str,
    subset: str,
    abnormal: np.ndarray,
    scores: np.ndarray,
    threshold: float,
    confidence: float,
    patients: np.ndarray | None = None,
) -> list[Row]:
    """Return all image-level rows of one score on one subset.

    Args:
        score: The score's name.
        subset: The subset's name.
        abnormal: (n,) bool.
        scores: (n,) float, finite.
        threshold: Honest threshold, from held-out normals; NaN if there is none.
        confidence: Coverage of the AUC's interval.
        patients: (n,) whose image each is; None for one patient an image.

    Returns:
        Eight rows; with one class only, all but the honest threshold are NaN and the note says so.
    """
    positives, negatives = int(abnormal.sum()), int((~abnormal).sum())

    def row(metric: str, value: float, note: str, low: float = NAN, high: float = NAN) -> Row:
        return Row("image", metric, score, subset, value, low, high, positives, negatives, note)

    called = scores >= threshold
    honest_note = "" if np.isfinite(threshold) else "undefined: no held-out normals"
    if not positives or not negatives:
        best = auc = precision = balanced = hit = right = NAN
        best_threshold, low, high, auc_note, note = NAN, NAN, NAN, ONE_CLASS, ONE_CLASS
        honest_note = honest_note or ONE_CLASS
    else:
        note = ""
        auc = float(roc_auc_score(abnormal, scores))
        low, high, auc_note = auc_interval(abnormal, scores, confidence, patients)
        precision = float(average_precision_score(abnormal, scores))
        best, best_threshold = best_balanced_accuracy(abnormal, scores)
        balanced = hit = right = NAN
        if not honest_note:
            balanced = float(balanced_accuracy_score(abnormal, called))
            hit, right = float(called[abnormal].mean()), float((~called[~abnormal]).mean())
    return [
        row("auc", auc, auc_note, low, high),
        row("average_precision", precision, note),
        row("balanced_accuracy_best_on_test", best, note),
        row("threshold_best_on_test", best_threshold, note),
        row("balanced_accuracy_at_normal_quantile", balanced, honest_note),
        row("sensitivity_at_normal_quantile", hit, honest_note),
        row("specificity_at_normal_quantile", right, honest_note),
        row("threshold_at_normal_quantile", threshold, "" if np.isfinite(threshold) else honest_note),
    ]


def image_curves(abnormal: np.ndarray, scores: np.ndarray, points: int) -> dict[str, np.ndarray]:
    """Return the ROC and precision–recall curves; empty unless both classes are there.

    Args:
        abnormal: (n,) bool.
        scores: (n,) float, finite.
        points: The most points that a curve may have.

    Returns:
        ``{"roc": (p, 3), "precision_recall": (p', 3)}`` float64, columns x, y, threshold (infinite where no image is
        called abnormal): false and true positive rate, or recall and precision; thresholds fall.
    """
    if abnormal.all() or not abnormal.any():
        return {}
    precision, recall, thresholds = precision_recall_curve(abnormal, scores)
    curves = {
        "roc": np.column_stack(roc_curve(abnormal, scores, drop_intermediate=False)),
        "precision_recall": np.column_stack([recall, precision, np.append(thresholds, np.inf)])[::-1],
    }
    return {name: thinned(curve, points) for name, curve in curves.items()}
