"""The schema of the configuration, read from its file."""

from __future__ import annotations

import copy
from pathlib import Path

import yaml

_CHANGED = "Further rows of the table; each starts from the method's settings and changes what it names."


def read_schema(path: Path) -> dict:
    """Return the JSON schema with what it says of each method in one place alone.

    A method is a section of ``methods``. Here each gets ``rows``, whose items may change any of its settings and need a
    name, and ``compared.methods`` may name it.
    """
    # Written in C where libyaml is there, ten times as fast: planning reads the schema each time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    schema = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    methods = schema["properties"]["methods"]["properties"]
    schema["properties"]["compared"]["properties"]["methods"]["items"]["enum"] = list(methods)
    name = schema["properties"]["ablations"]["properties"]["variants"]["items"]["properties"]["name"]
    for section in methods.values():
        changes = {key: _without_default(part) for key, part in section["properties"].items()}
        item = {"type": "object", "additionalProperties": False, "required": ["name"]}
        item["properties"] = {"name": copy.deepcopy(name)} | changes
        section["properties"]["rows"] = {"type": "array", "default": [], "description": _CHANGED, "items": item}
    return schema


def _without_default(part: dict) -> dict:
    return copy.deepcopy({key: value for key, value in part.items() if key != "default"})
