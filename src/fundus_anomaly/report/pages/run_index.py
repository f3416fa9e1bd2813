"""What a run's index says itself, from the files that the run made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from fundus_anomaly.audit.findings import SEVERITIES, Finding
from fundus_anomaly.report.pages.audit import summary_table
from fundus_anomaly.report.pages.index import Link, Section
from fundus_anomaly.report.tables import lesionpaste, resad

_INTERVALS = "Areas under curves with their intervals in brackets; the tables say what else they claim."


def headlines(resad_table: pd.DataFrame, lesionpaste_tables: Sequence[pd.DataFrame] = ()) -> list[Section]:
    """Return the figures that a user looks for first.

    Args:
        resad_table: From :func:`..tables.resad.resad_table`.
        lesionpaste_tables: From :func:`..tables.lesionpaste.lesionpaste_table`; none if it was not run.
    """
    found = [("ReSAD and PatchCore", *resad.headline_parts(resad_table))]
    found += [("LesionPaste", *lesionpaste.headline_parts(table)) for table in lesionpaste_tables]
    return [Section(title, [*said, *([_INTERVALS] if len(table) else [])], table) for title, said, table in found]


def data(manifest: pd.DataFrame, findings: Sequence[Finding], left_out: int, links: Sequence[Link]) -> Section:
    """Return what was read, and what was wrong with it.

    Args:
        manifest: Columns ``id``, ``split``, ``label``, ``grade`` and ``patient``.
        findings: All findings of the audit.
        left_out: How many images the run goes without.
        links: Pages on the data.
    """
    numbers = [(grade, sum(finding.severity == grade for finding in findings)) for grade in SEVERITIES]
    words = ", ".join(f"{count} {grade}{'' if count == 1 else 's'}" for grade, count in numbers if count)
    excluded = f" {left_out} image{' was' if left_out == 1 else 's were'} excluded." if left_out else ""
    return Section("Data", [f"The audit found {words or 'nothing wrong'}.{excluded}"], summary_table(manifest), links)


def there(given: Sequence[Sequence], results: Path, made: Collection[str]) -> list[tuple[str, str, list[str]]]:
    """Return of pages those that are there, with the forms of each that are.

    Args:
        given: As :func:`.index_parts.links` takes them.
        results: The folder that the paths are relative to.
        made: The files that are there.
    """
    files = {Path(file) for file in made}
    return [
        (name, page, [form for form in forms if (results / page).with_suffix(f".{form}") in files])
        for name, page, forms in given
        if results / page in files
    ]


def in_words(manifest: pd.DataFrame) -> Mapping[str, str]:
    """Return the photographs that were learned from and tested, counted.

    Args:
        manifest: Columns ``split`` and ``label``.
    """
    classes = {0: "normal", 1: "abnormal", -1: "without a label"}
    said = {}
    for split, name in (("train", "learned from"), ("test", "tested")):
        labels = manifest.loc[manifest["split"] == split, "label"]
        counts = [f"{(labels == label).sum()} {words}" for label, words in classes.items() if (labels == label).any()]
        said[name] = ", ".join(counts) + " photographs"
    return said
