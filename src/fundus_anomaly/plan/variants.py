"""The variants of a run: ReSAD, PatchCore and the ablations, each as one row of parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fundus_anomaly.errors import Problem, raise_if_any

RESC_KEYS = ["backbone", "pool", "region", "spatial", "scale"]
BANK_KEYS = ["normals", "coreset"]
WILDCARDS = {
    "backbone": "[a-z0-9_]+",
    "pool": "[0-9]+(-[0-9]+)?",
    "region": "[0-9]+",
    "spatial": "[a-z_]+",
    "scale": "[a-z_]+(-[0-9.]+)?",
    "normals": "[0-9.]+(e-[0-9]+)?",
    "coreset": "[0-9.]+(e-[0-9]+)?",
}
"""What each may be in a path: all that the configuration allows, numbers as Python writes them."""
RESAD, PATCHCORE = "ReSAD", "PatchCore"


def expand(config: Mapping) -> list[dict]:
    """Return one row a variant: its name under ``variant``, then :data:`RESC_KEYS` and :data:`BANK_KEYS`.

    ReSAD is the section ``resad`` of the configuration; PatchCore is the same bank without ReSC and with 3×3 pooling.
    An ablation starts from ReSAD, with the ablations' own coreset fraction, and changes what it names. Parameters that
    have no effect take one value, so that equal variants are computed once.

    Args:
        config: The validated configuration.

    Raises:
        InputError: If two variants share a name.
    """
    main = {
        "backbone": config["backbone"]["name"],
        **config["resad"],
        "normals": 1.0,
        "coreset": config["bank"]["coreset"],
    }
    off = {"region": 0, "spatial": "off"}
    rows = [{"variant": RESAD} | main, {"variant": PATCHCORE} | main | off | {"pool": config["patchcore"]["pool"]}]
    fraction = config["ablations"]["coreset"] or config["bank"]["coreset"]
    rows += [
        {"variant": change["name"]} | main | {"coreset": fraction} | {k: v for k, v in change.items() if k != "name"}
        for change in config["ablations"]["variants"]
    ]
    names = [row["variant"] for row in rows]
    raise_if_any(
        Problem("config, ablations.variants", f"{name!r} more than once", "names that differ", "rename one of them")
        for name in sorted({name for name in names if names.count(name) > 1})
    )
    return [without_idle(row) for row in rows]


def unchanged(rows: Sequence[Mapping]) -> str:
    """Return the name of the ablation that changes nothing of ReSAD but the coreset fraction, "" if there is none.

    Args:
        rows: From :func:`expand`.
    """
    kept = [key for key in RESC_KEYS + BANK_KEYS if key != "coreset"]
    main = next(row for row in rows if row["variant"] == RESAD)
    alike = (row["variant"] for row in rows if all(row[key] == main[key] for key in kept))
    return next((name for name in alike if name != RESAD), "")


def without_idle(row: dict) -> dict:
    """Return a variant whose parameters that have no effect take one value, its keys in the order of :func:`expand`."""
    if row["spatial"] in ("off", "identity"):
        row = row | {"scale": "none"}
    order = ["variant", *RESC_KEYS, *BANK_KEYS]
    return {key: float(row[key]) if key in BANK_KEYS else row[key] for key in order}
