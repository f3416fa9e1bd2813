"""One row a photograph, for spreadsheets: what was said of it, and where its heat map lies."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pandas as pd

from fundus_anomaly.datasets.spreadsheet import guarded
from fundus_anomaly.files.checksummed import checksummed
from fundus_anomaly.quality.verdict import NOT_JUDGED

ABOVE, BELOW = "above the threshold", "below the threshold"
COLUMNS = (
    "path",
    "id",
    "decision",
    "score",
    "threshold",
    "false_alarms",
    "percentile",
    "p_value",
    "quality",
    "reason",
    "heat_map",
)


def images_table(
    judged: pd.DataFrame,
    refused: Sequence[tuple[str, str]],
    threshold: float,
    false_alarms: float,
    heat_maps: Sequence[str],
) -> pd.DataFrame:
    """Return a row a photograph, in the order of the folder.

    Args:
        judged: Columns ``path``, below the folder of the photographs, ``id``, ``score``, ``percentile``, ``p_value``,
            ``unusual``, ``quality`` and ``reason``; the figures are NaN where the photograph cannot be judged.
        refused: Photographs that could not even be named to a job: path and reason.
        threshold: Score at and above which a photograph is unlike the normals.
        false_alarms: Share of new normals that is expected to be above it, in [0, 1].
        heat_maps: Paths of the heat maps, relative to the table; empty where there is none.

    Returns:
        The columns :data:`COLUMNS`. Texts that a spreadsheet would take for a formula have ``'`` before them.
    """
    decision = judged["unusual"].map({1.0: ABOVE, 0.0: BELOW}).fillna(NOT_JUDGED)
    table = judged.assign(decision=decision, threshold=threshold, false_alarms=false_alarms, heat_map=list(heat_maps))
    others = pd.DataFrame(refused, columns=["path", "reason"]).assign(decision=NOT_JUDGED, quality=NOT_JUDGED)
    others = others.assign(id="", heat_map="")
    table = pd.concat([table, others])[list(COLUMNS)] if len(others) else table[list(COLUMNS)]
    for name in ("path", "id", "reason", "heat_map"):
        table[name] = table[name].map(guarded)
    return table


def write_images_table(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write the table as CSV that spreadsheets open as UTF-8, whole or not at all."""
    with checksummed(path) as temporary:
        temporary.write_text(table.to_csv(index=False, lineterminator="\n"), encoding="utf-8-sig", newline="\n")
