"""The table of lesions found: sensitivity by lesion type and size against false marks per normal image."""

from __future__ import annotations

import pandas as pd

from fundus_anomaly.evaluation.froc import RATES
from fundus_anomaly.report.tables.layout import document, markdown, number

_NOTES = (
    "A mark is a local maximum of the map within the field of view, the highest within two positions. A lesion, a "
    "connected part of its type's mask, is found if a mark at or above the threshold is inside it or within one "
    "position of it.",
    "The threshold is the lowest with at most so many marks per normal image of the test; it is chosen on the test, so "
    "that a column describes a method and promises nothing.",
    "Small, medium and large are the thirds of the areas of each type's lesions.",
)


def froc_markdown(table: pd.DataFrame, title: str) -> str:
    """Return the table as a Markdown document: all sizes first, then by size class.

    Args:
        table: Column ``method``, and those of :func:`..evaluation.froc.froc_table`.
        title: Title of the document.
    """
    if table.empty:
        return document(title, ["No figures: the test has not both lesion masks and normal images.\n"], [])
    parts = [markdown("All sizes", _wide(table[table["size"] == "all"].drop(columns="size")), 2)]
    sized = table[table["size"] != "all"]
    if len(sized):
        parts.append(markdown("By size", _wide(sized), 3))
    return document(title, parts, _NOTES)


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row a method, lesion type and size, a column a number of false marks."""
    keys = [name for name in ("lesion", "method", "size", "lesions") if name in table]
    rows = []
    for key, part in table.groupby(keys, sort=False):
        found = dict(zip(part["false_marks"], part["sensitivity"], strict=True))
        rows.append(dict(zip(keys, key, strict=True)) | {f"{rate:g} false": number(found[rate]) for rate in RATES})
    return pd.DataFrame(rows)[
        [*(name for name in ("lesion", "method", "size", "lesions") if name in keys)]
        + [f"{rate:g} false" for rate in RATES]
    ].astype(str)
