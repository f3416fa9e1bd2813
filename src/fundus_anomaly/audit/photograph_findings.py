"""Findings on photographs: files that cannot be used, unusual kinds of file, and relations between photographs."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pandas as pd

from fundus_anomaly.audit.findings import Finding, file_finding
from fundus_anomaly.audit.perceptual_hash import BLANK_SPREAD
from fundus_anomaly.audit.relations import copies, duplicate_findings, patient_findings, source_findings
from fundus_anomaly.imaging.colour_profile import is_srgb

_GREY = ("1", "L", "LA", "La", "I", "F")
_ALPHA = ("RGBA", "RGBa", "LA", "La", "PA")
_DARK = "no level is above a quarter of white: they use fewer bits than the file holds, or are far too dark"
_KINDS: tuple[tuple[str, str, Callable[[pd.DataFrame], pd.Series], str, str], ...] = (
    (
        "grey photograph",
        "warning",
        lambda f: f["mode"].isin(_GREY) | f["mode"].str.startswith("I;"),
        "taken as three equal channels",
        "",
    ),
    ("more than 8 bits", "note", lambda f: f["bits"] > 8, "reduced to 8 bits a channel", ""),
    (
        "fewer bits than the file holds",
        "warning",
        lambda f: _is_dark(f),
        _DARK,
        "Set data.bits_used to the bits that hold the levels (12 where the highest is at most 4095)",
    ),
    (
        "bits used",
        "note",
        lambda f: f["white_level"] < f["container_level"],
        "white is the largest level of the bits that the file states, or data.bits_used does, not of those it holds",
        "",
    ),
    ("CMYK", "warning", lambda f: f["mode"] == "CMYK", "converted to RGB without a colour profile", ""),
    ("alpha channel", "warning", lambda f: (f["alpha"] > 0) | f["mode"].isin(_ALPHA), "laid over black", ""),
    ("palette", "note", lambda f: f["mode"].isin(["P", "PA"]), "converted to RGB", ""),
    ("floats", "warning", lambda f: f["mode"] == "F", "taken as 0–1 where no level is above 1, else as 0–255", ""),
    ("other colour mode", "warning", lambda f: f["mode"].isin(["YCbCr", "LAB", "HSV"]), "converted to RGB", ""),
    (
        "colour profile",
        "warning",
        lambda f: (f["colour_profile"] != "") & ~f["colour_profile"].map(is_srgb),
        "not applied: colours are taken as stored, and differ from those of photographs in sRGB",
        "Convert the photographs to sRGB, all of a benchmark alike",
    ),
    ("EXIF turn", "note", lambda f: f["exif_orientation"] > 1, "turned upright as the camera recorded it", ""),
    ("several pictures in one file", "note", lambda f: f["frames"] > 1, "the first one is taken", ""),
    (
        "a small picture before a larger one",
        "warning",
        lambda f: f["larger_page"] != "",
        "the first one is taken, which seems to be a thumbnail",
        "Save the larger picture as a separate file",
    ),
)


def _is_dark(facts: pd.DataFrame) -> pd.Series:
    """Return which photographs of more than 8 bits have no level above a quarter of white."""
    return (facts["white_level"] > 255) & (facts["highest_level"] <= facts["white_level"] / 4)


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
            if row.white_level > 255:
                levels = f"{row.highest_level:,.0f}, white is {row.white_level:,.0f}"
                detail += f" Its highest level is {levels}: if it uses fewer bits than it holds, set data.bits_used."
        else:
            continue
        found.append(file_finding(kind, row.id, row.split, detail, excluded, sources))
    return found


def _unusual(table: pd.DataFrame) -> list[Finding]:
    """Return one finding for each unusual kind of file, with all the images that are of it."""
    found = []
    for kind, severity, applies, treatment, remedy in _KINDS:
        chosen = table[applies(table)]
        if not chosen.empty:
            share = f"{len(chosen)} of {len(table)} readable photographs"
            detail = f"{share}; {treatment}.{_examples(kind, chosen)}"
            found.append(Finding(kind, severity, tuple(chosen["id"]), detail, remedy))
    return found


def _examples(kind: str, chosen: pd.DataFrame) -> str:
    """Return the first photographs of a kind with what was found in each, where that is a number or a name."""
    described = {
        "fewer bits than the file holds": lambda row: (
            f"highest level {row.highest_level:,.0f} of {row.white_level:,.0f}"
        ),
        "bits used": lambda row: f"white {row.white_level:,.0f} of {row.container_level:,.0f}",
        "colour profile": lambda row: row.colour_profile,
        "a small picture before a larger one": lambda row: f"{row.width}×{row.height} before {row.larger_page}",
    }.get(kind)
    if described is None:
        return ""
    return f" {', '.join(f'{row.path} ({described(row)})' for row in chosen.head(5).itertuples(index=False))}."
