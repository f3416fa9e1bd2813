"""What Snakemake reads as text from the command line becomes what the schema asks for, and nothing else does."""

from pathlib import Path

import pytest
from snakemake.cli import parse_config

from fundus_anomaly.errors import InputError
from support.command_line_config import require_given_once, typed
from support.config_check import require_valid
from support.given_options import given_options
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_schema(ROOT / "workflow/schemas/config.schema.yaml")


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


@pytest.mark.parametrize("program", ["snakemake", "/usr/bin/snakemake", "/lib/snakemake/__main__.py"])
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--config", "seed=1", "--config", "experiment=a"], "--config seed=1 experiment=a"),
        (["-C", "seed=1", "all", "--config=experiment=a"], "--config seed=1 all experiment=a"),
        (["-nC", "seed=1", "--cores", "1", "-Cseed=2"], "--config seed=1 seed=2"),
        (["--configfile", "a.yaml", "--configfile", "b.yaml"], "--configfile a.yaml b.yaml"),
        (["--configfiles", "a b.yaml", "c.yaml", "-n", "--configfile=d.yaml"], "--configfile 'a b.yaml' c.yaml d.yaml"),
    ],
)
def test_an_option_that_stands_twice_is_refused_with_the_one_that_would_do(program, arguments, told):
    with pytest.raises(InputError) as error:
        require_given_once(given_options([program, *arguments]))
    assert [problem.remedy for problem in error.value.problems] == [f"write {told}"]


@pytest.mark.parametrize(
    "argv",
    [
        [
            "snakemake",
            "all",
            "-n",
            "--configfile",
            "a.yaml",
            "b.yaml",
            "--config",
            "seed=1",
            "experiment=a",
            "--cores",
            "1",
        ],
        ["snakemake", "all", "--cores", "1"],
        ["snakemake", "--cores", "1", "--", "--config", "--config"],
        ["pytest", "--config", "a=1", "--config", "b=1"],
    ],
)
def test_options_that_stand_once_and_other_programs_are_left_alone(argv):
    require_given_once(given_options(argv))


def test_an_empty_value_is_an_empty_text_and_whole_numbers_are_whole():
    assert read("experiment=", "data_root=") == {"experiment": "", "data_root": ""}
    assert read("preprocessing={size: 96.0}", "bank={nlist: 1e2}") == {
        "preprocessing": {"size": 96},
        "bank": {"nlist": 100},
    }
