"""Rows of the compared methods in the tables of ReSAD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from fundus_anomaly.report.tables.footnotes import without_maps_note
from fundus_anomaly.report.tables.published import doubts
from fundus_anomaly.report.tables.variant import Variant
from fundus_anomaly.scoring.contract import OWN


def compared_rows(
    ours: Sequence[str], others: Sequence[Mapping[str, object]], metrics: Sequence[pd.DataFrame]
) -> list[Variant]:
    """Return the rows of the table: ours, then the others, whose image figures are those of their own image score.

    Args:
        ours: Names of our rows.
        others: The others, ``name``, ``settings`` and perhaps ``made`` of each: how it was made, columns of the table.
        metrics: The long table of each row, in order.
    """
    rows = [*({"name": name} for name in ours), *others]
    return [
        Variant(
            str(row["name"]),
            {name: value for name, value in row.get("made", {}).items() if name not in ("method", "row", "run")},
            table,
            OWN if OWN in set(table.loc[table["level"] == "image", "score"]) else "",
        )
        for row, table in zip(rows, metrics, strict=True)
    ]


def patchcore_notes(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Return what the further rows of PatchCore do that the row beside ReSAD does not, a note a row.

    Args:
        rows: ``name`` and ``settings`` of each.
    """
    return [f"{row['name']}: PatchCore with {_steps(**row['settings'])}." for row in rows]


def _steps(length: int, neighbours: int, map_smoothing: float) -> str:
    steps = [
        f"features brought to {length} numbers by adaptive pooling" if length else "",
        f"the re-weighted image score, {neighbours} entries around the nearest"
        if neighbours
        else "the largest distance as image score",
        f"maps smoothed by a Gaussian of σ = {map_smoothing:.2%} of their side" if map_smoothing else "",
    ]
    return "; ".join(step for step in steps if step)


def compared_notes(
    others: Sequence[Mapping[str, object]], side: int, held_out: float, apart: Mapping[str, int] | None = None
) -> list[str]:
    """Return what a reader must know of the others.

    Args:
        others: ``name`` and ``settings`` of each row.
        side: Side of the photographs that they see, prepared as ReSAD's.
        apart: The side by the name of each row whose photographs are prepared as LesionPaste's.
        held_out: Share of the normal patients that they do not learn from.
    """
    stated = "; ".join(
        # Where a folder of the user's lies is nobody's business.
        f"{row['name']}: "
        + ", ".join(f"{name} {value}" for name, value in row["settings"].items() if not name.endswith("_folder"))
        for row in others
    )
    exceptions = "; ".join(
        f"{name}: {own}×{own} pixels, prepared as LesionPaste's" for name, own in (apart or {}).items()
    )
    return [
        f"Other methods are given photographs of {side}×{side} pixels, prepared as ReSAD's, and the normals of "
        f"{1 - held_out:.0%} of the patients to learn from; those of the others calibrate their thresholds. "
        "Their image figures are those of the score that each one's paper names (“own”).",
        *([f"Other photographs: {exceptions}."] if exceptions else []),
        f"Their settings in this run: {stated}." if others else "No other method.",
    ]


def notes_of_methods(
    rows: Sequence[Variant],
    patchcores: Sequence[Mapping[str, object]],
    others: Sequence[Mapping[str, object]],
    side: int,
    held_out: float,
    apart: Mapping[str, int],
    dataset: str,
) -> list[str]:
    """Return the footnotes of ReSAD's tables on all methods.

    Args:
        rows: All rows of the table.
        patchcores: As in :func:`patchcore_notes`.
        others: As in :func:`compared_notes`.
        side: Likewise.
        held_out: Likewise.
        apart: Likewise.
        dataset: It decides which published figures are doubted.
    """
    return [
        *patchcore_notes(patchcores),
        *compared_notes(others, side, held_out, apart),
        *without_maps_note(rows),
        *doubts("resad", dataset),
    ]
