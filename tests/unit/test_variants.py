"""Every variant differs from ReSAD in just what its name says."""

import copy
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from snakemake.utils import Paramspace

from fundus_anomaly.errors import InputError
from fundus_anomaly.plan.variants import BANK_KEYS, RESC_KEYS, WILDCARDS, expand, unchanged
from support.configuration import combined
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]

CONFIG = {
    "backbone": {"name": "resnet18"},
    "resad": {"pool": 1, "region": 12, "spatial": "matmul", "scale": "inv_sqrt"},
    "patchcore": {"pool": 3},
    "bank": {"coreset": 0.1},
    "ablations": {
        "coreset": 0,
        "variants": [
            {"name": "10%", "normals": 0.1},
            {"name": "without ReSC", "region": 0, "spatial": "off"},
            {"name": "identity", "spatial": "identity"},
            {"name": "with ReSC"},
        ],
    },
}


def rows(**ablations):
    config = copy.deepcopy(CONFIG)
    config["ablations"].update(ablations)
    return {row["variant"]: row for row in expand(config)}


def test_patchcore_is_the_same_bank_without_resc():
    resad, patchcore = rows()["ReSAD"], rows()["PatchCore"]
    assert {key for key in resad if resad[key] != patchcore[key]} == {"variant", "pool", "region", "spatial", "scale"}
    assert (patchcore["region"], patchcore["spatial"], patchcore["pool"]) == (0, "off", 3)
    assert list(resad) == ["variant", *RESC_KEYS, *BANK_KEYS]


def test_an_ablation_changes_what_it_names_and_nothing_else():
    all_ = rows()
    changed = {name: {k for k in row if row[k] != all_["ReSAD"][k]} - {"variant"} for name, row in all_.items()}
    assert changed["10%"] == {"normals"}
    assert changed["with ReSC"] == set()
    assert changed["without ReSC"] == {"region", "spatial", "scale"}


def test_a_scale_without_effect_takes_one_value():
    assert rows()["identity"]["scale"] == "none"
    assert rows()["without ReSC"]["scale"] == "none"
    assert rows()["10%"]["scale"] == "inv_sqrt"


def test_the_ablations_coreset_is_theirs_alone():
    assert rows(coreset=0.01)["10%"]["coreset"] == 0.01
    assert rows(coreset=0.01)["ReSAD"]["coreset"] == 0.1
    assert rows(coreset=0)["10%"]["coreset"] == 0.1
    assert isinstance(rows(coreset=1)["10%"]["coreset"], float)


def test_ablations_are_compared_with_the_one_that_changes_nothing():
    assert unchanged(list(rows().values())) == "with ReSC"
    assert unchanged(list(rows(coreset=0.01).values())) == "with ReSC"
    spelt_out = [{"name": "10%", "normals": 0.1}, {"name": "whole", "region": 12, "normals": 1}]
    assert unchanged(list(rows(variants=spelt_out).values())) == "whole"
    assert unchanged(list(rows(variants=spelt_out[:1]).values())) == ""


@pytest.mark.parametrize("name", ["ReSAD", "twice"])
def test_two_variants_of_one_name_are_refused(name):
    with pytest.raises(InputError, match=name):
        rows(variants=[{"name": name}, {"name": "twice"}])


SCHEMA = read_schema(ROOT / "workflow/schemas/config.schema.yaml")
VARIANT = SCHEMA["properties"]["ablations"]["properties"]["variants"]["items"]["properties"]


def allowed(schema):
    """Return values of all forms that a part of the schema allows."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "pattern" in schema:
        # Hypothesis knows no lookahead behind a group: the whole pattern is looked at below.
        return st.from_regex(schema["pattern"].removesuffix("(?!\\n)").removesuffix("$") + r"\Z")
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    if schema["type"] == "integer":
        whole = st.integers(low, schema["maximum"])
        return whole | whole.map(float)
    return st.floats(low, schema["maximum"], exclude_min="exclusiveMinimum" in schema) | st.just(schema["maximum"])


@settings(deadline=None, max_examples=300)
@given(st.fixed_dictionaries({key: allowed(VARIANT[key]) for key in (*RESC_KEYS[1:], *BANK_KEYS)}))
@example({"pool": 1, "region": 0, "spatial": "matmul", "scale": "none", "normals": 5e-324, "coreset": 0.0001})
@example({"pool": 3.0, "region": 12.0, "spatial": "off", "scale": "none", "normals": 1e-05, "coreset": 1})
def test_every_value_that_the_schema_allows_gives_a_path_that_the_wildcards_take(change):
    given_config = {"ablations": {"variants": [{"name": "any"} | change]}}
    config = combined([("any", given_config)], SCHEMA)[0]
    (row,) = [row for row in expand(config) if row["variant"] == "any"]
    space = Paramspace(pd.DataFrame([row], columns=RESC_KEYS + BANK_KEYS))
    (path,) = space.instance_patterns
    pattern = re.sub(r"\{(\w+)\}", lambda key: f"(?P<{key[1]}>{WILDCARDS[key[1]]})", space.wildcard_pattern)
    found = re.fullmatch(pattern, path)
    assert found, path
    instance = space.instance(found.groupdict())
    assert {key: type(row[key])(instance[key]) for key in instance} == {key: row[key] for key in instance}


def test_every_part_of_a_path_has_its_wildcard():
    assert set(WILDCARDS) == {*RESC_KEYS, *BANK_KEYS}
    for name in SCHEMA["properties"]["backbone"]["properties"]["name"]["enum"]:
        assert re.fullmatch(WILDCARDS["backbone"], name)
    for name in SCHEMA["properties"]["lesionpaste"]["properties"]["network"]["properties"]["name"]["enum"]:
        assert re.fullmatch("[a-z0-9_]+", name)


@pytest.mark.parametrize("path", [("ablations", "variants", 0, "normals"), ("bank", "coreset")])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_gives_no_path(path, number):
    config = {"ablations": {"variants": [{"name": "any", "normals": 0.5}]}, "bank": {"coreset": 0.5}}
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = number
    with pytest.raises(InputError, match="a finite number"):
        combined([("any", config)], SCHEMA)
