"""Values below a key on the command line, as in ``--config backbone='{onnx: {mean: [0.5, 0.5, 0.5]}}'``.

Snakemake reads them as text all of them, numbers and truth values too; the schema tells which they were meant to be.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence

from fundus_anomaly.errors import Problem, raise_if_any

EXPONENT = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]+")
"""Numbers as 1e-5, which YAML 1.1 takes for a text where the point or the sign is missing, and YAML 1.2 does not."""
_TRUTH = {"true": True, "false": False}
_TYPES = {"boolean": (bool,), "integer": (int,), "number": (int, float)}


def typed(
    value: object, schema: Mapping, definitions: Mapping | None = None, texts: re.Pattern[str] | None = None
) -> object:
    """Return a value with texts turned into the numbers and truth values that a schema asks for.

    Args:
        value: As Snakemake read it from the command line: text, or mappings and lists of it; bounded
            (:func:`.config_check.require_bounded`).
        schema: The JSON schema of this value; what it does not know, and what does not fit, stays as it is.
        definitions: What its references name; the schema's own ``$defs`` by default.
        texts: Which texts may stand for something else, all by default; :data:`EXPONENT` for what a file holds.
    """
    definitions = schema.get("$defs", {}) if definitions is None else definitions
    schema = definitions.get(str(schema.get("$ref", "")).rpartition("/")[2], schema)
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        return {key: typed(part, known.get(key, {}), definitions, texts) for key, part in value.items()}
    if isinstance(value, list):
        return [typed(part, schema.get("items", {}), definitions, texts) for part in value]
    if value is None and schema.get("type") == "string":
        return ""  # `--config key=`
    if not isinstance(value, str) or (texts is not None and not texts.fullmatch(value)):
        return value
    meant = _scalar(value)
    if "enum" in schema:
        # True equals 1 in Python and is none of the numbers that an enumeration lists.
        return meant if value not in schema["enum"] and (type(meant), meant) in _kinds(schema["enum"]) else value
    allowed = _TYPES.get(schema.get("type"), ())
    if schema.get("type") == "integer" and isinstance(meant, float) and meant.is_integer():
        return int(meant)
    return meant if type(meant) in allowed else value


def require_given_once(options: Mapping[str, Sequence[Sequence[object]]]) -> None:
    """Raise if an option stands twice on the command line: Snakemake keeps the last and drops the others.

    Args:
        options: For each option its values, occurrence by occurrence.

    Raises:
        InputError: With every option that stands twice, and the one that would do.
    """
    raise_if_any(
        Problem(
            option,
            f"{len(given)} times, of which Snakemake would keep only the last",
            "once, with all of its values",
            f"write {shlex.join([option, *(str(value) for values in given for value in values)])}",
        )
        for option, given in options.items()
        if len(given) > 1
    )


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
