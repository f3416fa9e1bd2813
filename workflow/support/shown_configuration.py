"""The configuration as a page shows it: a line a key, without what may name a person, an image or a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

NOT_SHOWN = "set, not shown"


def shown_configuration(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, str]:
    """Return each key, dots between its sections, with its value as JSON.

    Args:
        config: A whole configuration. Of ``data`` and ``methods`` the sections of other datasets, and of methods that
            it does not compare, are left out.
        schema: Its schema. What it calls ``private`` is given as :data:`NOT_SHOWN`, or by its number of entries, unless
            it is empty.
    """
    datasets = set(schema["properties"]["dataset"]["enum"])
    used = {config["dataset"], config["lesionpaste"]["source"]["dataset"]}
    others = {("data", name) for name in datasets - used}
    others |= {("methods", name) for name in set(config["methods"]) - set(config["compared"]["methods"])}
    lines = _lines(config, schema, schema, ())
    return {".".join(key): value for key, value in lines if key[:2] not in others}


def _lines(
    value: object, part: Mapping[str, Any], schema: Mapping[str, Any], key: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _lines(inner, part.get("properties", {}).get(name, {}), schema, (*key, name))
    else:
        yield key, json.dumps(_shown(value, part, schema), ensure_ascii=False)


def _shown(value: Any, part: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Return a value of a key, entries of lists and their keys included, without what is private."""
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    if part.get("private") and value:
        return f"{len(value)} {NOT_SHOWN}" if isinstance(value, list) else NOT_SHOWN
    if isinstance(value, list):
        return [_shown(entry, part.get("items", {}), schema) for entry in value]
    if isinstance(value, Mapping):
        return {name: _shown(inner, part.get("properties", {}).get(name, {}), schema) for name, inner in value.items()}
    return value
