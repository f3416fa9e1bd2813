"""Findings on photographs: files that cannot be used, unusual kinds of file, and relations between photographs."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pandas as pd

from .findings import Finding, file_finding
from .perceptual_hash import BLANK_SPREAD
from .relations import copies, duplicate_findings, patient_findings, source_findings

_KINDS: tuple[tuple[str, str, Callable[[pd.DataFrame], pd.Series], str], ...] = (
    ("grey photograph", "warning", lambda f: f["mode"].isin(["1", "L", "LA"]), "taken as three equal channels"),
    ("more than 8 bits", "note", lambda f: f["bits"] > 8, "reduced to 8 bits a channel"),
    ("CMYK", "warning", lambda f: f["mode"] == "CMYK", "converted to RGB without a colour profile"),
    ("alpha channel", "warning", lambda f: f["mode"].isin(["RGBA", "LA", "PA"]), "laid over black"),
    ("palette", "note", lambda f: f["mode"].isin(["P", "PA"]), "converted to RGB"),
    ("other colour mode", "warning", lambda f: f["mode"].isin(["YCbCr", "LAB", "HSV", "F"]), "converted to RGB"),
    ("EXIF turn", "note", lambda f: f["exif_orientation"] > 1, "turned upright as the camera recorded it"),
    ("several pictures in one file", "note", lambda f: f["frames"] > 1, "the first one is taken"),
)


def photograph_findings(
    manifest: pd.DataFrame,
    facts: pd.DataFrame,
    near_duplicate_share: float,
    excluded: Collection[str] = (),
    sources: Collection[str] = (),
) -> list[Finding]:
    """Return what is wrong with the photographs, and between them.

    Args:
        manifest: The rows that were audited, those of split ``"unused"`` included, and those of split ``"source"``:
            annotated images of another dataset.
        facts: Column ``id`` and those of :data:`.inspect.PHOTOGRAPH_FACTS`, one row for each row of the manifest.
        near_duplicate_share: The largest share of the perceptual hash's bits in which two copies differ, 0 to 1.
        excluded: Ids that the user excluded. What concerned them alone becomes a note: it is settled.
        sources: Ids of the annotated images that give lesions.
    """
    table = manifest.merge(facts.drop(columns="path"), on="id", how="left", validate="one_to_one")
    if table["error_kind"].isna().any():
        raise ValueError(f"no facts of {table.loc[table['error_kind'].isna(), 'id'].tolist()}")
    same = copies(table, near_duplicate_share)
    return [
        *_defects(table, excluded, sources),
        *source_findings(table, excluded, sources),
        *duplicate_findings(table, same, excluded, sources),
        *patient_findings(table, excluded, sources, same),
        *_unusual(table[table["error_kind"] == ""]),
    ]


def _defects(table: pd.DataFrame, excluded: Collection[str], sources: Collection[str]) -> list[Finding]:
    found = []
    for row in table.itertuples(index=False):
        if row.error_kind:
            kind, detail = f"photograph: {row.error_kind}", f"{row.path}: {row.error}."
        elif row.level_spread < BLANK_SPREAD:
            kind = "photograph: blank"
            detail = f"{row.path}: one level everywhere (mean {row.level_mean:.1f}, spread {row.level_spread:.1f})."
        else:
            continue
        found.append(file_finding(kind, row.id, row.split, detail, excluded, sources))
    return found


def _unusual(table: pd.DataFrame) -> list[Finding]:
    """Return one finding for each unusual kind of file, with all the images that are of it."""
    found = []
    for kind, severity, applies, treatment in _KINDS:
        ids = tuple(table.loc[applies(table), "id"])
        if ids:
            share = f"{len(ids)} of {len(table)} readable photographs"
            found.append(Finding(kind, severity, ids, f"{share}; {treatment}."))
    return found
