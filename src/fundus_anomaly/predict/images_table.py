"""One row a photograph, for spreadsheets: what was said of it, and where its heat map lies."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fundus_anomaly.datasets.columns import UNKNOWN
from fundus_anomaly.datasets.spreadsheet import guarded
from fundus_anomaly.files.checksummed import checksummed
from fundus_anomaly.files.workbook import write_workbook
from fundus_anomaly.quality.verdict import NOT_JUDGED
from fundus_anomaly.report.pages.gallery_files import FILES
from fundus_anomaly.scoring.thresholds import calibrate, p_values, percentiles

ABOVE, BELOW, NO_THRESHOLD = "above the threshold", "below the threshold", "no threshold"
EXCLUDED = "excluded"
"""The decision on a photograph that takes no part in the run; its quality is empty, and why it does not its reason."""
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
KNOWN = ("patient", "eye", "label", "grade")
"""What may be known of a photograph beforehand; these columns follow ``id``."""


def with_excluded(manifest: pd.DataFrame, judged: pd.DataFrame, excluded: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows of a manifest with what is said of each photograph, and those that the audit excluded last.

    Args:
        manifest: Index ``id``, with ``path`` and what is known of each.
        judged: Index ``id``, with ``quality`` and ``reason``, of those that were scored.
        excluded: By id, why a photograph takes no part. Of one that is not in the manifest nothing is known.
    """
    unknown = {"path": "", "patient": "", "eye": "", "label": UNKNOWN, "grade": UNKNOWN}
    reasons = pd.DataFrame({"quality": "", "reason": excluded.values()}, index=list(excluded), dtype="str")
    said = pd.concat([judged[["quality", "reason"]], reasons])
    known = manifest.reindex(said.index)
    return known.fillna({name: value for name, value in unknown.items() if name in known}).join(said)


def judged_together(
    photographs: pd.DataFrame, scores: pd.Series, normal_scores: np.ndarray, threshold: float
) -> pd.DataFrame:
    """Return what :func:`images_table` takes, of photographs that were scored in one run.

    Args:
        photographs: Index ``id``, with ``path``, ``quality``, ``reason`` and what is known of each; of those that were
            excluded the quality is empty.
        scores: By ``id``.
        normal_scores: ``(n,)`` float, those of held-out normals.
        threshold: As in :func:`images_table`.
    """
    table = photographs.rename_axis("id").reset_index()
    found = scores.reindex(table["id"]).to_numpy(np.float64)
    figures = {
        "score": found,
        "percentile": percentiles(found, normal_scores),
        "p_value": p_values(found, normal_scores),
        "unusual": (found >= threshold).astype(np.float64),
    }
    seen = ~table["quality"].isin([NOT_JUDGED, ""]).to_numpy()
    return table.assign(**{name: np.where(seen, values, np.nan) for name, values in figures.items()})


def heat_maps_in(folder: str, ids: Sequence[str], quality: Sequence[str]) -> list[str]:
    """Return the path of each photograph's heat map in a folder of pages; empty where it cannot be judged."""
    pairs = zip(ids, quality, strict=True)
    return ["" if said in (NOT_JUDGED, "") else f"{folder}/{FILES.of(name).heat_map}" for name, said in pairs]


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
            ``unusual``, ``quality`` and ``reason``; the figures are NaN where the photograph cannot be judged. Of
            :data:`KNOWN` those that there are; a label or grade of -1 is unknown, and its cell is empty.
        refused: Photographs that could not even be named to a job: path and reason.
        threshold: Score at and above which a photograph is unlike the normals; NaN without normals.
        false_alarms: Share of new normals that is expected to be above it, in [0, 1].
        heat_maps: Paths of the heat maps, relative to the table; empty where there is none.

    Returns:
        The columns :data:`COLUMNS`, and those of :data:`KNOWN` that were given. Texts that a spreadsheet would take for
        a formula have ``'`` before them.
    """
    decision = judged["unusual"].map({1.0: ABOVE, 0.0: BELOW}).fillna(NOT_JUDGED)
    if math.isnan(threshold):
        decision = decision.where(decision == NOT_JUDGED, NO_THRESHOLD)
    decision = decision.where(judged["quality"] != "", EXCLUDED)
    table = judged.assign(decision=decision, threshold=threshold, false_alarms=false_alarms, heat_map=list(heat_maps))
    others = pd.DataFrame(refused, columns=["path", "reason"]).assign(decision=NOT_JUDGED, quality=NOT_JUDGED)
    others = others.assign(id="", patient="", eye="", heat_map="")
    known = [name for name in KNOWN if name in judged]
    columns = [*COLUMNS[:2], *known, *COLUMNS[2:]]
    table = pd.concat([table, others])[columns] if len(others) else table[columns]
    for name in {"label", "grade"}.intersection(known):
        table[name] = table[name].where(table[name] != UNKNOWN).astype("Int64")
    for name in ("path", "id", "patient", "reason", "heat_map"):
        if name in columns:
            table[name] = table[name].map(guarded)
    return table


def write_run_table(
    csv: str | os.PathLike[str],
    workbook: str | os.PathLike[str],
    manifest: pd.DataFrame,
    judged: pd.DataFrame,
    excluded: Mapping[str, str],
    scores: pd.Series,
    normal_scores: np.ndarray,
    normal_quantile: float,
    folder: str,
) -> None:
    """Write the table of photographs that were scored in one run.

    Args:
        csv: As in :func:`write_images`.
        workbook: Likewise.
        manifest: As in :func:`with_excluded`.
        judged: Likewise.
        excluded: Likewise.
        scores: By ``id``.
        normal_scores: ``(n,)`` float, those of held-out normals.
        normal_quantile: Share of new normals that the threshold lets pass.
        folder: The folder of the heat maps, relative to the table.
    """
    found = calibrate(normal_scores, normal_quantile)
    rows = judged_together(with_excluded(manifest, judged, excluded), scores, normal_scores, found.threshold)
    maps = heat_maps_in(folder, rows["id"], rows["quality"])
    write_images(csv, workbook, images_table(rows, [], found.threshold, found.expected, maps))


def write_images(csv: str | os.PathLike[str], workbook: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write the table as CSV, see :func:`write_images_table`, and as a workbook."""
    write_images_table(csv, table)
    write_workbook(workbook, table, "photographs")


def write_images_table(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write the table as CSV that spreadsheets open as UTF-8, whole or not at all."""
    with checksummed(path) as temporary:
        temporary.write_text(table.to_csv(index=False, lineterminator="\n"), encoding="utf-8-sig", newline="\n")
