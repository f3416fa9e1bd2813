"""Keys that stand more than once in a configuration: YAML and JSON keep the last and drop the others without a word."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import yaml

from fundus_anomaly.errors import Problem, raise_if_any

# libyaml's loader, where PyYAML was built with it, reads a configuration in a tenth of the time. It refuses a little
# that PyYAML's own, which Snakemake reads with, does not.
_SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader
_BASE = getattr(yaml, "CBaseLoader", yaml.BaseLoader), yaml.BaseLoader
_MERGE = "tag:yaml.org,2002:merge"
_ALLOWED = "each key once"
_REMEDY = "put everything that belongs to the key in one place; otherwise all but the last would be dropped silently"


def require_unique_keys(files: Iterable[str | os.PathLike[str]]) -> None:
    """Raise if a key stands twice in a mapping of a configuration file, at any depth.

    A key that a mapping holds and that a merge key (``<<: *name``) brings too stands twice, and so does one that two
    merged mappings bring. ``1`` and ``"1"`` are one key, as they are in the configuration.

    Args:
        files: YAML or JSON files that Snakemake could read.

    Raises:
        InputError: With file, line and key of each repetition.
    """
    raise_if_any(problem for file in files for problem in _repeated_in(Path(file)))


def require_unique_entries(entries: Iterable[str]) -> None:
    """Raise if two ``KEY=VALUE`` of the command line give the same value, or one holds a key twice.

    Args:
        entries: What stands after ``--config``. Several entries of one section are merged, as long as each names keys
            of its own.

    Raises:
        InputError: With the key of each repetition.
    """
    given: set[str] = set()
    problems = []
    for entry in entries:
        key, _, text = entry.partition("=")
        try:
            node, loader = _composed(text, *_BASE)
        except yaml.YAMLError:  # a text that is no YAML is a value of its own
            node, loader = None, yaml.BaseLoader("")
        problems += [
            Problem("--config", f"the key {found!r} more than once", _ALLOWED, _REMEDY)
            for found, _, _ in _repetitions(node, key, loader, set())
        ]
        for leaf in _leaves(node, key):
            if any(leaf == one or leaf.startswith(f"{one}.") or one.startswith(f"{leaf}.") for one in given):
                problems.append(Problem("--config", f"a second value for {leaf!r}", _ALLOWED, _REMEDY))
            given.add(leaf)
    raise_if_any(problems)


def _repeated_in(file: Path) -> list[Problem]:
    text = file.read_text(encoding="utf-8")
    try:
        json.loads(text)
        is_json = True
    except ValueError:
        is_json = False
    try:
        # YAML allows no tab where JSON does: between values.
        node, loader = _composed(text.replace("\t", " ") if is_json else text, *_SAFE)
        found = list(_repetitions(node, "", loader, set()))
    except yaml.YAMLError:  # escapes that JSON alone knows; a file that is neither is for Snakemake to refuse
        return _repeated_in_json(str(file), text) if is_json else []
    return [
        Problem(f"{file}, line {line}", f"the key {key!r} again, which is in line {first}", _ALLOWED, _REMEDY)
        for key, first, line in found
    ]


def _composed(text: str, fast: type, plain: type) -> tuple[yaml.Node | None, yaml.constructor.BaseConstructor]:
    """Return the node of a text, and the loader that read it: the fast one if it can.

    Raises:
        yaml.YAMLError: If the text is no YAML.
    """
    with suppress(yaml.YAMLError, UnicodeError):
        loader = fast(text)
        return loader.get_single_node(), loader
    loader = plain(text)
    return loader.get_single_node(), loader


def _repeated_in_json(file: str, text: str) -> list[Problem]:
    """Return the repeated keys of a JSON text, whose lines are not known."""
    found: list[str] = []

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _ in items]
        found.extend(dict.fromkeys(key for key in keys if keys.count(key) > 1))
        return dict(items)

    json.loads(text, object_pairs_hook=pairs)
    return [Problem(file, f"the key {key!r} more than once in one object", _ALLOWED, _REMEDY) for key in found]


def _repetitions(
    node: yaml.Node | None, path: str, loader: yaml.constructor.BaseConstructor, seen: set[int]
) -> Iterator[tuple[str, int, int]]:
    """Yield key, first and further line of each repetition in a node; a node that aliases name is looked at once."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _repetitions(item, f"{path}[{number}]", loader, seen)
    if isinstance(node, yaml.MappingNode):
        lines: dict[object, int] = {}
        for key, name, line in _keys(node, loader, set()):
            if key in lines:
                yield f"{path}.{name}".lstrip("."), *sorted((lines[key], line))
            lines.setdefault(key, line)
        for key, value in node.value:
            yield from _repetitions(value, f"{path}.{_written(key)}".lstrip("."), loader, seen)


def _keys(node: yaml.Node, loader: yaml.constructor.BaseConstructor, above: set[int]) -> Iterator[tuple]:
    """Yield each key of a mapping, as it is written, and its line; those that it gets by ``<<`` too, itself a key."""
    if not isinstance(node, yaml.MappingNode) or id(node) in above:
        return
    for key, value in node.value:
        yield _identity(key, loader), _written(key), key.start_mark.line + 1
        if key.tag == _MERGE:
            for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                inner = _keys(merged, loader, above | {id(node)})
                yield from (found for found in inner if found[1] != "<<")


def _written(key: yaml.Node) -> str:
    return str(key.value) if isinstance(key, yaml.ScalarNode) else "?"


def _identity(key: yaml.Node, loader: yaml.constructor.BaseConstructor) -> object:
    """Return a key as the configuration has it: numbers as texts."""
    if key.tag == _MERGE or not isinstance(key, yaml.ScalarNode):
        return str(key.value)
    try:
        found = loader.construct_object(key)
    except yaml.YAMLError:
        return key.value
    return found if isinstance(found, bool) or found is None else str(found)


def _leaves(node: yaml.Node | None, path: str) -> Iterator[str]:
    """Yield the paths of what a value on the command line sets."""
    if isinstance(node, yaml.MappingNode) and node.value:
        for key, value in node.value:
            yield from _leaves(value, f"{path}.{key.value}")
    else:
        yield path
