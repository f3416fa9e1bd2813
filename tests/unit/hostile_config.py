"""Configurations as nobody wants them, held against the real schema."""

from __future__ import annotations

import copy
from pathlib import Path

import yaml
from hostile_case import Case
from snakemake.utils import update_config

from fundus_anomaly.plan import lesionpaste_rows
from support.config_check import require_valid
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_schema(ROOT / "workflow" / "schemas" / "config.schema.yaml")
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def alias_bomb(depth: int) -> str:
    """Return YAML of some lines in which nine to the power of ``depth`` values are named."""
    lists = [f"  - &x{level} [{', '.join([f'*x{level - 1}'] * 9)}]" for level in range(1, depth)]
    return "\n".join(["data:", "  exclude:", "  - &x0 [a, b, c, d, e, f, g, h, i]", *lists, ""])


def config(text: str):
    """Return a maker of the default configuration with what a file changes."""

    def make(folder: Path) -> dict:
        changed = copy.deepcopy(DEFAULT)
        update_config(changed, yaml.safe_load(text))
        return changed

    return make


def valid(changed: dict, results: Path) -> None:
    require_valid(changed, SCHEMA)


def row_keys(changed: dict, results: Path) -> list[str]:
    """Return the folders of the trainings of a valid configuration."""
    require_valid(changed, SCHEMA)
    return [row["key"] for row in lesionpaste_rows.expand(changed)]


CASES = [
    Case("unknown key", config("resad: {regoin: 3}"), valid, ("config, resad", "'regoin'", "did you mean 'region'")),
    Case("wrong type", config("seed: zero"), valid, ("config, seed", "'zero'", "integer", "correct the value")),
    Case("negative", config("bank: {nlist: -3}"), valid, ("config, bank.nlist", "-3", "at least 1", "correct")),
    Case("text in place of a section", config("resad: all"), valid, ("config, resad", "'all'", "object", "correct")),
    Case("nothing in place of a section", config("resad: null"), valid, ("config, resad", "None", "object", "correct")),
    Case("not a number", config("bank: {coreset: .nan}\nseed: x"), valid, ("config, seed",)),
    Case(
        "all at once",
        config("sed: 1\nseed: -1\nresad: {pool: 2, spatial: [a]}\ndata: {exclude: [1]}"),
        valid,
        ("5 problems", "'sed'", "config, seed", "resad.pool", "1, 3, 5, 7", "resad.spatial", "data.exclude[0]"),
    ),
    Case("path in a name", config("experiment: ../../elsewhere"), valid, ("config, experiment", "'../../elsewhere'")),
    Case("shell in a name", config("experiment: $(touch executed)"), valid, ("config, experiment", "touch")),
    Case("newline after a name", config('experiment: "a\\n"'), valid, ("config, experiment", r"'a\n'", "correct")),
    Case("newline after a scale", config('resad: {scale: "none\\n"}'), valid, ("config, resad.scale", r"'none\n'")),
    Case(
        "formula as a row",
        config("ablations: {variants: [{name: '=1+1'}]}"),
        valid,
        ("ablations.variants[0].name", "'=1+1'", "a spreadsheet runs as a formula"),
    ),
    Case("newline in a row's name", config('ablations: {variants: [{name: "a\\nb"}]}'), valid, ("variants[0].name",)),
    Case(
        "paths and shell in types of lesion",
        config("lesionpaste: {source: {images: [a]}, rows: [{name: r, mix: [{types: ['../$(id)'], share: 1}]}]}"),
        row_keys,
        handled=lambda found: not any(set("/$( )") & set(key) for key in found),
    ),
    Case(
        "alias bomb",
        lambda folder: yaml.safe_load(alias_bomb(12)),
        valid,
        ("config", "values once all aliases are followed", "at most 100,000", "remove the YAML aliases"),
    ),
    Case(
        "endless alias",
        lambda folder: yaml.safe_load("data: &d {exclude: [*d]}"),
        valid,
        ("config", "values nested without end", "remove the YAML aliases"),
    ),
    Case("a text of a megabyte", config(f"experiment: '{'!x' * 2**19}'"), valid, ("config, experiment", "...")),
]
