"""Conda's environments pin what pyproject.toml pins."""

import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = dict(line.split("==") for line in PROJECT["dependencies"])


def conda_pins(path):
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    return dict(line.split("==") for entry in listed if isinstance(entry, dict) for line in entry["pip"])


def test_every_dependency_is_pinned_exactly():
    assert all(line.count("==") == 1 for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"])


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.name)
def test_an_environment_holds_nothing_but_the_projects_pins(path):
    pins = conda_pins(path)
    assert pins
    assert {name: PINS.get(name) for name in pins} == pins


def test_the_environments_together_hold_every_dependency_of_a_rule():
    together = {name for path in (ROOT / "envs").glob("*.yaml") for name in conda_pins(path)}
    # Snakemake itself runs outside of its rules' environments.
    assert set(PINS) - together == {"snakemake"}
