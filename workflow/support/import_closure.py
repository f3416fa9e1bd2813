"""The files that a script's imports reach: a rule declares what they hold, so that an edit reruns just what it must."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from support.import_statements import statements_of


@cache
def imports(script: Path, *roots: Path) -> tuple[list[Path], frozenset[str]]:
    """Return the modules that a script imports, directly or through others, sorted, and the packages from elsewhere.

    Imports inside functions count. Of modules from elsewhere (the standard library, installed packages) the names of
    their packages alone are known.

    Args:
        script: A Python file; its folder is the first root that imports are resolved against.
        roots: Further folders that hold packages.
    """
    searched = (script.parent, *roots)
    found: set[Path] = set()
    packages: set[str] = set()
    waiting = [script]
    while waiting:
        reached, names = _reached(waiting.pop(), searched)
        packages |= names
        new = reached - found - {script}
        found |= new
        waiting += new
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
def _reached(file: Path, roots: tuple[Path, ...]) -> tuple[frozenset[Path], frozenset[str]]:
    """Return the files that a file's own imports run, and the names of the packages from elsewhere among them."""
    files: set[Path] = set()
    packages = set()
    for module in _imported(file, roots):
        found = next(filter(None, (_files(module, root) for root in roots)), ())
        if not found and module:
            packages.add(module.split(".")[0])
        files.update(found)
    return frozenset(files), frozenset(packages)


def _imported(file: Path, roots: tuple[Path, ...]) -> list[str]:
    """Return the dotted names of all that a file may import, whether modules or names in modules."""
    root = next(root for root in roots if file.is_relative_to(root))
    package = file.relative_to(root).with_suffix("").parts[:-1]
    found = []
    for level, module, names in statements_of(file):
        base = package[: len(package) - level + 1] if level else ()
        full = ".".join([*base, *([module] if module else [])])
        found += [full, *(f"{full}.{name}" for name in names)]
    return found


@cache
def _files(module: str, root: Path) -> tuple[Path, ...]:
    """Return the files that importing a dotted name runs: each package's ``__init__`` on the way, then the module."""
    package, _, name = module.rpartition(".")
    before = _files(package, root) if package else ()
    if package and not (before and before[-1].name == "__init__.py"):
        return before
    folder = before[-1].parent if package else root
    for file in (folder / f"{name}.py", folder / name / "__init__.py"):
        if file.is_file():
            return (*before, file)
    return before
