"""The layout of tables: one number a cell for machines, aligned Markdown with intervals for readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from tabulate import tabulate

from fundus_anomaly.report.number_format import NONE, fixed, significant
from fundus_anomaly.report.tables.variant import Variant

OURS, PUBLISHED = "this run", "published"
_ENDS = ("low", "high")


class Figure(NamedTuple):
    """One figure of merit of a table.

    Attributes:
        column: Its column in the machine-readable table.
        heading: Its heading for readers.
        level: "image" or "pixel".
        metric: Metric of the long table.
        subset: Subset of the long table.
        interval: Whether it has an interval, columns ``<column>_low`` and ``<column>_high``.
        published: The column of :func:`.published.published_rows` that it is compared with, or "".
    """

    column: str
    heading: str
    level: str
    metric: str
    subset: str
    interval: bool
    published: str


def wide_table(
    variants: Sequence[Variant], figures: Sequence[Figure], image_score: str, published: pd.DataFrame
) -> pd.DataFrame:
    """Return the machine-readable table: our rows, then the published ones.

    Args:
        variants: Ours, in the order of the rows; one without any figure of a level has none there.
        figures: Columns.
        image_score: The image score that image-level figures are taken from.
        published: From :func:`.published.published_rows`.

    Returns:
        Columns ``method``, ``source`` ("this run" | "published"), the parameters of the variants, and the figures with
        their intervals; one number a cell, NaN where there is none.

    Raises:
        InputError: If a long table lacks a figure.
    """
    parameters = list(dict.fromkeys(name for variant in variants for name in variant.params))
    rows = []
    for variant in variants:
        row = {"method": variant.label, "source": OURS, **variant.params}
        for figure in figures:
            score = variant.score_of(figure.level, image_score)
            if not variant.has(figure.level):
                continue
            found = variant.figure(figure.level, figure.metric, score, figure.subset)
            row[figure.column] = float(found["value"])
            if figure.interval:
                row |= {f"{figure.column}_{end}": float(found[end]) for end in _ENDS}
        rows.append(row)
    for _, printed in published.iterrows():
        row = {"method": printed["method"], "source": PUBLISHED}
        row |= {figure.column: printed[figure.published] for figure in figures if figure.published}
        rows.append(row)
    columns = ["method", "source", *parameters]
    for figure in figures:
        columns += [figure.column, *([f"{figure.column}_low", f"{figure.column}_high"] if figure.interval else [])]
    table = pd.DataFrame(rows, columns=columns)
    whole = [name for name in parameters if all(type(v.params.get(name)) in (int, type(None)) for v in variants)]
    return table.astype(dict.fromkeys(whole, "Int64"))


def number(value: float) -> str:
    """Return a figure to three decimals, "–" if there is none."""
    return NONE if pd.isna(value) else fixed(float(value), 3)


def signed(value: float) -> str:
    """Return a difference to four decimals with its sign, "–" if there is none."""
    return NONE if pd.isna(value) else f"{value:+.4f}".replace("-", "−")


def probability(value: float) -> str:
    """Return a p-value to three decimals, "< 0.001" below that, "–" if there is none."""
    return "< 0.001" if value < 0.001 else number(value)


def parameter(value: object) -> str:
    """Return a parameter as text: measured numbers with three digits or to the unit, "–" for what is missing."""
    if pd.isna(value):
        return NONE
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return significant(float(value), 3)
    return str(value)


def with_interval(value: float, low: float, high: float) -> str:
    """Return ``0.908 [0.876, 0.934]``, or the value alone if it has no interval."""
    return number(value) if np.isnan(low) or np.isnan(high) else f"{number(value)} [{number(low)}, {number(high)}]"


def readable(table: pd.DataFrame, figures: Sequence[Figure], headings: Mapping[str, str]) -> pd.DataFrame:
    """Return a table of text for readers.

    Args:
        table: From :func:`wide_table`.
        figures: The figures to show, in order.
        headings: The other columns to show, and their headings; a column that the table lacks is left out.

    Returns:
        All columns text, under their headings; names of published rows say so.
    """
    shown = {}
    for column, heading in headings.items():
        if column in table:
            shown[heading] = [parameter(value) for value in table[column]]
    if "method" in headings:
        pairs = zip(shown[headings["method"]], table["source"], strict=True)
        shown[headings["method"]] = [f"{name} ({PUBLISHED})" if source == PUBLISHED else name for name, source in pairs]
    for figure in figures:
        ends = [table[f"{figure.column}_{end}"] if figure.interval else np.nan * table[figure.column] for end in _ENDS]
        shown[figure.heading] = [with_interval(*cell) for cell in zip(table[figure.column], *ends, strict=True)]
    return pd.DataFrame(shown)


def markdown(title: str, table: pd.DataFrame, left: int) -> str:
    """Return a table of text as Markdown under a title.

    Args:
        title: Its title, made a second-level heading.
        table: All columns text.
        left: How many columns from the first are aligned to the left; figures are aligned to the right.
    """
    escaped = table.map(lambda cell: str(cell).replace("|", r"\|"))
    align = ["left"] * left + ["right"] * (table.shape[1] - left)
    return f"## {title}\n\n{escaped.to_markdown(index=False, disable_numparse=True, colalign=align)}\n"


def document(title: str, parts: Sequence[str], footnotes: Sequence[str]) -> str:
    """Return a Markdown document: a heading, tables from :func:`markdown`, and footnotes as a list."""
    notes = "".join(f"- {note}\n" for note in footnotes)
    return "\n".join([f"# {title}\n", *parts, *([notes] if notes else [])])


def terminal(table: pd.DataFrame) -> str:
    """Return a table of text for a terminal."""
    return tabulate(table, headers="keys", tablefmt="simple", showindex=False, disable_numparse=True)
