"""Several layers become one configuration, in which nothing is lost and every number has its type."""

import copy
import itertools
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fundus_anomaly.errors import InputError
from fundus_anomaly.plan import lesionpaste_rows as lesionpaste_rows
from support.configuration import combined, settled, unread
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_schema(ROOT / "workflow/schemas/config.schema.yaml")
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def read(*texts):
    """Return the default configuration with YAML texts laid over it, one after the other."""
    layers = [
        ("config.yaml", DEFAULT),
        *((f"{number}.yaml", yaml.safe_load(text)) for number, text in enumerate(texts)),
    ]
    return combined(layers, SCHEMA)[0]


def numbers_of(value, schema, path=""):
    """Yield path, type that the schema names, and value of every number of a configuration."""
    schema = SCHEMA["$defs"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    if isinstance(value, dict):
        for key, part in value.items():
            yield from numbers_of(part, schema["properties"][key], f"{path}.{key}")
    elif isinstance(value, list):
        for part in value:
            yield from numbers_of(part, schema["items"], f"{path}[]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, schema.get("type", "enum"), value


def as_floats(value):
    """Return a value with every integer as a floating-point number."""
    if isinstance(value, dict):
        return {key: as_floats(part) for key, part in value.items()}
    if isinstance(value, list):
        return [as_floats(part) for part in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_every_number_of_the_configuration_has_the_type_of_the_schema_however_it_was_written():
    plain, floats = combined([("a", DEFAULT)], SCHEMA)[0], combined([("a", as_floats(DEFAULT))], SCHEMA)[0]
    found = list(numbers_of(floats, SCHEMA))
    assert len(found) > 60
    wanted = {"integer": int, "number": float, "enum": int}
    assert [(path, value) for path, kind, value in found if type(value) is not wanted[kind]] == []
    assert list(numbers_of(plain, SCHEMA)) == found


def test_numbers_that_differ_in_their_type_alone_are_one_setting():
    row = "{{name: x, most: {1}, mixup: [{0}, {0}], mix: [{{types: [MA], share: {0}}}]}}"
    text = f"lesionpaste: {{{{repeats: [{{0}}], rows: [{row}]}}}}"
    keys = {
        tuple(row["key"] for row in lesionpaste_rows.expand(read(text.format(*numbers))))
        for numbers in itertools.product(("1", "1.0"), ("2", "2.0"))
    }
    assert len(keys) == 1
    assert "most~2,mixup~1-1,mix~MA-" in keys.pop()[1]


def test_sizes_in_exponent_form_are_numbers_in_a_file_too():
    # YAML 1.1 takes 1e-3 and 3.e-5 for texts.
    found = read("lesionpaste: {training: {learning_rate: 1e-3, weight_decay: 3.e-5}}\nexperiment: 1e5")
    assert found["lesionpaste"]["training"]["learning_rate"] == 0.001
    assert found["lesionpaste"]["training"]["weight_decay"] == 0.00003
    assert found["experiment"] == "1e5"


def test_a_key_that_is_a_number_is_the_same_key_as_text():
    rows = read("lesionpaste: {ablations: {1: [{name: x}]}}")["lesionpaste"]["ablations"]
    assert [row["name"] for row in rows["1"]] == ["x"]
    assert set(rows) == {"1", "2", "A1", "A2"}
    last = read("lesionpaste: {ablations: {1: [{name: x}]}}", "lesionpaste: {ablations: {'1': [{name: y}]}}")
    assert [row["name"] for row in last["lesionpaste"]["ablations"]["1"]] == ["y"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no: 1", ["unknown keys False", "without quotes YAML reads on, yes and true as True"]),
        ("resad: {on: 1}", ["config, resad: found unknown keys True"]),
        ("lesionpaste: {ablations: {3: []}}", ["unknown keys '3'", "the keys 1, 2, A1, A2"]),
        ("resad: {spatial: off}", ["config, resad.spatial: found False", "quotes", "off, no and false as False"]),
        ("experiment: 2024", ["config, experiment: found 2024", "quotes"]),
        ("experiment: 2024-01-01", ["config, experiment", "quotes"]),
        ("preprocessing: {size: 96.5}", ["config, preprocessing.size: found 96.5", "integer"]),
        ("bank: {coreset: .nan}", ["config, bank.coreset: found nan", "a finite number"]),
        ("ablations: {variants: [{name: a, normals: .nan}]}", ["config, ablations.variants[0].normals: found nan"]),
        ("lesionpaste: {training: {clip: .inf}}", ["config, lesionpaste.training.clip: found inf", "a finite number"]),
        ("backbone: {onnx: {mean: [0.5, -.inf, 0.5]}}", ["config, backbone.onnx.mean[1]: found -inf"]),
        (f"lesionpaste: {{training: {{learning_rate: {'9' * 400}}}}}", ["a number of 400 digits"]),
    ],
)
def test_what_yaml_takes_for_something_else_is_refused_with_the_remedy(text, told):
    with pytest.raises(InputError) as error:
        read(text)
    assert [words for words in told if words not in str(error.value)] == []


def test_two_sections_of_one_anchor_are_changed_one_without_the_other():
    base = yaml.safe_load("preprocessing: &size {size: 96}\nlesionpaste: {preprocessing: *size}")
    before = copy.deepcopy(base)
    found, _ = combined([("a", base), ("b", {"preprocessing": {"size": 128}})], SCHEMA)
    assert found["preprocessing"]["size"] == 128
    assert found["lesionpaste"]["preprocessing"]["size"] == 96
    assert base == before


def test_a_list_of_exclusions_that_replaces_another_is_reported_what_it_lets_in():
    layers = [("a.yaml", {"data": {"exclude": ["x", "y"]}}), ("b.yaml", {"data": {"exclude": ["y", "z"]}})]
    config, remarks = combined(layers, SCHEMA)
    assert config["data"]["exclude"] == ["y", "z"]
    assert [remark.split(" A list")[0] for remark in remarks] == [
        "data.exclude of b.yaml replaces that of a.yaml and leaves these images in: x."
    ]
    assert combined([layers[0], ("b.yaml", {"data": {"exclude": ["x", "y", "z"]}})], SCHEMA)[1] == []


def test_defaults_are_filled_in_and_the_schema_stays_as_it_was():
    before = copy.deepcopy(SCHEMA)
    first = combined([], SCHEMA)[0]
    first["lesionpaste"]["mix"].append("changed")
    assert before == SCHEMA
    assert (
        combined([], SCHEMA)[0]["lesionpaste"]["mix"]
        == SCHEMA["properties"]["lesionpaste"]["properties"]["mix"]["default"]
    )


@settings(deadline=None)
@given(st.one_of(st.integers(-(2**80), 2**80), st.floats(allow_nan=False, allow_infinity=False)))
def test_no_number_changes_its_value(number):
    assert settled(number, {"type": "number"}) == pytest.approx(number, rel=1e-15)
    if float(number).is_integer():
        assert settled(float(number), {"type": "integer"}) == float(number)


def test_a_configuration_of_the_working_folder_that_nobody_reads_is_named(tmp_path):
    project, found = tmp_path / "project.yaml", tmp_path / "config.yaml"
    project.write_text("seed: 1")
    assert unread(found, project, []) == []
    found.write_text("seed: 2")
    assert [f"{found} is not read" in remark for remark in unread(found, project, [])] == [True]
    assert unread(found, project, [found]) == []
    assert unread(found, found, []) == []
    found.write_text("seed: 1")
    assert unread(found, project, []) == []
