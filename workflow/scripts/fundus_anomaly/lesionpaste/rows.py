"""The rows of LesionPaste's tables: each a training, with what it changes of the configured one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import Problem, raise_if_any
from .keys import SYNTHESIS_KEYS

LESIONPASTE, CONTROL = "LesionPaste", "control: twins without lesions"


def expand(config: Mapping) -> list[dict]:
    """Return one row a training: ``name``, ``key`` (a folder), ``pasted``, and all of :data:`.keys.SYNTHESIS_KEYS`.

    The first row is LesionPaste as configured. The control is trained in the same way on twins that equal their
    normals: what it can tell apart, LesionPaste has not learned from lesions.

    Args:
        config: The validated configuration.

    Raises:
        InputError: If two rows share a name.
    """
    section = config["lesionpaste"]
    main = {key: section[key] for key in SYNTHESIS_KEYS} | {"pasted": True}
    rows = [{"name": LESIONPASTE} | main]
    for change in section["rows"]:
        augmentation = main["augmentation"] | change.get("augmentation", {})
        rows.append(main | dict(change) | {"augmentation": augmentation})
    if section["control"]:
        rows.append({"name": CONTROL} | main | {"pasted": False})
    for row in rows:
        row["key"] = re.sub(r"[^a-z0-9.]+", "_", row["name"].lower().replace("w.o.", "without")).strip("_")
    taken = [row["key"] for row in rows]
    raise_if_any(
        Problem(
            "config, lesionpaste.rows", f"{row['name']!r} more than once", "names of their own", "rename one of them"
        )
        for number, row in enumerate(rows)
        if row["key"] in taken[:number] or not row["key"]
    )
    return rows
