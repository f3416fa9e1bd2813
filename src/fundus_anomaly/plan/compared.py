"""The rows of the methods that ours are compared with: each a fit, with what it changes of the method's settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.plan.row_keys import change, row_key


def expand(config: Mapping, titles: Mapping[str, str], taken: Iterable[str]) -> list[dict]:
    """Return the rows of all methods in ``compared.methods``, in order.

    Each has ``name``, as it is printed; ``method``, the module of :mod:`..methods`; ``key``, the folder of its fits;
    ``run`` and ``repeat``, folder and seed of this one; ``settings``, all of the method's. The first row of a method is
    the method as configured. Repeats are rows of their own.

    Args:
        config: The validated configuration.
        titles: How each method is printed.
        taken: Names of rows of ours.

    Raises:
        InputError: If two rows share a name.
    """
    rows = []
    repeats = config["compared"]["repeats"]
    for method in config["compared"]["methods"]:
        section = dict(config["methods"][method])
        changed = section.pop("rows")
        for row in [{"name": titles[method]}, *changed]:
            ours = {key: value for key, value in row.items() if key != "name"}
            key = row_key(change(name, value) for name, value in ours.items() if value != section[name])
            for repeat in repeats:
                name = row["name"] if len(repeats) == 1 else f"{row['name']}, repeat {repeat}"
                rows.append(
                    {"name": name, "method": method, "key": key, "run": f"repeat~{repeat}", "repeat": repeat}
                    | {"settings": section | ours}
                )
    counts = Counter([*taken, *(row["name"] for row in rows)])
    raise_if_any(
        Problem("config, rows of methods", f"{name!r} more than once", "names of their own", "rename one of them")
        for name in dict.fromkeys(row["name"] for row in rows)
        if counts[name] > 1
    )
    return rows


def fits(rows: Iterable[Mapping]) -> dict[tuple[str, str, str], Mapping]:
    """Return one row for each fit that the rows need, by method, key and run."""
    return {(row["method"], row["key"], row["run"]): row for row in rows}
