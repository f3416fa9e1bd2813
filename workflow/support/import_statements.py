"""The import statements of source files, kept from one start to the next: parsing all files takes a fifth of a plan."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

# Two projects of which one uses the other as a module have one store: some hundreds of files each, 400 bytes a file.
_MOST_FILES = 5_000
_LARGEST_STORE = 1 << 24
# What a store says holds for the code that made it.
_EXTRACTOR = Path(__file__).read_bytes()


class Statement(NamedTuple):
    """``from <level dots><module> import <names>``, or ``import <module>`` where there are no names."""

    level: int
    module: str
    names: tuple[str, ...]


# By the digest of a source and of this module: what a file's name or time says of its content may be wrong.
_known: dict[str, list[Statement]] = {}


def statements_of(file: Path) -> list[Statement]:
    """Return the import statements of a source file, at any depth.

    Raises:
        SyntaxError: If the file is no Python.
    """
    return _known[_learned(file)]


def remember(folders: Iterable[Path], store: Path) -> None:
    """Take the statements of all source files from a store, and write those that it lacks to it for the next start.

    Args:
        folders: Folders of source files; hidden folders in them are passed over. A file that cannot be read or parsed
            is left for whoever asks for its statements.
        store: A JSON file. One that is missing, damaged or of other code is made anew, if its folder is there and
            can be written to.
    """
    stored = _read(store)
    _known.update(stored)
    wanted = set()
    for file in _sources(folders):
        with suppress(SyntaxError, ValueError, OSError, RecursionError, MemoryError):
            wanted.add(_learned(file))
    if not wanted <= stored.keys() and store.parent.is_dir():
        others = stored.keys() if len(stored.keys() | wanted) <= _MOST_FILES else set()
        with suppress(OSError):
            _write(store, {digest: _known[digest] for digest in sorted(wanted | others)})


def _sources(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for place, inner, names in os.walk(folder):
            inner[:] = [name for name in inner if not name.startswith(".")]
            yield from (Path(place, name) for name in names if name.endswith(".py"))


def _learned(file: Path) -> str:
    """Return the digest by which a source's statements are known from now on."""
    source = file.read_bytes()
    digest = hashlib.sha256(_EXTRACTOR + b"\0" + source).hexdigest()
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
    with suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
        if store.stat().st_size <= _LARGEST_STORE:
            content = json.loads(store.read_text(encoding="utf-8"))
            return {digest: [_checked(*one) for one in statements] for digest, statements in content.items()}
    return {}


def _checked(level: object, module: object, names: object) -> Statement:
    """Return a statement of a store.

    Raises:
        TypeError: If it is none.
    """
    if type(level) is not int or not isinstance(module, str) or not isinstance(names, list):
        raise TypeError
    if not all(isinstance(name, str) for name in names):
        raise TypeError
    return Statement(level, module, tuple(names))


def _write(store: Path, content: Mapping[str, list[Statement]]) -> None:
    """Write a store, whole or not at all, whoever else writes it at the same time: under a name of its own first."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{store.name}.", suffix=".part", dir=store.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
        os.replace(temporary, store)
    finally:
        Path(temporary).unlink(missing_ok=True)
