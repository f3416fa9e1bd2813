"""Images that take no part after the audit, as those who read its table need them."""

from __future__ import annotations

import os

from fundus_anomaly.files.tables import read_results_table


def read_excluded(path: str | os.PathLike[str], split: str | None = None) -> dict[str, str]:
    """Return why each image takes no part, by id, from the table that :func:`.admission.admit` gave.

    Args:
        path: The table.
        split: The split whose images are wanted; None for those of all.

    Raises:
        InputError: If the file is not what was written.
    """
    table = read_results_table(path, {"id": "str", "split": "str", "reason": "str"})
    chosen = table if split is None else table[table["split"] == split]
    return dict(zip(chosen["id"], chosen["reason"], strict=True))
