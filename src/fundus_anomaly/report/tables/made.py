"""How the rows of other methods were made: protocol, length of training, time and memory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fundus_anomaly.report.tables.benchmark_file import read_benchmark
from fundus_anomaly.report.tables.layout import NONE, OURS, markdown, parameter

NOTE = (
    "How the other methods were made: seconds and the largest memory are those of the job that fitted it and of the "
    "one that judged the photographs, on the machine of this run; of a fit that was interrupted, those since it went "
    "on. “Own paper” is a row with all settings, size and network of its paper or its authors' code; images, splits "
    "and evaluation are the same for all."
)
_HEADINGS = {
    "method": "method",
    "protocol": "protocol",
    "differs_from_paper": "not as in its paper",
    "training": "training",
    "size": "size",
    "network": "starts from",
    "fit_seconds": "fit, s",
    "apply_seconds": "judging, s",
    "peak_mb": "memory, MB",
}


def taken(benchmarks: Mapping[str, str | os.PathLike[str]]) -> dict[str, float]:
    """Return what the jobs of a row took, from the files that Snakemake's ``benchmark`` wrote.

    Args:
        benchmarks: ``fit`` and ``apply``, each a file that need not be there: it is no result.

    Returns:
        ``fit_seconds``, ``apply_seconds`` and ``peak_mb``; NaN where nothing tells.
    """
    found = {name: read_benchmark(path) for name, path in benchmarks.items()}
    peaks = pd.Series([one.get("max_rss", float("nan")) for one in found.values()], dtype=float)
    return {f"{name}_seconds": one.get("s", float("nan")) for name, one in found.items()} | {"peak_mb": peaks.max()}


def made_of(rows: Sequence[Mapping]) -> list[dict[str, object]]:
    """Return how rows were made: ``method``, ``row``, ``run``, and the columns of a table.

    Args:
        rows: ``name``, ``title`` (the name without that of the repeat), ``run``, ``facts`` (from
            :func:`..plan.row_facts.row_facts`) and ``benchmarks`` (see :func:`taken`).
    """
    return [
        {"method": row["name"], "row": row["title"], "run": row["run"], **row["facts"], **taken(row["benchmarks"])}
        for row in rows
    ]


def made_part(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the part of a document that says how rows were made; none if there is no row.

    Args:
        rows: From :func:`made_of`, in the order in which they are printed.
    """
    if not rows:
        return []
    table = pd.DataFrame([dict(row) for row in rows]).reindex(columns=list(_HEADINGS))
    measured = ["fit_seconds", "apply_seconds", "peak_mb"]
    text = table.map(lambda value: parameter(value) if value != "" else NONE)
    text[measured] = table[measured].astype(float).map(lambda value: NONE if np.isnan(value) else f"{value:.0f}")
    return [markdown("How the other methods were made", text.rename(columns=_HEADINGS), 6)]


def made_notes(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the footnote on :func:`made_part`; none if there is no row."""
    return [NOTE] if rows else []


def with_made(table: pd.DataFrame, rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Return a table with the columns that say how its rows were made; a repeat has its own.

    Args:
        table: Columns ``method``, ``source`` and ``run``.
        rows: From :func:`made_of`, with ``row`` and ``run``, the method and the run that each stands for in the table.
    """
    if not rows:
        return table
    made = pd.DataFrame([dict(row) for row in rows]).drop(columns="method").rename(columns={"row": "method"})
    joined = table.merge(made, how="left", on=["method", "run"])
    joined.loc[joined["source"] != OURS, [name for name in made if name not in ("method", "run")]] = None
    return joined
