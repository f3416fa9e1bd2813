"""What Snakemake reads as text from the command line becomes what the schema asks for, and nothing else does."""

from pathlib import Path

import yaml
from snakemake.cli import parse_config

from fundus_anomaly.command_line_config import typed
from fundus_anomaly.config_check import require_valid

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))


def read(*entries):
    return typed(parse_config(entries), SCHEMA)


def test_nested_numbers_truth_values_and_lists_are_what_the_schema_asks_for():
    found = read(
        "lesionpaste={network: {name: efficientnet_lite0}, training: {epochs: 8, learning_rate: 1e-3}, control: True}",
        "backbone={onnx: {mean: [0.5, 0.5, 1]}}",
        "ablations={variants: [{name: '10%', normals: 0.1, pool: 3, spatial: off}]}",
        "lesionpaste={ablations: {A2: [{name: two, most: 2}]}, rows: [{name: w.o. MixUp, mixup: [1, 1.0]}]}",
        "seed=3",
    )
    require_valid(found, SCHEMA)
    assert found["lesionpaste"]["training"] == {"epochs": 8, "learning_rate": 0.001}
    assert found["lesionpaste"]["control"] is True
    assert found["backbone"]["onnx"]["mean"] == [0.5, 0.5, 1]
    assert found["ablations"]["variants"] == [{"name": "10%", "normals": 0.1, "pool": 3, "spatial": "off"}]
    assert found["lesionpaste"]["ablations"]["A2"] == [{"name": "two", "most": 2}]
    assert found["lesionpaste"]["rows"] == [{"name": "w.o. MixUp", "mixup": [1, 1.0]}]
    assert found["seed"] == 3


def test_texts_stay_texts_and_what_does_not_fit_stays_for_the_schema_to_refuse():
    digest = "1" * 64
    found = read("backbone={sha256: " + digest + "}", "data={exclude: [007]}", "resad={pool: true, region: few}")
    assert found["backbone"]["sha256"] == digest
    assert found["data"]["exclude"] == ["007"]
    assert found["resad"] == {"pool": "true", "region": "few"}
    huge = "9" * 400
    assert read("resad={region: " + huge + "}")["resad"]["region"] == int(huge)
    assert read("bank={coreset: nan}", "scoring={smoothing: 1e999}") == {
        "bank": {"coreset": "nan"},
        "scoring": {"smoothing": "1e999"},
    }
    assert read("strange={key: 1}") == {"strange": {"key": "1"}}
