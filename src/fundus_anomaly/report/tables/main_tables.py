"""Tables 1 and 2 of the paper with headings and footnotes: for our rows alone, or beside other methods'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from fundus_anomaly.evaluation.comparison import compare_rows
from fundus_anomaly.evaluation.image_metrics import FALSE_ALARMS
from fundus_anomaly.evaluation.pixel_sample import PixelSample
from fundus_anomaly.report.tables.called import called_counts
from fundus_anomaly.report.tables.footnotes import comparison_note
from fundus_anomaly.report.tables.notes_below import Settings, notes_below
from fundus_anomaly.report.tables.pixel_differences import difference_part, difference_table
from fundus_anomaly.report.tables.resad import lesion_table, resad_markdown, resad_table
from fundus_anomaly.report.tables.variant import Variant


class MainTables(NamedTuple):
    """Tables 1 and 2.

    Attributes:
        title: Title of the document.
        table: One row a method, machine-readable.
        lesions: Likewise by lesion type.
        differences: Differences of pixel figures.
        markdown: All of it for readers.
    """

    title: str
    table: pd.DataFrame
    lesions: pd.DataFrame
    differences: pd.DataFrame
    markdown: str


def main_tables(
    variants: Sequence[Variant],
    scores: Sequence[pd.DataFrame],
    pixels: Sequence[PixelSample | None],
    test: Mapping[str, Sequence],
    excluded: Mapping[str, str],
    settings: Settings,
    *,
    title: str,
    facts: Mapping[str, object],
    notes: Sequence[str],
    order: Sequence[str] = (),
    parts: Sequence[str] = (),
) -> MainTables:
    """Return Tables 1 and 2 of some rows.

    Args:
        variants: The rows.
        scores: The image scores of each, from its ``test.csv``.
        pixels: The pixels of each, from its evaluation; None for one without pixel figures.
        test: Columns ``id``, ``label`` and ``patient`` of the test's images.
        excluded: Why each image is excluded, by id.
        settings: See :class:`Settings`.
        title: Title of the document.
        facts: What was run.
        notes: Footnotes of the table's own, before those on its figures.
        order: Names of the rows as they are printed; empty for the order that they are given in. The first row given
            is the one that the others' image scores are compared with.
        parts: Further parts of the document, after the tables of figures.
    """
    image_score = settings.image_score
    by_row = {
        variant.label: found.set_index("id")[variant.score_of("image", image_score)]
        for variant, found in zip(variants, scores, strict=True)
    }
    variants = [
        variant._replace(params=variant.params | _called(variant, by_row[variant.label], test, image_score, excluded))
        for variant in variants
    ]
    printed = sorted(variants, key=lambda variant: list(order).index(variant.label)) if order else variants
    table = resad_table(printed, settings.dataset, image_score)
    differences = difference_table(variants, pixels, settings.against, test, settings.resampling)
    before = [*notes, *_comparisons(by_row, test, excluded)]
    footnoted = notes_below(table, variants, test, excluded, settings, facts, before=before)
    part = [*difference_part(differences, settings.confidence), *parts]
    text = resad_markdown(printed, settings.dataset, image_score, title, footnoted, part)
    return MainTables(title, table, lesion_table(printed, image_score), differences, text)


def _comparisons(scores: Mapping[str, pd.Series], test: Mapping[str, Sequence], excluded: Iterable[str]) -> list[str]:
    """Return DeLong's test of the first row and each other as footnotes; none if the test has not both classes."""
    table = pd.DataFrame({name: test[name] for name in ("id", "label", "patient")})
    first = next(iter(scores))
    pairs = compare_rows({name: {"": found} for name, found in scores.items()}, table[~table["id"].isin(set(excluded))])
    return [
        comparison_note(first, other, found.auc_a, found.auc_b, found.p_value, found.note)
        for (name, other), found in pairs.items()
        if name == first
    ]


def _called(
    variant: Variant, scores: pd.Series, test: Mapping[str, Sequence], image_score: str, excluded: Iterable[str]
) -> dict[str, float]:
    """Return how many images are called abnormal, if the test has not both classes: no other figure of it exists."""
    labels = pd.Series(test["label"], index=test["id"])
    labels = labels[labels.index.isin(scores.index) & ~labels.index.isin(set(excluded))]
    if {0, 1} <= set(labels):
        return {}
    score = variant.score_of("image", image_score)
    threshold = float(variant.figure("image", "threshold_at_normal_quantile", score)["value"])
    counts = called_counts(scores[labels.index].to_numpy(), labels.to_numpy(), threshold)
    expected = float(variant.figure("image", FALSE_ALARMS, score)["value"])
    return {"threshold": threshold, "false_alarms": expected} | counts
