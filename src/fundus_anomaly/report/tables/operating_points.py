"""The table of operating points: what normals promise, and what the test shows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from fundus_anomaly.evaluation.operating_points import IMAGE, PATIENT
from fundus_anomaly.report.tables.excluded import left_out_note
from fundus_anomaly.report.tables.footnotes import independence
from fundus_anomaly.report.tables.layout import document, markdown, number, parameter, with_interval
from fundus_anomaly.report.tables.unjudged import with_and_without_note

_UNITS = {IMAGE: "By image", PATIENT: "By patient, either eye counts"}


def operating_markdown(table: pd.DataFrame, title: str, confidence: float, further: Sequence[str]) -> str:
    """Return the table as a Markdown document, images and patients apart, warnings first.

    Args:
        table: Columns ``method`` and ``photographs``, and those of :data:`..evaluation.operating_points.COLUMNS`.
        title: Title of the document.
        confidence: Coverage of the intervals.
        further: Further footnotes.
    """
    parts = []
    warnings = [
        f"- By {row.unit}, promised {parameter(row.promised_specificity)}: {row.note}."
        for row in table.drop_duplicates(["unit", "promised_specificity", "note"]).itertuples()
        if row.note
    ]
    if warnings:
        parts.append("\n".join(["**Read with care.**", "", *warnings, ""]))
    for unit, heading in _UNITS.items():
        parts.append(markdown(heading, _readable(table[table["unit"] == unit]), 1))
    notes = [
        "Promised: the threshold is the score of rank ⌈(n + 1)·q⌉ of n normals that the bank was searched for without "
        "their own patient; no test image takes part in it. Delivered: the share of the test's normals below it.",
        "Expected: the specificity that n normals let expect of new normals like them, and its range in nine of ten "
        "such sets of normals. A delivered one outside of it speaks for normals of another kind than the bank's.",
        "Kept: the share of such sets of normals whose threshold lets new normals pass at least as often as promised. "
        "The promise is kept on average, and so by hardly more than half of them.",
        f"Intervals, {confidence:.0%}: Wilson's over patients.",
        "By patient: the higher score of the eyes, for normals too. A patient with one eye is judged by that one at "
        "the same threshold, which errs towards normal; an eye that was excluded does not count.",
        *further,
    ]
    return document(title, parts, notes)


def operating_notes(
    quality: pd.Series, of_normals: pd.Series, test: Mapping[str, Sequence], excluded: Mapping[str, str]
) -> list[str]:
    """Return the footnotes that depend on the run's photographs.

    Args:
        quality: What is said of the quality of each photograph of the test.
        of_normals: Likewise of each normal.
        test: Columns ``id``, ``label`` and ``patient`` of the test's photographs.
        excluded: Why each image is excluded, by id.
    """
    return [with_and_without_note(quality, of_normals), independence(test, excluded), left_out_note(excluded)]


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    both = table["photographs"].nunique() > 1
    rows = [
        {
            "method": row.method,
            **({"photographs": row.photographs} if both else {}),
            "promised": parameter(row.promised_specificity),
            "delivered": with_interval(row.specificity, row.specificity_low, row.specificity_high),
            "expected": f"{number(row.expected_specificity)} "
            f"({number(row.expected_low)} to {number(row.expected_high)})",
            "kept": number(row.promise_kept),
            "sensitivity": with_interval(row.sensitivity, row.sensitivity_low, row.sensitivity_high),
            "threshold": parameter(row.threshold),
            "normals": f"{row.normals}" + (" (too few)" if row.normals < row.normals_needed else ""),
        }
        for row in table.itertuples()
    ]
    return pd.DataFrame(rows)
