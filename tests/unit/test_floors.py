"""Imports run downwards only: a wing stands on those below it, and beside none of its own floor."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "src" / "fundus_anomaly"
# docs/architecture.md shows the same floors.
FLOORS = [
    {"errors", "seeds", "progress", "parallel", "device"},
    {"files", "phantom"},
    {"imaging", "neighbours", "networks", "scoring"},
    {"datasets", "quality"},
    {"audit", "evaluation", "training"},
    {"methods"},
    {"plan", "report"},
    {"api"},
    {"predict"},
    {"command"},
]
FLOOR = {wing: number for number, wings in enumerate(FLOORS) for wing in wings}
MODULES = sorted(path for path in LIBRARY.rglob("*.py") if path != LIBRARY / "__init__.py")


def imported(path):
    """Return the dotted names that a file may import, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(path):
    """Return the parts behind the library's name of all that a file imports from it."""
    return {tuple(name.split(".")[1:]) for name in imported(path) if name.startswith("fundus_anomaly.")}


def wing(path):
    return path.relative_to(LIBRARY).with_suffix("").parts[0]


def test_every_wing_has_its_floor():
    assert {wing(path) for path in MODULES} == set(FLOOR)


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(LIBRARY)) for path in MODULES])
def test_imports_run_downwards_only(path):
    here = wing(path)
    sideways = {parts[0] for parts in ours(path)} - {here, *(wing for wing in FLOOR if FLOOR[wing] < FLOOR[here])}
    assert sideways <= ({"errors"} if FLOOR[here] == 0 else set())


def is_method(path):
    """Return whether a module of ``methods`` is one; the others hold what methods share."""
    return any(
        isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "METHOD" for target in node.targets)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    )


def test_no_method_imports_another():
    inside = [path for path in MODULES if wing(path) == "methods"]
    methods = {path.relative_to(LIBRARY).parts[1].removesuffix(".py") for path in inside if is_method(path)}
    methods |= {path.parent.name for path in inside} - {"methods"}
    assert {"auto_encoder", "resad", "lesionpaste"} <= methods
    for path in inside:
        here = path.relative_to(LIBRARY).with_suffix("").parts[1]
        others = {parts[1] for parts in ours(path) if parts[0] == "methods" and len(parts) > 1}
        assert others & methods <= {here}, path


def test_the_library_knows_nothing_of_snakemake_nor_of_the_workflow():
    for path in MODULES:
        top = {name.split(".")[0] for name in imported(path)}
        assert not top & {"snakemake", "support", "snakemake_interface_logger_plugins"}, path


def test_packages_import_nothing():
    for path in LIBRARY.rglob("__init__.py"):
        # The library's own hands names on when they are asked for.
        assert set(imported(path)) <= {"importlib", "importlib.import_module"}, path
