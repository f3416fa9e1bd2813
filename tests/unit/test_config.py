"""The schema says what every key means and may be; the configurations hold what it allows."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from snakemake import utils
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

from fundus_anomaly.methods.resad.attention import READINGS, Attention
from fundus_anomaly.networks.timm_network import NETWORKS
from fundus_anomaly.scoring.maps import IMAGE_SCORES
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA_FILE = ROOT / "workflow" / "schemas" / "config.schema.yaml"
SCHEMA = read_schema(SCHEMA_FILE)
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def validate(tmp_path_factory):
    """Return Snakemake's own check, by the whole schema."""
    file = tmp_path_factory.mktemp("schema") / "schema.yaml"
    file.write_text(yaml.safe_dump(SCHEMA), encoding="utf-8")
    return lambda config: utils.validate(config, str(file))


def keys(node, path=(), in_item=False):
    """Yield (path, node, whether it is part of an array's item) for every key of the schema."""
    for name, child in node.get("properties", {}).items():
        yield (*path, name), child, in_item
        yield from keys(child, (*path, name), in_item)
        yield from keys(child.get("items", {}), (*path, name), True)


KEYS = {".".join(path): (node, in_item) for path, node, in_item in keys(SCHEMA)}


def at(config, path):
    for name in path.split("."):
        config = config[name]
    return config


def changed(path, value):
    config = copy.deepcopy(DEFAULT)
    *folder, name = path.split(".")
    (at(config, ".".join(folder)) if folder else config)[name] = value
    return config


@pytest.mark.parametrize("path", KEYS)
def test_every_key_is_described_and_has_a_default_and_allows_no_other_key(path):
    node, in_item = KEYS[path]
    assert len(node.get("description", "")) > 5
    # An item of a list changes what it names and nothing else, so that it has no defaults.
    assert ("default" in node) != in_item
    assert "properties" not in node or node["additionalProperties"] is False


KEYWORDS = {
    *("$schema", "$defs", "$ref", "title", "type", "enum", "default", "description", "properties", "required", "items"),
    *("additionalProperties", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "pattern"),
    *("minLength", "minItems", "maxItems", "uniqueItems", "takes", "private", "sees", "published", "unstable"),
}


def nodes(node, path="top level"):
    """Yield (path, node) for every schema within the schema: keys, items of lists, and definitions."""
    yield path, node
    for name, child in [*node.get("properties", {}).items(), *node.get("$defs", {}).items()]:
        yield from nodes(child, f"{path}.{name}")
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")


NODES = dict(nodes(SCHEMA))


@pytest.mark.parametrize("path", NODES)
def test_no_description_is_cut_short(path):
    # In a flow mapping an unquoted text ends at a comma, and its rest becomes a key of the schema; a " #" ends any.
    assert set(NODES[path]) <= KEYWORDS
    assert NODES[path].get("description", "whole.").strip().endswith(".")


def test_every_description_is_quoted_or_a_block():
    text = SCHEMA_FILE.read_text(encoding="utf-8")
    assert re.findall(r"description: [^\"'>\n].*", text) == []


@pytest.mark.parametrize("path", [path for path, (_, in_item) in KEYS.items() if not in_item])
def test_the_default_configuration_names_every_key(path):
    at(DEFAULT, path)


def test_an_empty_configuration_is_filled_with_the_defaults(validate):
    config = {}
    validate(config)
    for path, (node, in_item) in KEYS.items():
        if not in_item and "properties" not in node:
            assert at(config, path) == node["default"], path


@pytest.mark.parametrize("file", [None, *sorted((ROOT / "config").glob("*.yaml"))], ids=lambda f: f and f.name)
def test_every_configuration_is_valid_and_changes_what_it_names(file, validate):
    config = copy.deepcopy(DEFAULT)
    change = yaml.safe_load(file.read_text(encoding="utf-8")) if file else {}
    update_config(config, change)
    validate(config)
    assert file is None or config != DEFAULT


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("seeed", 0),
        ("resad.radius", 12),
        ("data.phantom.patients", 3),
        ("seed", "zero"),
        ("seed", -1),
        ("dataset", "messidor"),
        ("data.mosmed.folds", 1),
        ("data.mosmed.middle", [0.25]),
        ("data.mosmed.middle", [0.25, 1.5]),
        ("data.mosmed.window", {"width": 0}),
        ("data.mosmed.healthy", "CT0"),
        ("experiment", "../elsewhere"),
        ("preprocessing.size", 784.5),
        ("preprocessing.size", 0),
        ("backbone.name", "vgg16"),
        ("backbone.sha256", "no hexadecimal"),
        ("backbone.onnx.outputs", ["level2"]),
        ("backbone.onnx.std", [0.2, 0.2, 0]),
        ("features.batch", 0),
        ("resad.pool", 2),
        ("resad.region", -1),
        ("resad.spatial", False),
        ("resad.scale", "cosine"),
        ("resad.scale", "cosine-0.0"),
        ("resad.scale", "cosine-1.2.3"),
        ("resad.scale", "perplexity-"),
        ("bank.coreset", 0),
        ("bank.coreset", 1.1),
        ("bank.epsilon", 1),
        ("evaluation.confidence", 95),
        ("ablations.variants", [{"name": "a", "scale": "cosine-1.2.3"}]),
        ("ablations.variants", [{"normals": 0.1}]),
        ("ablations.variants", [{"name": "a", "seed": 1}]),
        ("figures.rows", 0),
    ],
)
def test_an_unknown_key_a_wrong_type_and_a_value_out_of_range_are_errors(path, value, validate):
    validate(copy.deepcopy(DEFAULT))
    with pytest.raises(WorkflowError):
        validate(changed(path, value))


@pytest.mark.parametrize("scale", ["none", "inv_sqrt", "cosine-0.1", "cosine-1", "perplexity-100", "perplexity-1.5"])
def test_every_scale_that_the_schema_allows_is_one_that_the_attention_knows(scale, validate):
    validate(changed("resad.scale", scale))
    assert Attention("matmul", scale).scale == scale


def test_the_schema_offers_what_the_library_has():
    assert set(KEYS["resad.spatial"][0]["enum"]) == set(READINGS)
    assert set(KEYS["ablations.variants.spatial"][0]["enum"]) == set(READINGS)
    assert set(KEYS["scoring.image_score"][0]["enum"]) == set(IMAGE_SCORES)
    assert set(KEYS["backbone.name"][0]["enum"]) == {*NETWORKS, "onnx"}
