"""Names and values of the manifest's columns, in a separate module, so that importing them loads no reader."""

from __future__ import annotations

COLUMNS = ("id", "path", "split", "patient", "eye", "label", "grade", "fold")
MASK_PREFIX = "mask_"
SPLITS = ("train", "test")
UNUSED = "unused"
NORMAL, ABNORMAL, UNKNOWN = 0, 1, -1
NO_FOLD = -1
GRADES = range(-1, 5)


def mask_column(lesion: str) -> str:
    """Return the name of the column with the paths of a lesion type's masks."""
    return MASK_PREFIX + lesion
