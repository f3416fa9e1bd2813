"""The files that a script's imports reach: a rule declares them, so that an edit reruns just what it must."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path


def import_closure(script: Path, *roots: Path) -> list[Path]:
    """Return the modules that a script imports, directly or through others, sorted.

    Imports inside functions count. Modules from elsewhere (the standard library, installed packages) do not.

    Args:
        script: A Python file; its folder is the first root that imports are resolved against.
        roots: Further folders that hold packages.
    """
    return imports(script, *roots)[0]


@cache
def imports(script: Path, *roots: Path) -> tuple[list[Path], frozenset[str]]:
    """Return what :func:`import_closure` does, and the names of the packages from elsewhere that these files import."""
    searched = (script.parent, *roots)
    found: set[Path] = set()
    packages: set[str] = set()
    waiting = [script]
    while waiting:
        file = waiting.pop()
        for module in _imported(file, searched):
            files = next(filter(None, (_files(module, root) for root in searched)), [])
            if not files and module:
                packages.add(module.split(".")[0])
            for reached in files:
                if reached not in found and reached != script:
                    found.add(reached)
                    waiting.append(reached)
    return sorted(found), frozenset(packages)


def imports_of(sources: Iterable[Path], roots: Sequence[Path]) -> tuple[list[Path], frozenset[str]]:
    """Return all files that some modules run through, themselves first, and the packages from elsewhere.

    Args:
        sources: A script, and modules that it imports by a name that no import statement has.
        roots: Folders that hold packages.
    """
    files: dict[Path, None] = {}
    packages: frozenset[str] = frozenset()
    for source in sources:
        found, names = imports(source, *roots)
        files |= dict.fromkeys((source, *found))
        packages |= names
    return list(files), packages


def named_modules(wildcards: Mapping[str, str], project: Path) -> list[Path]:
    """Return the modules that a job imports by the names in its wildcards: that of its method.

    Args:
        wildcards: Of the job; a job of a method has one called ``method``.
        project: The project's folder.
    """
    method = dict(wildcards.items()).get("method")
    return [project / "src" / "fundus_anomaly" / "methods" / f"{method}.py"] if method else []


@cache
def _imported(file: Path, roots: tuple[Path, ...]) -> list[str]:
    """Return the dotted names of all that a file may import, whether modules or names in modules."""
    root = next(root for root in roots if file.is_relative_to(root))
    package = file.relative_to(root).with_suffix("").parts[:-1]
    names = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names += [module] + [f"{module}.{alias.name}" for alias in node.names]
    return names


def _files(module: str, root: Path) -> list[Path]:
    """Return the files that importing a dotted name runs: each package's ``__init__`` on the way, then the module."""
    files, folder = [], root
    for part in module.split("."):
        if (folder / f"{part}.py").is_file():
            files.append(folder / f"{part}.py")
            break
        folder = folder / part
        if not (folder / "__init__.py").is_file():
            break
        files.append(folder / "__init__.py")
    return files
