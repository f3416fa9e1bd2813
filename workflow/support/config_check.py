"""Every key of a configuration that the schema does not allow, at once and in the words of the house."""

from __future__ import annotations

import difflib
import math
import reprlib
import sys
from collections.abc import Iterator, Mapping

from jsonschema import Draft202012Validator, ValidationError

from fundus_anomaly.errors import Problem, raise_if_any

# The configurations here have some 300 values. YAML's aliases can make billions of a few lines.
MAX_VALUES = 100_000
# The largest floating-point number, as an integer.
_LARGEST = int(sys.float_info.max)
_TRUTH_VALUES = "without quotes YAML reads on, yes and true as True, off, no and false as False"
_ALLOWED = {
    "type": "a value of type {}",
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "a text of {} characters or more",
    "minItems": "{} items or more",
    "maxItems": "{} items or fewer",
    "pattern": "a text that matches {}",
    "uniqueItems": "items that are all different",
}
_SHOWN = reprlib.Repr()
_SHOWN.maxlevel, _SHOWN.maxstring, _SHOWN.maxother = 2, 80, 80


def require_valid(config: Mapping, schema: Mapping) -> None:
    """Raise if a configuration does not hold to its schema.

    Snakemake's own check tells the first wrong key alone, and writes out what aliases stand for.

    Args:
        config: The configuration as Snakemake read it.
        schema: The JSON schema.

    Raises:
        InputError: With every wrong key; if there are too many values, with that alone.
    """
    require_bounded(config)
    errors = Draft202012Validator(schema).iter_errors(config)
    problems = [*map(_told, errors), *_not_finite(config, "")]
    raise_if_any(sorted(problems, key=lambda problem: problem.where))


def require_bounded(config: Mapping) -> None:
    """Raise if a configuration has so many values, or values in themselves, that it cannot be gone through.

    Args:
        config: The configuration as Snakemake read it.

    Raises:
        InputError: If there are too many values once all aliases are followed.
    """
    raise_if_any(_too_many(config))


def _too_many(config: Mapping) -> list[Problem]:
    """Return a problem if there are more than ``MAX_VALUES`` values, each counted as often as aliases name it."""
    try:
        count = _values(config, {}, set())
    except RecursionError:
        found = "values nested without end"
    else:
        if count <= MAX_VALUES:
            return []
        found = f"{count:.3g} values once all aliases are followed"
    allowed = f"at most {MAX_VALUES:,} values"
    return [Problem("config", found, allowed, "remove the YAML aliases (&name, *name) that multiply them")]


def _values(value: object, known: dict[int, int], above: set[int]) -> int:
    """Return the number of values in a value, itself included; each list and mapping is counted once."""
    if not isinstance(value, Mapping | list):
        return 1
    key = id(value)
    if key in above:
        raise RecursionError
    if key not in known:
        parts = value.values() if isinstance(value, Mapping) else value
        known[key] = 1 + sum(_values(part, known, above | {key}) for part in parts)
    return known[key]


def _not_finite(value: object, path: str) -> Iterator[Problem]:
    """Yield each number that is none, or beyond all floating-point numbers: no range of the schema holds it back."""
    if isinstance(value, Mapping | list):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _not_finite(part, _path(path, key))
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(f"config, {path}", str(value), "a finite number", "correct the value")
    elif isinstance(value, int) and abs(value) > _LARGEST:
        found = f"a number of {value.bit_length() * math.log10(2):.0f} digits"
        yield Problem(f"config, {path}", found, f"numbers up to {_LARGEST:.3g}", "correct the value")


def _path(folder: str, key: object) -> str:
    return f"{folder}[{key}]" if isinstance(key, int) and folder else f"{folder}.{key}".lstrip(".")


def _told(error: ValidationError) -> Problem:
    """Return an error of the schema's as a problem."""
    path = ""
    for part in error.absolute_path:
        path = _path(path, part)
    where, meaning = f"config, {path or 'top level'}", str(error.schema.get("description", "")).strip()
    if error.validator == "additionalProperties":
        keys = list(error.schema.get("properties", {}))
        strange = [key for key in error.instance if key not in keys]
        near = [name for key in strange for name in difflib.get_close_matches(str(key), keys, n=1)]
        meant = f"did you mean {', '.join(map(repr, near))}? " if near else ""
        found = f"unknown keys {', '.join(map(_SHOWN.repr, strange[:10]))}"
        remedy = f"{meant}Correct the key or remove it"
        if any(isinstance(key, bool) for key in strange):
            remedy += f"; {_TRUTH_VALUES}"
        return Problem(where, found, f"the keys {', '.join(keys)}", remedy)
    if error.validator == "required":
        return Problem(where, error.message, f"the keys {', '.join(error.validator_value)}", "add the key")
    if error.validator == "enum":
        allowed = ", ".join(map(str, error.validator_value))
    else:
        allowed = _ALLOWED.get(error.validator, f"{error.validator} {{}}").format(error.validator_value)
    return Problem(where, _SHOWN.repr(error.instance), allowed, f"{_correction(error)}. {meaning}".rstrip())


def _correction(error: ValidationError) -> str:
    """Return what to do about a value; what YAML took for something else than the text that is wanted needs quotes."""
    texts = error.validator == "type" and error.validator_value == "string"
    texts |= error.validator == "enum" and all(isinstance(one, str) for one in error.validator_value)
    if not texts or error.instance is None or isinstance(error.instance, str | list | Mapping):
        return "correct the value"
    quotes = "write the text in quotes, on the command line in two kinds of them: --config 'key=\"text\"'"
    return f"{quotes}; {_TRUTH_VALUES}" if isinstance(error.instance, bool) else quotes
