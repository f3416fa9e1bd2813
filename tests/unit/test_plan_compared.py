"""The rows of other methods: named, each fit once, and no two of one name."""

import copy
from pathlib import Path

import pytest
import yaml

from fundus_anomaly.errors import InputError
from fundus_anomaly.plan.compared import expand, first_repeats, fits
from fundus_anomaly.plan.row_keys import change, row_key
from fundus_anomaly.report.tables.compared import compared_notes
from support.configuration import combined
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_schema(ROOT / "workflow/schemas/config.schema.yaml")
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
TITLES = {"auto_encoder": "Auto-Encoder"}


def configured(rows=(), repeats=(0,), **changes):
    config = copy.deepcopy(DEFAULT)
    config["compared"] |= {"methods": ["auto_encoder"], "repeats": list(repeats)}
    config["methods"]["auto_encoder"] |= changes | {"rows": list(rows)}
    return combined([("test", config)], SCHEMA)[0]


def expanded(*arguments, **options):
    return expand(configured(*arguments, **options), TITLES, ["ReSAD", "PatchCore"])


def test_a_row_starts_from_its_method_and_changes_what_it_names():
    first, second = expanded([{"name": "spatial", "code": 0, "batch": 8}])
    assert (first["name"], first["key"], first["run"]) == ("Auto-Encoder", "as_configured", "repeat~0")
    section = DEFAULT["methods"]["auto_encoder"]
    assert first["settings"] == {key: value for key, value in section.items() if key != "rows"}
    assert second["key"] == "code~0,batch~8"
    assert second["settings"] == first["settings"] | {"code": 0, "batch": 8}


def test_rows_with_equal_settings_share_a_fit_and_repeats_do_not():
    rows = expanded([{"name": "again", "batch": DEFAULT["methods"]["auto_encoder"]["batch"]}], repeats=(0, 1))
    assert len(rows) == 4
    assert len(fits(rows)) == 2
    assert [row["name"] for row in rows[:2]] == ["Auto-Encoder, repeat 0", "Auto-Encoder, repeat 1"]


def test_an_unstable_method_has_repeats_of_its_own_and_figures_show_the_first():
    config = configured([{"name": "wide", "code": 200}])
    assert [row["repeat"] for row in expand(config, TITLES, [], ["auto_encoder"])] == [0, 0]
    config["compared"]["repeats_of_unstable"] = [2, 5, 7]
    assert [row["repeat"] for row in expand(config, TITLES, [])] == [0, 0]
    rows = expand(config, TITLES, [], ["auto_encoder"])
    assert [row["name"] for row in rows[:3]] == [f"Auto-Encoder, repeat {number}" for number in (2, 5, 7)]
    assert [row["repeat"] for row in rows] == 2 * [2, 5, 7]
    assert [row["name"] for row in first_repeats(rows)] == ["Auto-Encoder, repeat 2", "wide, repeat 2"]


@pytest.mark.parametrize("name", ["Auto-Encoder", "ReSAD"])
def test_two_rows_of_one_name_are_an_error(name):
    with pytest.raises(InputError, match=f"'{name}' more than once"):
        expanded([{"name": name, "batch": 3}])


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"batch": 3}, "'name' is a required property"),
        ({"name": "x", "wdith": 3}, "unknown keys 'wdith'"),
        ({"name": "x", "epochs": 0}, "epochs: found 0; allowed: at least 1"),
        ({"name": "=x"}, "matches"),
    ],
)
def test_what_the_schema_does_not_allow_in_a_row_is_an_error_with_its_place(row, found):
    with pytest.raises(InputError, match=found):
        configured([row])


def test_a_method_that_there_is_not_is_an_error():
    config = copy.deepcopy(DEFAULT)
    config["compared"]["methods"] = ["telepathy"]
    with pytest.raises(InputError, match=r"compared\.methods\[0\].*'telepathy'.*auto_encoder"):
        combined([("test", config)], SCHEMA)


def test_a_folders_name_has_no_character_that_a_path_must_not_have():
    long = [change(f"setting{number}", "x" * 40) for number in range(9)]
    assert len(row_key(long)) < 140
    assert row_key(long) != row_key(long[:-1])
    assert "/" not in row_key([change("path", "a/b")])
    assert row_key([change("rate", 1.0)]) == row_key([change("rate", 1)]) == "rate~1"
    assert row_key([]) == "as_configured"


def test_the_tables_notes_tell_the_settings_of_a_row_but_no_folder_of_the_users():
    row = {"name": "DRAEM", "settings": {"epochs": 3, "texture_folder": "/home/someone"}}
    text = " ".join(compared_notes([row], 128, 0.2))
    assert "DRAEM: epochs 3." in text
    assert "someone" not in text


def test_the_tables_notes_claim_nothing_that_is_not_so_of_every_method():
    rows = [
        {"name": "Auto-Encoder", "settings": {"epochs": 100, "batch": 128}},
        {"name": "Deep-IF", "settings": {"trees": 100}},
        {"name": "AnoGAN", "settings": {"steps": 312500}},
        {"name": "WDMT-Net", "settings": {"protocol": "paper"}},
    ]
    text = " ".join(compared_notes(rows, 768, 0.2))
    assert "photographs of 768×768 pixels" in text and "the normals of 80% of the patients" in text
    assert "Auto-Encoder: epochs 100, batch 128; Deep-IF: trees 100; AnoGAN: steps 312500; WDMT-Net: protocol" in text
    assert not any(claim in text for claim in ("common protocol", "of any paper", "number of epochs"))
    assert compared_notes([], 128, 0.2)[-1] == "No other method."
