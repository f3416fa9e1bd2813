"""What a reader must know to judge a table: what was run, what was excluded, how the figures are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from fundus_anomaly.evaluation.image_metrics import FALSE_ALARMS
from fundus_anomaly.report.tables.excluded import left_out_note
from fundus_anomaly.report.tables.layout import NONE, Figure, probability
from fundus_anomaly.report.tables.published import NOTE
from fundus_anomaly.report.tables.variant import Variant
from fundus_anomaly.scoring.thresholds import calibration_in_words

PATIENTS_KNOWN = "Patients, not images, are taken as independent (Obuchowski 1997 where a patient has several images)."


def footnotes(
    facts: Mapping[str, object],
    excluded: Mapping[str, str],
    normal_quantile: float,
    confidence: float,
    image_score: str,
    with_published: bool,
    further: Sequence[str],
    independent: str = PATIENTS_KNOWN,
) -> list[str]:
    """Return the footnotes of a table, one string each.

    Args:
        facts: What was run, e.g. ``{"backbone": "efficientnet_lite0", "coreset fraction": 0.1}``.
        excluded: Why each image is excluded, by id.
        normal_quantile: Quantile of the calibrated thresholds.
        confidence: Coverage of the intervals.
        image_score: The image score of the image-level figures.
        with_published: Whether the table has published rows.
        further: Notes of the table's own, from :func:`notes_of` or :func:`comparison_note`.
        independent: What is taken as independent, from :func:`independence`.
    """
    return [
        "Run: " + "; ".join(f"{name}: {value}" for name, value in facts.items()) + ".",
        left_out_note(excluded),
        f"Image figures are those of the score “{image_score}”.",
        f"Intervals, {confidence:.0%}: DeLong's for image AUC, on the logit scale, Wilson's for sensitivity and "
        f"specificity, balanced accuracy's from both; studentised bootstrap for pixels, average precision's widened by "
        f"Student's t with the effective number of patients by lesion area. {independent}",
        "Balanced accuracy, best on test: its threshold is chosen on the images that it is judged by, so it flatters. "
        "Calibrated threshold: an order statistic of the scores of normals held out of the bank, that of rank "
        f"⌈(n + 1)·{normal_quantile:g}⌉ of n for images; no test image takes part in it.",
        *([NOTE] if with_published else []),
        *further,
    ]


def calibration_notes(variants: Sequence[Variant], image_score: str, normal_quantile: float) -> list[str]:
    """Return what the calibrated thresholds of images promise, once for each number of held-out normals.

    Args:
        variants: The rows of the table.
        image_score: The image score of its image-level figures.
        normal_quantile: Quantile of the calibrated thresholds.
    """
    by_count: dict[int, list[str]] = {}
    for variant in variants:
        rows = variant.metrics
        found = rows[
            (rows["metric"] == FALSE_ALARMS) & (rows["score"].fillna("") == variant.score_of("image", image_score))
        ]
        by_count.setdefault(int(found["negatives"].sum()), []).append(variant.label)
    return [
        f"Calibrated threshold of images, {', '.join(labels)}: {calibration_in_words(count, normal_quantile)}. Normals "
        "of another camera or population may have more or fewer; a patient's eyes count as independent here."
        for count, labels in by_count.items()
        if count
    ]


def without_maps_note(variants: Sequence[Variant]) -> list[str]:
    """Return which rows have no figure of pixels, since their methods give an image score alone."""
    names = ", ".join(variant.label for variant in variants if not variant.has("pixel"))
    return [f"No figures of pixels: {names}. Such a method gives an image score and no map."] if names else []


def independence(test: Mapping[str, Sequence[str]], left_out: Iterable[str]) -> str:
    """Return a sentence that says what the intervals take as independent: patients, as far as they are known.

    An image whose patient is unknown bears its own id as patient.

    Args:
        test: Columns ``id`` and ``patient`` of the test's images.
        left_out: Ids of those that are not in it.
    """
    gone = set(left_out)
    known = [name != patient for name, patient in zip(test["id"], test["patient"], strict=True) if name not in gone]
    if all(known):
        return PATIENTS_KNOWN
    if not any(known):
        return (
            "No patients are known, so images are taken as independent: if several show one patient, the "
            "intervals are too narrow."
        )
    return (
        f"The patients of {sum(known)} of {len(known)} test images are known and are taken as independent (Obuchowski "
        "1997 where a patient has several images); each other image counts as a separate patient."
    )


def tested(test: Mapping[str, Sequence[str]], left_out: Iterable[str]) -> str:
    """Return how many images the test has, and of how many patients where some have several.

    Args:
        test: Columns ``id`` and ``patient`` of the test's images.
        left_out: Ids of those that are not in it.
    """
    gone = set(left_out)
    patients = [patient for name, patient in zip(test["id"], test["patient"], strict=True) if name not in gone]
    several = len(set(patients)) < len(patients)
    return f"{len(patients)} of {len(set(patients))} patients" if several else str(len(patients))


# Roth et al. 2022, Sec. 3.3. Neither method's maps are smoothed here, so that the two differ in ReSC and pooling alone.
UNSMOOTHED = (
    "Maps are not smoothed, PatchCore's included: its authors smooth theirs by a Gaussian of σ = 4 pixels, and the "
    "paper of ReSAD names no such step."
)


def index_fact(search: Mapping[str, object], recalls: Sequence[float]) -> str:
    """Return the index that the nearest entries were searched with, and how well where it is approximate.

    Args:
        search: ``index``, ``nlist`` and ``nprobe`` of the configuration.
        recalls: Share of positions whose nearest entry was found, one for each row of the table; empty if exact.
    """
    if search["index"] == "flat":
        return "flat, exact within float32 rounding"
    cells = f"{search['index']}, approximate, {search['nprobe']} of {search['nlist']} cells searched"
    return f"{cells}, recall of the rows at least {min(recalls):.4f}"


def notes_of(variants: Sequence[Variant], figures: Sequence[Figure], image_score: str) -> list[str]:
    """Return what the evaluations remarked on the figures shown, each remark once, with the figures that it is about.

    Args:
        variants: The rows of the table.
        figures: Its columns.
        image_score: The image score of its image-level figures.
    """
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for variant in variants:
        rows = variant.metrics
        for figure in figures:
            score = variant.score_of(figure.level, image_score)
            of_figure = (rows["level"] == figure.level) & (rows["metric"] == figure.metric)
            of_row = (rows["subset"] == figure.subset) & (rows["score"].fillna("") == score)
            for note in rows.loc[of_figure & of_row, "note"].fillna(""):
                if note:
                    labels, headings = found.setdefault(note, ({}, {}))
                    labels[variant.label] = headings[f"{figure.level} {figure.heading}"] = None
    return [f"{', '.join(labels)}: {', '.join(headings)}: {note}." for note, (labels, headings) in found.items()]


def comparison_note(label_a: str, label_b: str, auc_a: float, auc_b: float, p_value: float, note: str) -> str:
    """Return DeLong's test of two variants' image AUC as a sentence; the arguments are a Comparison's attributes."""
    p_text = NONE if np.isnan(p_value) else probability(p_value) if p_value < 0.001 else f"= {probability(p_value)}"
    remark = f" ({note})" if note else ""
    return f"Image AUC, {label_a} {auc_a:.3f} against {label_b} {auc_b:.3f}: DeLong's test, p {p_text}{remark}."
