"""One configuration out of several: the project's file, the files of the command line, and its ``--config``."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path

from support.command_line_config import EXPONENT, typed
from support.config_check import require_bounded, require_valid


def combined(layers: Iterable[tuple[str, Mapping]], schema: Mapping) -> tuple[dict, list[str]]:
    """Return the configuration of a run: sections are merged, anything else replaces what an earlier layer has.

    Unlike :func:`snakemake.utils.update_config` it never changes a layer, so that two sections which one YAML anchor
    names can be changed one without the other, and it takes keys that are numbers for texts.

    Args:
        layers: Name and content of each, the weakest first.
        schema: The JSON schema.

    Returns:
        The configuration with every default filled in and every number of the type that the schema names, and a
        remark for each list of ``data.exclude`` that a later layer replaces by one that lacks some of its images.

    Raises:
        InputError: With every wrong key.
    """
    config: dict = {}
    remarks = []
    excluding = ""
    for name, layer in layers:
        require_bounded(layer)
        before = _excluded(config)
        config = _updated(config, typed(_with_text_keys(layer), schema, texts=EXPONENT))
        lost = [image for image in before if image not in _excluded(config)]
        if lost:
            remarks.append(
                f"data.exclude of {name} replaces that of {excluding} and leaves these images in: "
                f"{', '.join(map(str, lost))}. A list that is meant to add to another has to repeat it."
            )
        if _excluded(config) != before:
            excluding = name
    require_valid(config, schema)
    return settled(config, schema), remarks


def unread(found: Path, project: Path, files: Iterable[Path]) -> list[str]:
    """Return a remark if a configuration of the working folder differs from what is read and is not read itself.

    Args:
        found: Where it would be.
        project: The project's configuration, which every run starts from.
        files: Those of the command line.
    """
    if not found.is_file() or any(found.samefile(file) for file in (project, *files)):
        return []
    if found.read_bytes() == project.read_bytes():
        return []
    return [f"{found} is not read: a run starts from {project}. To add what the file says, give --configfile {found}."]


def settled(value: object, schema: Mapping, definitions: Mapping | None = None) -> object:
    """Return a copy of a valid value with the defaults filled in, whole numbers as int and all others as float.

    JSON Schema takes 96.0 for an integer and 1 for any number; code and paths tell them apart.

    Args:
        value: Valid under the schema.
        schema: The JSON schema of this value.
        definitions: What its references name; the schema's own ``$defs`` by default.
    """
    definitions = schema.get("$defs", {}) if definitions is None else definitions
    schema = definitions.get(str(schema.get("$ref", "")).rpartition("/")[2], schema)
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        filled = {key: copy.deepcopy(part["default"]) for key, part in known.items() if "default" in part} | dict(value)
        return {key: settled(part, known.get(key, {}), definitions) for key, part in filled.items()}
    if isinstance(value, list):
        return [settled(part, schema.get("items", {}), definitions) for part in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if "enum" in schema:
        return next(one for one in schema["enum"] if not isinstance(one, bool) and one == value)
    return {"integer": int, "number": float}.get(str(schema.get("type")), type(value))(value)


def _updated(below: object, above: Mapping) -> dict:
    """Return a mapping with another laid over it, mappings within them likewise; neither is changed."""
    result = dict(below) if isinstance(below, Mapping) else {}
    for key, value in above.items():
        result[key] = _updated(result.get(key), value) if isinstance(value, Mapping) else copy.deepcopy(value)
    return result


def _with_text_keys(value: object) -> object:
    """Return a value whose mappings have texts in place of numbers as keys: YAML reads 1 as one, "1" as the other."""
    if isinstance(value, Mapping):
        return {
            str(key) if isinstance(key, int | float) and not isinstance(key, bool) else key: _with_text_keys(part)
            for key, part in value.items()
        }
    return [_with_text_keys(part) for part in value] if isinstance(value, list) else value


def _excluded(config: Mapping) -> list:
    data = config.get("data")
    images = data.get("exclude") if isinstance(data, Mapping) else None
    return images if isinstance(images, list) else []
