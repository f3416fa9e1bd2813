"""The files that a script's imports reach: a rule declares them, so that an edit reruns just what it must."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


def import_closure(script: Path) -> list[Path]:
    """Return the modules beside and below a script's folder that it imports, directly or through others, sorted.

    Imports inside functions count. Modules from elsewhere (the standard library, installed packages) do not.

    Args:
        script: A Python file; its folder is the root that its imports are resolved against.
    """
    return imports(script)[0]


@cache
def imports(script: Path) -> tuple[list[Path], frozenset[str]]:
    """Return what :func:`import_closure` does, and the names of the packages from elsewhere that these files import."""
    root = script.parent
    found: set[Path] = set()
    packages: set[str] = set()
    waiting = [script]
    while waiting:
        file = waiting.pop()
        for module in _imported(file, root):
            files = _files(module, root)
            if not files and module:
                packages.add(module.split(".")[0])
            for reached in files:
                if reached not in found and reached != script:
                    found.add(reached)
                    waiting.append(reached)
    return sorted(found), frozenset(packages)


@cache
def _imported(file: Path, root: Path) -> list[str]:
    """Return the dotted names of all that a file may import, whether modules or names in modules."""
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
