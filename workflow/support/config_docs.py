"""Print config/README.md: every key of the configuration, as the schema describes it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from support.schema import read_schema

_INTRODUCTION = """\
# The configuration, key by key

Written by `make docs` from [the schema](../workflow/schemas/config.schema.yaml): edit that file, not this one. The
defaults here are the papers' values where they give one. Every run starts from [config.yaml](../config.yaml), which has
those of the small run on the phantom; a file of this folder, given with `--configfile`, holds only what a benchmark
changes. How files and command line are combined, and what is refused:
[docs/configuration.md](../docs/configuration.md).

| file | for |
|---|---|
{files}

An unknown key is an error. `a.b` is key `b` of section `a`; `a[].b` is key `b` of each item of the list `a`.
"""
_HEADER = "| key | default | may be | meaning |\n|---|---|---|---|"
_TYPES = {"boolean": "true or false", "integer": "whole number", "array": "list", "string": "text", "object": "section"}
_RANGE = (("minimum", "≥ "), ("exclusiveMinimum", "> "), ("maximum", "≤ "), ("exclusiveMaximum", "< "))


def main(project: Path) -> str:
    """Return the page.

    Args:
        project: The project's folder.
    """
    schema = read_schema(project / "workflow" / "schemas" / "config.schema.yaml")
    parts = [_INTRODUCTION.format(files="\n".join(_files(project / "config")))]
    single = {key: part for key, part in schema["properties"].items() if "properties" not in part}
    parts.append(f"## The run\n\n{_table(_rows(single, schema))}\n")
    for key, part in schema["properties"].items():
        if key not in single:
            rows = _rows(part["properties"], schema, f"{key}.")
            parts.append(f"## {key}\n\n{_cell(part['description'])}\n\n{_table(rows)}\n")
    row = schema["$defs"]["lesionpaste_row"]["properties"]
    parts.append(f"## A row of LesionPaste's tables\n\n{_table(_rows(row, schema))}\n")
    return "\n".join(parts)


def _files(folder: Path) -> Iterator[str]:
    """Yield a row for each configuration file, with the first sentence of its first comment."""
    for file in sorted(folder.glob("*.yaml")):
        first = file.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        sentence = re.split(r"(?<!Sec)\. |: ", first)[0].rstrip(".")
        yield f"| [{file.name}]({file.name}) | {_cell(sentence)} |"


def _rows(properties: dict, schema: dict, before: str = "") -> Iterator[list[str]]:
    """Yield key, default, what it may be, and meaning, of each key at whatever depth."""
    for key, part in properties.items():
        name = before + key
        section = "properties" in part
        default = "" if section or "default" not in part else f"`{json.dumps(part['default'], ensure_ascii=False)}`"
        yield [f"`{name}`", default, "a section" if section else _allowed(part), _cell(part.get("description", ""))]
        items = part.get("items", {})
        yield from _rows(part.get("properties", {}), schema, f"{name}.")
        yield from _rows(items.get("properties", {}), schema, f"{name}[].")


def _allowed(part: dict) -> str:
    """Return a key's type and range in words."""
    if "$ref" in part:
        return "[a row](#a-row-of-lesionpastes-tables)"
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"]) or "none yet"
    limits = [sign + _number(part[key]) for key, sign in _RANGE if key in part]
    limits += [f"a multiple of {part['multipleOf']}"] if "multipleOf" in part else []
    if part.get("type") == "array":
        least, most = part.get("minItems", 0), part.get("maxItems")
        if most:
            limits.append(f"{least} items" if least == most else f"{least} to {most} items")
        elif least:
            limits.append(f"{least} or more items")
        limits += ["none twice"] if part.get("uniqueItems") else []
        limits.append(f"each {'one of ' if 'enum' in part['items'] else ''}{_allowed(part['items'])}")
    if part.get("minLength"):
        limits.append("not empty")
    return ", ".join([_TYPES.get(part.get("type"), part.get("type", "")), *limits])


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _cell(text: str) -> str:
    """Return a text as a cell: one line, no end of a cell in it."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "\\<")


def _table(rows: Iterator[list[str]]) -> str:
    return "\n".join([_HEADER, *(f"| {' | '.join(row)} |" for row in rows)])


if __name__ == "__main__":
    print(main(Path(sys.argv[1])), end="")
