"""Figures of merit of image scores, by scikit-learn; one row of the long table for each."""

from __future__ import annotations

import numpy as np

from fundus_anomaly.evaluation.delong import auc_interval
from fundus_anomaly.evaluation.proportions import mean_interval, share_interval
from fundus_anomaly.evaluation.rows import NAN, Row
from fundus_anomaly.evaluation.thinning import thinned
from fundus_anomaly.scoring.thresholds import Calibration

FEW = "no interval: fewer than two patients in a class"
FALSE_ALARMS = "false_alarms_expected_at_normal_quantile"
NO_THRESHOLD = "undefined: no held-out normals"
ONE_CLASS = "undefined: the test needs images labelled normal and images labelled abnormal"


def best_balanced_accuracy(abnormal: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Return the highest balanced accuracy that any threshold reaches, and the highest such threshold.

    The threshold is chosen on the images that it is judged by, so the figure is optimistic. The paper (section 4.2)
    names no threshold; its ACC is compared with this reading of it.

    Args:
        abnormal: (n,) bool, both classes.
        scores: (n,) float; an image is called abnormal if its score is at or above the threshold.
    """
    from sklearn.metrics import roc_curve

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
        threshold: Calibrated threshold, from held-out normals; NaN if there is none.
        confidence: Coverage of the intervals of the AUC and of what is judged at the calibrated threshold.
        patients: (n,) whose image each is; None for one patient an image.

    Returns:
        Eight rows; with one class only, all but the calibrated threshold are NaN and the note says so.
    """
    positives, negatives = int(abnormal.sum()), int((~abnormal).sum())

    def row(metric: str, value: float, note: str, low: float = NAN, high: float = NAN) -> Row:
        return Row("image", metric, score, subset, value, low, high, positives, negatives, note)

    called = scores >= threshold
    patients = np.arange(len(scores)) if patients is None else np.asarray(patients)
    calibrated_note = "" if np.isfinite(threshold) else NO_THRESHOLD
    hit_ends = right_ends = balanced_ends = NAN, NAN
    hit_note = right_note = ""
    if not positives or not negatives:
        best = auc = precision = balanced = hit = right = NAN
        best_threshold, low, high, auc_note, note = NAN, NAN, NAN, ONE_CLASS, ONE_CLASS
        calibrated_note = calibrated_note or ONE_CLASS
    else:
        # A test without both classes, as of unknown photographs, never loads it.
        from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score

        note = ""
        auc = float(roc_auc_score(abnormal, scores))
        low, high, auc_note = auc_interval(abnormal, scores, confidence, patients)
        precision = float(average_precision_score(abnormal, scores))
        best, best_threshold = best_balanced_accuracy(abnormal, scores)
        balanced = hit = right = NAN
        if not calibrated_note:
            balanced = float(balanced_accuracy_score(abnormal, called))
            hit, right = float(called[abnormal].mean()), float((~called[~abnormal]).mean())
            hit_ends = share_interval(called[abnormal], patients[abnormal], confidence)
            right_ends = share_interval(~called[~abnormal], patients[~abnormal], confidence)
            balanced_ends = mean_interval((hit, *hit_ends), (right, *right_ends))
            hit_note, right_note = ("" if np.isfinite(ends).all() else FEW for ends in (hit_ends, right_ends))
    return [
        row("auc", auc, auc_note, low, high),
        row("average_precision", precision, note),
        row("balanced_accuracy_best_on_test", best, note),
        row("threshold_best_on_test", best_threshold, note),
        row(
            "balanced_accuracy_at_normal_quantile", balanced, calibrated_note or hit_note or right_note, *balanced_ends
        ),
        row("sensitivity_at_normal_quantile", hit, calibrated_note or hit_note, *hit_ends),
        row("specificity_at_normal_quantile", right, calibrated_note or right_note, *right_ends),
        row("threshold_at_normal_quantile", threshold, "" if np.isfinite(threshold) else calibrated_note),
    ]


def calibration_row(score: str, calibration: Calibration) -> Row:
    """Return the share of new normals that is expected above the calibrated threshold, and its 90 % range.

    Args:
        score: The score's name.
        calibration: Of this score.

    Returns:
        A row of the subset "all" whose ``negatives`` are the held-out normals.
    """
    note = "" if calibration.count else NO_THRESHOLD
    ends = calibration.expected, calibration.low, calibration.high
    return Row("image", FALSE_ALARMS, score, "all", *ends, 0, calibration.count, note)


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
    from sklearn.metrics import precision_recall_curve, roc_curve

    precision, recall, thresholds = precision_recall_curve(abnormal, scores)
    curves = {
        "roc": np.column_stack(roc_curve(abnormal, scores, drop_intermediate=False)),
        "precision_recall": np.column_stack([recall, precision, np.append(thresholds, np.inf)])[::-1],
    }
    return {name: thinned(curve, points) for name, curve in curves.items()}
