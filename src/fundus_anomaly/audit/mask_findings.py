"""Findings on lesion masks, apart from those on photographs: an edited mask changes nothing about a photograph."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from fundus_anomaly.audit.findings import SETTLED, Finding, file_finding
from fundus_anomaly.imaging.orientation import upright_size

# No lesion type covers half of a photograph's rectangle, of which the field of view is some three quarters.
_TOO_MUCH = 0.5


def mask_findings(
    manifest: pd.DataFrame, photograph_facts: pd.DataFrame, mask_facts: pd.DataFrame, excluded: Collection[str] = ()
) -> list[Finding]:
    """Return what is wrong with the masks, alone and against their photographs.

    Args:
        manifest: The rows that were audited.
        photograph_facts: Column ``id`` and those of :data:`.inspect.PHOTOGRAPH_FACTS`.
        mask_facts: Columns ``id``, ``lesion`` and those of :data:`.inspect.MASK_FACTS`, one row a mask file.
        excluded: Ids that the user excluded. What concerned them alone becomes a note: it is settled.
    """
    sizes = ["width", "height", "exif_orientation", "error_kind"]
    photographs = photograph_facts.set_index("id")[sizes].add_prefix("photograph_")
    table = mask_facts.merge(manifest[["id", "split", "label"]], on="id", how="inner", validate="many_to_one")
    table = table.merge(photographs, left_on="id", right_index=True, how="left", validate="many_to_one")
    readable = table[table["error_kind"] == ""]
    return [
        *_defects(table, excluded),
        *_polarity(readable[~readable["id"].isin(excluded)]),
        *_contradictions(readable, excluded),
        *_empty(manifest, readable),
        *_copies(readable),
        *_many_values(readable),
        *_unusual(readable),
    ]


def _defects(table: pd.DataFrame, excluded: Collection[str]) -> list[Finding]:
    """Return an error for each mask that cannot be read or has another size than its photograph."""
    found = []
    for row in table.itertuples(index=False):
        upright = upright_size((row.photograph_width, row.photograph_height), row.photograph_exif_orientation)
        size = upright_size((row.width, row.height), row.exif_orientation)
        if row.error_kind:
            kind, detail = f"mask: {row.error_kind}", f"{row.lesion}, {row.path}: {row.error}."
        elif row.photograph_error_kind == "" and size != upright:
            kind = "mask: wrong size"
            mask = f"{_told(size, row.exif_orientation)} pixels"
            photograph = _told(upright, row.photograph_exif_orientation)
            detail = f"{row.lesion}, {row.path}: {mask}, its photograph {photograph}."
        else:
            continue
        found.append(file_finding(kind, row.id, row.split, detail, excluded))
    return found


def _told(size: tuple[int, int], turn: int) -> str:
    return f"{size[0]}×{size[1]}{f' upright by its orientation {turn}' if turn > 1 else ''}"


def _polarity(readable: pd.DataFrame) -> list[Finding]:
    """Return an error if most masks are mostly lesion, a warning for single ones."""
    much = readable[readable["lesion_share"] > _TOO_MUCH]
    if much.empty:
        return []
    ids = tuple(dict.fromkeys(much["id"]))
    shares = ", ".join(f"{row.path} ({row.lesion_share:.0%})" for row in much.head(5).itertuples(index=False))
    more = f" and {len(much) - 5} more" if len(much) > 5 else ""
    detail = f"{len(much)} of {len(readable)} masks are lesion over more than half: {shares}{more}."
    if len(much) > len(readable) / 2:
        remedy = "Lesion and background seem to be exchanged: set masks_inverted the other way round for this dataset"
        return [Finding("mask: inverted", "error", ids, detail, remedy, scope="images")]
    remedy = "Check whether lesion and background are exchanged in these files; if so, invert them"
    return [Finding("mask: mostly lesion", "warning", ids, detail, remedy)]


def _contradictions(readable: pd.DataFrame, excluded: Collection[str]) -> list[Finding]:
    """Return an error for each normal image whose mask shows a lesion."""
    found = []
    kind = "lesion in a normal image"
    for name, group in readable[(readable["label"] == 0) & (readable["lesion_pixels"] > 0)].groupby("id", sort=False):
        marked = ", ".join(f"{row.path} ({row.lesion_pixels} pixels)" for row in group.itertuples(index=False))
        detail = f"Labelled normal, but marked: {marked}."
        if name in excluded:
            detail = f"{detail} {SETTLED}."
            found.append(Finding(kind, "note", (name,), detail, scope="images"))
        else:
            remedy = "Correct the label or the mask, or exclude the image"
            found.append(Finding(kind, "error", (name,), detail, remedy, scope="images", exclude=(name,)))
    return found


def _empty(manifest: pd.DataFrame, readable: pd.DataFrame) -> list[Finding]:
    """Return warnings for masks without a lesion pixel, and for abnormal images that have no other masks."""
    found = []
    empty = readable[(readable["lesion_pixels"] == 0) & (readable["label"] != 0)]
    if not empty.empty:
        paths = ", ".join(empty["path"].head(10)) + (f" and {len(empty) - 10} more" if len(empty) > 10 else "")
        detail = f"{len(empty)} masks have no lesion pixel and are treated as absent: {paths}."
        remedy = "Remove the files if the lesion is absent; replace them if it is there"
        found.append(Finding("mask: empty", "warning", tuple(dict.fromkeys(empty["id"])), detail, remedy))
    marked = readable.groupby("id")["lesion_pixels"].sum()
    nothing = set(marked.index[marked == 0])
    abnormal = tuple(manifest.loc[(manifest["label"] == 1) & manifest["id"].isin(nothing), "id"])
    if abnormal:
        detail = f"{len(abnormal)} abnormal images have masks, and not one lesion pixel in them."
        remedy = "They count as abnormal for the image AUC and as normal everywhere for the pixel AUC; check them"
        found.append(Finding("abnormal without a lesion pixel", "warning", abnormal, detail, remedy))
    return found


def _copies(readable: pd.DataFrame) -> list[Finding]:
    """Return a warning for each mask file that is given for several photographs or lesions."""
    marked = readable[readable["lesion_pixels"] > 0]
    found = []
    for _, group in marked[marked.duplicated("sha256", keep=False)].groupby("sha256", sort=False):
        ids = tuple(dict.fromkeys(group["id"]))
        detail = f"The same mask file {len(group)} times: {', '.join(group['path'])}."
        remedy = "Find out which photograph and lesion it belongs to, and replace the others"
        found.append(Finding("mask: identical", "warning", ids, detail, remedy))
    return found


def _many_values(readable: pd.DataFrame) -> list[Finding]:
    """Return a warning for masks that hold more than two levels, as JPEG or smoothing leave them."""
    many = readable[readable["value_count"] > 2]
    if many.empty:
        return []
    shown = ", ".join(f"{row.path} ({row.format}: {row['values']})" for _, row in many.head(3).iterrows())
    rules = "; ".join(f"{len(group)} {rule}" for rule, group in many.groupby("rule", sort=False))
    detail = f"{len(many)} masks have more than two levels: {shown}. Marked is what is, by number of masks: {rules}."
    remedy = "Save masks as PNG or TIFF with two levels to be sure"
    return [Finding("mask: more than two levels", "warning", tuple(dict.fromkeys(many["id"])), detail, remedy)]


def _unusual(readable: pd.DataFrame) -> list[Finding]:
    """Return what is to be known of the files themselves: several pictures in one, and turns."""
    found = []
    several = readable[readable["frames"] > 1]
    if not several.empty:
        paths = ", ".join(several["path"].head(5))
        detail = f"{len(several)} mask files hold several pictures, of which the first alone is taken: {paths}."
        remedy = "Check whether the other pages mark lesions; if so, join them in one picture"
        kind = "mask: several pictures in one file"
        found.append(Finding(kind, "warning", tuple(dict.fromkeys(several["id"])), detail, remedy))
    turned = readable[readable["exif_orientation"] > 1]
    if not turned.empty:
        detail = f"{len(turned)} masks are turned upright by their own orientation, as their photographs are by theirs."
        found.append(Finding("mask: turned", "note", tuple(dict.fromkeys(turned["id"])), detail))
    return found
