"""Every variant differs from ReSAD in just what its name says."""

import copy

import pytest

from fundus_anomaly.errors import InputError
from fundus_anomaly.variants import BANK_KEYS, RESC_KEYS, expand

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


@pytest.mark.parametrize("name", ["ReSAD", "twice"])
def test_two_variants_of_one_name_are_refused(name):
    with pytest.raises(InputError, match=name):
        rows(variants=[{"name": name}, {"name": "twice"}])
