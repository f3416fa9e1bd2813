"""Values below a key on the command line, as in ``--config backbone='{onnx: {mean: [0.5, 0.5, 0.5]}}'``.

Snakemake reads them as text all of them, numbers and truth values too; the schema tells which they were meant to be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

_TRUTH = {"true": True, "false": False}
_TYPES = {"boolean": (bool,), "integer": (int,), "number": (int, float)}


def typed(value: object, schema: Mapping, definitions: Mapping | None = None) -> object:
    """Return a value with texts turned into the numbers and truth values that a schema asks for.

    Args:
        value: As Snakemake read it from the command line: text, or mappings and lists of it; bounded
            (:func:`.config_check.require_bounded`).
        schema: The JSON schema of this value; what it does not know, and what does not fit, stays as it is.
        definitions: What its references name; the schema's own ``$defs`` by default.
    """
    definitions = schema.get("$defs", {}) if definitions is None else definitions
    schema = definitions.get(str(schema.get("$ref", "")).rpartition("/")[2], schema)
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        return {key: typed(part, known.get(key, {}), definitions) for key, part in value.items()}
    if isinstance(value, list):
        return [typed(part, schema.get("items", {}), definitions) for part in value]
    if not isinstance(value, str):
        return value
    meant = _scalar(value)
    if "enum" in schema:
        # True equals 1 in Python and is none of the numbers that an enumeration lists.
        return meant if value not in schema["enum"] and (type(meant), meant) in _kinds(schema["enum"]) else value
    allowed = _TYPES.get(schema.get("type"), ())
    return meant if type(meant) in allowed else value


def _scalar(text: str) -> str | bool | int | float:
    if text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return text if isinstance(number, float) and not math.isfinite(number) else number
    return text


def _kinds(values: list) -> set[tuple[type, object]]:
    return {(type(one), one) for one in values}
