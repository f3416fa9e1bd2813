"""The rows of LesionPaste's tables: each a training, with what it changes of the configured one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.methods.lesionpaste.keys import SYNTHESIS_KEYS
from fundus_anomaly.plan.lesion_sources import source_key
from fundus_anomaly.plan.row_keys import change, plain, row_key, short_digest

LESIONPASTE, CONTROL = "LesionPaste", "control: twins without lesions"
PATCHES = "control: pieces of the normal for lesions (CutPaste)"
MAIN_TABLE = "3"
RIVALS = "rivals"
"""Rows that stand in the main table beside other methods alone."""
_CONTROL = "without_lesions"


def expand(config: Mapping) -> list[dict]:
    """Return the rows of all tables, in order: the main table first; none if no annotated image is configured.

    Each has ``table`` (its number in the paper), ``name``, ``key`` (the folder of its training), ``pasted``,
    ``sources`` (ids of its annotated images), and all of :data:`.keys.SYNTHESIS_KEYS`. The key says what the row
    changes of the configuration, so that rows with equal settings, in one table or in several, share one training.

    The first row is LesionPaste as configured. The control is trained in the same way on twins that equal their
    normals: what it can distinguish, LesionPaste has not learned from lesions. Another, :data:`RIVALS`, has a piece of
    the normal itself in place of each lesion: by what it is behind LesionPaste, the lesions themselves are worth it.

    Args:
        config: The validated configuration.

    Raises:
        InputError: If two rows of a table share a name.
    """
    section = config["lesionpaste"]
    if not section["source"]["images"]:
        return []
    main = {key: section[key] for key in SYNTHESIS_KEYS}
    main |= {"pasted": True, "sources": list(section["source"]["images"])}
    rows = [{"table": MAIN_TABLE, "name": LESIONPASTE} | main]
    rows += _changed(main, section["rows"], MAIN_TABLE)
    if section["control"]:
        rows.append({"table": MAIN_TABLE, "name": CONTROL} | main | {"pasted": False})
    for table, changes in section["ablations"].items():
        rows += _changed(main, changes, table)
    if section["patch_control"]:
        rows.append({"table": RIVALS, "name": PATCHES} | main | {"patch": "normal"})
    for row in rows:
        row["key"] = _key(row, main)
    raise_if_any(_repeated(rows))
    return rows


def trainings(rows: Iterable[Mapping]) -> dict[str, Mapping]:
    """Return one row for each training that the rows need, by its key."""
    found: dict[str, Mapping] = {}
    for row in rows:
        found.setdefault(row["key"], row)
    return found


def kinds_of(rows: Iterable[Mapping]) -> list[str]:
    """Return the types of lesion that the mixes of rows name, each once."""
    return list(dict.fromkeys(kind for row in rows for part in row["mix"] for kind in part["types"]))


def named_sources(rows: Iterable[Mapping], configured: Sequence[str]) -> dict[str, Sequence[str]]:
    """Return the annotated images of rows by the configuration's key that names them.

    Args:
        rows: Rows as :func:`expand` returns them.
        configured: The images of ``lesionpaste.source.images``.
    """
    named: dict[str, Sequence[str]] = {}
    for row in rows:
        if row["sources"] == list(configured):
            named["lesionpaste.source.images"] = row["sources"]
        else:
            named[f"{_section(row['table'])}, row {row['name']!r}, sources"] = row["sources"]
    return named


def epochs_tested(training: Mapping) -> list[int]:
    """Return the epochs whose weights are tested for the authors' way to choose one, by the test itself.

    Args:
        training: The configuration's section ``lesionpaste.training``.
    """
    every = training["tested_every"]
    return list(range(every, training["epochs"] + 1, every)) if every else []


def _changed(main: Mapping, changes: Sequence[Mapping], table: str) -> list[dict]:
    """Return rows that start from the configured one and change what they name."""
    return [
        {"table": table} | main | dict(change) | {"augmentation": main["augmentation"] | change.get("augmentation", {})}
        for change in changes
    ]


def _key(row: Mapping, main: Mapping) -> str:
    """Return the folder of a row's training, which names its settings where they differ from the configured ones."""
    if not row["pasted"]:
        return _CONTROL
    parts = [f"sources~{source_key(row['sources'])}"] if row["sources"] != main["sources"] else []
    parts += [
        change(name, row[name]) for name in ("most", "count_by", "mask", "patch", "mixup") if row[name] != main[name]
    ]
    if row["mix"] != main["mix"]:
        types = "_".join("+".join(part["types"]) for part in row["mix"])
        parts.append(f"mix~{types[:40]}-{short_digest(_mix_text(row['mix']))}")
    ours, configured = (_effective(each["augmentation"]) for each in (row, main))
    parts += [change(name, value) for name, value in ours.items() if value != configured[name]]
    return row_key(parts)


def _effective(augmentation: Mapping) -> dict[str, object]:
    """Return each operation's strength, "off" where it is switched off: settings of one effect are equal."""
    strengths = {name: value for name, value in augmentation.items() if name != "operations"}
    return {name: value if name in augmentation["operations"] else "off" for name, value in strengths.items()}


def _mix_text(mix: Sequence[Mapping]) -> str:
    return json.dumps([{key: plain(value) for key, value in part.items()} for part in mix], sort_keys=True)


def _section(table: str) -> str:
    return "lesionpaste.rows" if table in (MAIN_TABLE, RIVALS) else f"lesionpaste.ablations.{table}"


def _repeated(rows: Sequence[Mapping]) -> list[Problem]:
    taken = [(row["table"], row["name"]) for row in rows]
    return [
        Problem(
            f"config, {_section(table)}",
            f"{name!r} more than once",
            "names that differ",
            "rename one of them",
        )
        for number, (table, name) in enumerate(taken)
        if (table, name) in taken[:number]
    ]
