"""Further rows of PatchCore: its published code's steps that the row beside ReSAD is without, each a switch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.plan.row_keys import change, row_key
from fundus_anomaly.plan.variants import PATCHCORE
from fundus_anomaly.plan.variants import expand as all_variants

OFF = {"length": 0, "neighbours": 0, "map_smoothing": 0.0}
"""The switches as the row beside ReSAD has them."""


def expand(config: Mapping, taken: Iterable[str]) -> list[dict]:
    """Return the rows of ``patchcore.rows``, in order.

    Each has ``name``, as it is printed; ``key``, the folder of its scores; ``settings``, its switches; ``variant``, its
    bank, as :func:`.variants.expand` has it. Features of another length have a bank of their own, whose ``pool`` names
    the length; the other switches are of the scores alone.

    Args:
        config: The validated configuration.
        taken: Names of other rows of the table.

    Raises:
        InputError: If two rows share a name.
    """
    beside = next(row for row in all_variants(config) if row["variant"] == PATCHCORE)
    rows = []
    for row in config["patchcore"]["rows"]:
        settings = OFF | {name: value for name, value in row.items() if name != "name"}
        key = row_key(change(name, value) for name, value in settings.items() if value != OFF[name])
        pool = f"{beside['pool']}-{settings['length']}" if settings["length"] else beside["pool"]
        rows.append({"name": row["name"], "key": key, "settings": settings, "variant": beside | {"pool": pool}})
    counts = Counter([*taken, *(row["name"] for row in rows)])
    raise_if_any(
        Problem("config, patchcore.rows", f"{name!r} more than once", "names of their own", "rename one of them")
        for name in dict.fromkeys(row["name"] for row in rows)
        if counts[name] > 1
    )
    return rows


def pooling(text: str) -> dict[str, int]:
    """Return ``pool``, the side of the neighbourhood, and ``length``, 0 where it is that of the levels."""
    pool, _, length = text.partition("-")
    return {"pool": int(pool), "length": int(length or 0)}
