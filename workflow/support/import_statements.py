"""The import statements of source files, kept from one start to the next: parsing all files takes a fifth of a plan."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from fundus_anomaly.errors import OutputError
from fundus_anomaly.files.whole import write_text

_LARGEST_STORE = 1 << 24


class Statement(NamedTuple):
    """``from <level dots><module> import <names>``, or ``import <module>`` where there are no names."""

    level: int
    module: str
    names: tuple[str, ...]


# By the digest of a source: what a file's name or time says of its content may be wrong.
_known: dict[str, list[Statement]] = {}


def statements_of(file: Path) -> list[Statement]:
    """Return the import statements of a source file, at any depth.

    Raises:
        SyntaxError: If the file is no Python.
    """
    return _known[_learned(file)]


def remember(files: Iterable[Path], store: Path) -> None:
    """Take the statements of files from a store, and write those that it lacks to it for the next start.

    Args:
        files: Source files; one that cannot be read or parsed is left for whoever asks for its statements.
        store: A JSON file. One that is missing, damaged or of another form is made anew, if its folder is there and
            can be written to.
    """
    stored = _read(store)
    _known.update(stored)
    wanted = set()
    for file in files:
        with suppress(SyntaxError, ValueError, OSError):
            wanted.add(_learned(file))
    if not wanted <= stored.keys() and store.parent.is_dir():
        with suppress(OutputError, OSError):
            write_text(store, json.dumps({digest: _known[digest] for digest in sorted(wanted)}))


def _learned(file: Path) -> str:
    """Return a source's digest, by which its statements are known from now on."""
    source = file.read_bytes()
    digest = hashlib.sha256(source).hexdigest()
    if digest not in _known:
        _known[digest] = list(_parsed(source, str(file)))
    return digest


def _parsed(source: bytes, name: str) -> Iterator[Statement]:
    for node in _statements(ast.parse(source, name)):
        if isinstance(node, ast.Import):
            yield from (Statement(0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield Statement(node.level, node.module or "", tuple(alias.name for alias in node.names))


def _statements(block: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements in a block, at any depth: no expression holds an import, and most nodes are expressions."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for one in getattr(block, part, ()):
            if isinstance(one, ast.stmt):
                yield one
            yield from _statements(one)


def _read(store: Path) -> dict[str, list[Statement]]:
    """Return what a store holds; nothing if it is not what :func:`remember` writes."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        if store.stat().st_size <= _LARGEST_STORE:
            content = json.loads(store.read_text(encoding="utf-8"))
            found = {
                digest: [Statement(level, module, tuple(names)) for level, module, names in statements]
                for digest, statements in content.items()
            }
            if all(_is_sound(statement) for statements in found.values() for statement in statements):
                return found
    return {}


def _is_sound(statement: Statement) -> bool:
    return (
        isinstance(statement.level, int)
        and isinstance(statement.module, str)
        and all(isinstance(name, str) for name in statement.names)
    )
