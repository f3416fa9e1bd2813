"""The rows of the compared methods: each is one fit, with what it changes of the method's settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.plan.row_keys import change, row_key


def expand(
    config: Mapping, titles: Mapping[str, str], taken: Iterable[str], unstable: Collection[str] = ()
) -> list[dict]:
    """Return the rows of all methods in ``compared.methods``, in order.

    Each has ``name``, as it is printed; ``method``, the module of :mod:`..methods`; ``key``, the folder of its fits;
    ``run`` and ``repeat``, folder and seed of this one; ``settings``, all of the method's. The first row of a method is
    the method as configured. Repeats are separate rows.

    Args:
        config: The validated configuration.
        titles: How each method is printed.
        taken: Names of rows of ours.
        unstable: Methods whose figures differ much from training to training: they have repeats of their own.

    Raises:
        InputError: If two rows share a name.
    """
    rows = []
    for method in config["compared"]["methods"]:
        section = dict(config["methods"][method])
        changed, repeats = section.pop("rows"), config["compared"]["repeats"]
        if method in unstable:
            repeats = config["compared"]["repeats_of_unstable"] or repeats
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
        Problem("config, rows of methods", f"{name!r} more than once", "names that differ", "rename one of them")
        for name in dict.fromkeys(row["name"] for row in rows)
        if counts[name] > 1
    )
    return rows


def first_repeats(rows: Iterable[Mapping]) -> list[Mapping]:
    """Return of the rows of repeats the first alone: what a figure shows of a method."""
    first = {}
    for row in rows:
        first.setdefault((row["method"], row["name"].removesuffix(f", repeat {row['repeat']}")), row)
    return list(first.values())


def fits(rows: Iterable[Mapping]) -> dict[tuple[str, str, str], Mapping]:
    """Return one row for each fit that the rows need, by method, key and run."""
    return {(row["method"], row["key"], row["run"]): row for row in rows}
