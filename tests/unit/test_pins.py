"""Conda's environments and the locks pin what pyproject.toml pins."""

import ast
import re
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.import_closure import imports_of

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
METHODS = ROOT / "src" / "fundus_anomaly" / "methods"
LOCKS = ("requirements.lock", "requirements-installer.lock", "requirements-kubernetes.lock")
# The machines that the lock is for, as markers see them.
PLATFORMS = [
    {
        "python_full_version": f"{python}.9",
        "python_version": python,
        "sys_platform": "linux",
        "platform_machine": machine,
    }
    for python in ("3.11", "3.12")
    for machine in ("x86_64", "aarch64")
]


def versions(lines):
    requirements = map(Requirement, lines)
    return {canonicalize_name(wanted.name): str(wanted.specifier).removeprefix("==") for wanted in requirements}


EXTRAS = PROJECT["optional-dependencies"]
PINS = versions(PROJECT["dependencies"] + EXTRAS["workflow"])
INSTALLER_PINS = versions(PYPROJECT["dependency-groups"]["installer"])


def conda_pins(path):
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    return versions(line for entry in listed if isinstance(entry, dict) for line in entry["pip"])


@cache
def locked(name):
    """Return a lock's requirements, each with its hashes."""
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8"))
    return [
        (Requirement(entry.split("\\\n")[0]), re.findall(r"--hash=(\S+)", entry))
        for entry in entries
        if not entry.startswith("#")
    ]


def locked_for(name, platform):
    return versions(str(wanted) for wanted, _ in locked(name) if not wanted.marker or wanted.marker.evaluate(platform))


def test_every_dependency_is_pinned_exactly():
    groups = [
        *PROJECT["optional-dependencies"].values(),
        *PYPROJECT["dependency-groups"].values(),
        PROJECT["dependencies"],
    ]
    assert all(re.fullmatch(r"==[^*,]+", str(Requirement(line).specifier)) for group in groups for line in group)


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.name)
def test_an_environment_holds_nothing_but_the_projects_pins(path):
    pins = conda_pins(path)
    assert pins
    assert {name: PINS.get(name) for name in pins} == pins


def test_the_environments_together_hold_every_dependency_of_a_rule():
    together = {name for path in (ROOT / "envs").glob("*.yaml") for name in conda_pins(path)}
    # Snakemake itself runs outside of its rules' environments, and the configuration is read there.
    assert set(PINS) - together == {"snakemake", "jsonschema", "pyyaml"}


def rules():
    """Return each rule's name, environment and script."""
    text = "".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "workflow/rules").glob("*.smk")))
    parts = re.findall(r"^rule (\w+):\n((?:(?!^\S).*\n)*)", text, re.MULTILINE)
    found = [
        (name, re.search(r"envs/(\w+\.yaml)", body), re.search(r"scripts/(\w+\.py)", body)) for name, body in parts
    ]
    return [(name, env[1], script[1]) for name, env, script in found if script]


RULES = rules()


@pytest.mark.parametrize(("rule", "environment", "script"), RULES, ids=[rule for rule, _, _ in RULES])
def test_a_rules_environment_pins_whatever_its_script_imports(rule, environment, script):
    # What imports a method by its name may run through any of them.
    named = sorted(METHODS.glob("*.py")) if script in ("fit.py", "apply.py") else []
    sources = [ROOT / "workflow" / "scripts" / script, *named]
    files, _ = imports_of(sources, (ROOT / "workflow", ROOT / "src"))
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    brought = packages_distributions()
    wanted = {canonicalize_name(name) for module in modules for name in brought.get(module.split(".")[0], [])}
    pins = conda_pins(ROOT / "envs" / environment)
    # faiss-cpu and faiss-gpu bring the same module.
    assert wanted - {"fundus-anomaly", "faiss-cpu", "faiss-gpu"} <= set(pins)
    assert "faiss" not in modules or {"faiss-cpu", "faiss-gpu"} <= set(pins)


def distributions_of(folder):
    """Return what has to be installed for what the modules below a folder import."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in folder.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    brought = packages_distributions()
    return {canonicalize_name(name) for module in modules for name in brought.get(module.split(".")[0], [])}


def test_the_library_needs_what_is_installed_with_it_and_the_workflow_what_its_extra_adds():
    core, extra = (set(versions(lines)) for lines in (PROJECT["dependencies"], EXTRAS["workflow"]))
    library, workflow = (distributions_of(ROOT / name) - {"fundus-anomaly"} for name in ("src", "workflow"))
    faiss = {"faiss-cpu", "faiss-gpu"}
    assert library - faiss <= core
    assert not core & extra
    plugins = {name for name in workflow if name.startswith("snakemake-")}
    assert workflow - faiss - plugins <= core | extra


def test_every_rule_with_a_script_has_an_environment():
    scripts = (ROOT / "workflow" / "rules").glob("*.smk")
    assert len(RULES) == sum(file.read_text(encoding="utf-8").count("    script:\n") for file in scripts)


@pytest.mark.parametrize(
    "platform", PLATFORMS, ids=lambda platform: "{python_version} {platform_machine}".format(**platform)
)
def test_the_lock_holds_every_pin_of_the_project_at_its_version(platform):
    lines = PROJECT["dependencies"] + EXTRAS["workflow"] + EXTRAS["dev"] + EXTRAS["cluster"]
    needed = [line for line in map(Requirement, lines) if not line.marker or line.marker.evaluate(platform)]
    pins = versions(map(str, needed))
    lock = locked_for("requirements.lock", platform)
    assert {name: lock.get(name) for name in pins} == pins


def test_each_platform_gets_one_faiss():
    faiss = [sorted(name for name in locked_for("requirements.lock", here) if "faiss" in name) for here in PLATFORMS]
    assert faiss == [["faiss-gpu"], ["faiss-cpu"]] * 2


def test_the_installers_lock_holds_nothing_but_its_pins_and_the_same_as_the_lock():
    assert locked_for("requirements-installer.lock", PLATFORMS[0]) == INSTALLER_PINS
    lock = locked_for("requirements.lock", PLATFORMS[0])
    assert {name: lock.get(name) for name in INSTALLER_PINS} == INSTALLER_PINS


def test_kubernetes_lock_adds_its_executor_and_no_other_version_of_what_is_locked():
    added, lock = (locked_for(name, PLATFORMS[0]) for name in ("requirements-kubernetes.lock", "requirements.lock"))
    pins = versions(EXTRAS["kubernetes"])
    assert {name: added.get(name) for name in pins} == pins
    assert not added.keys() & lock.keys()


@pytest.mark.parametrize("name", LOCKS)
def test_whatever_is_locked_has_one_version_and_hashes(name):
    requirements = locked(name)
    assert requirements
    for wanted, hashes in requirements:
        assert re.fullmatch(r"==[^*,]+", str(wanted.specifier)), wanted
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), wanted


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_index_and_no_path(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|^\s*(-i|-f|-e|--(extra-)?index-url|--find-links|--trusted-host)\b|@ file| /", text, re.M)


def test_the_table_of_licences_has_every_locked_package_and_a_licence_for_each():
    text = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")][1:]
    assert {canonicalize_name(name): version for name, version, *_ in rows} == locked_for(
        "requirements.lock", PLATFORMS[0]
    )
    assert all(licence and licence != "UNKNOWN" for _, _, licence, _ in rows)
