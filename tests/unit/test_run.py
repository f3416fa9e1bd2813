"""A run as a value: what a configuration asks for, without Snakemake."""

from pathlib import Path

import pytest

from fundus_anomaly.errors import InputError
from fundus_anomaly.plan.run import MAIN, Run
from support.configuration import combined
from support.schema import read_schema

SCHEMA = read_schema(Path(__file__).resolve().parents[2] / "workflow" / "schemas" / "config.schema.yaml")
TITLES = {name: part["title"] for name, part in SCHEMA["properties"]["methods"]["properties"].items()}


def run(unstable=(), **changes):
    config, _ = combined([("test", changes)], SCHEMA)
    return Run.of(config, TITLES, unstable)


VARIANTS = [
    {"name": "10%", "normals": 0.1},
    {"name": "without ReSC", "region": 0, "spatial": "off"},
    {"name": "with ReSC"},
    {"name": "cosine", "scale": "cosine-0.1"},
    {"name": "cosine, no region", "scale": "cosine-0.1", "region": 0},
    {"name": "identity", "spatial": "identity"},
]


def test_ablations_are_all_variants_but_resad_and_patchcore():
    made = run(ablations={"variants": VARIANTS})
    assert made.ablations == [row["name"] for row in VARIANTS]
    assert [row["variant"] for row in made.variants[:2]] == MAIN
    assert [row["scale"] for row in made.named(["cosine", "identity"])] == ["cosine-0.1", "none"]
    with pytest.raises(KeyError, match="another"):
        made.named(["another"])


def test_the_unchanged_ablation_is_found_and_may_be_absent():
    assert run(ablations={"variants": VARIANTS}).unchanged == ["with ReSC"]
    assert run(ablations={"variants": VARIANTS[:2]}).unchanged == []
    assert run(ablations={"variants": []}).unchanged == []


def test_attention_is_shown_once_for_each_scale_and_only_where_there_is_one():
    assert run(ablations={"variants": VARIANTS}).attending == ["10%", "cosine"]
    assert run(ablations={"variants": VARIANTS[5:]}).attending == []


def test_photographs_are_prepared_as_each_method_sees_them():
    made = run(preprocessing={"size": 512}, compared={"size": 128}, data={"bits_used": 12})
    sizes = {name: settings["size"] for name, settings in made.preprocessing.items()}
    lesionpaste = made.config["lesionpaste"]["preprocessing"]["size"]
    assert sizes == {"resad": 512, "lesionpaste": lesionpaste, "compared": 128, "as_taken": 512}
    assert {settings["bits_used"] for settings in made.preprocessing.values()} == {12}
    assert made.image_size == [512, 512]


def test_the_classifier_begins_with_a_file_of_weights_that_is_asked_for_in_its_name():
    shared = run(backbone={"name": "resnet18"}, lesionpaste={"network": {"name": "resnet18"}})
    assert shared.classifier_weights == "resnet18" and list(shared.weights) == ["resnet18"]
    apart = run(backbone={"name": "resnet18"}, lesionpaste={"network": {"name": "vgg16"}})
    assert apart.classifier_weights == "vgg16" and list(apart.weights) == ["resnet18", "vgg16"]


def test_an_unstable_method_is_fitted_once_for_each_of_its_repeats():
    compared = {"methods": ["auto_encoder", "f_anogan"], "repeats": [0], "repeats_of_unstable": [0, 1, 2]}
    made = run(unstable=["f_anogan"], compared=compared)
    assert [method for method, _, _ in made.fits] == ["auto_encoder", "f_anogan", "f_anogan", "f_anogan"]


def test_a_row_cannot_take_the_name_of_another():
    with pytest.raises(InputError, match="ReSAD"):
        run(patchcore={"rows": [{"name": "ReSAD", "neighbours": 3}]})
    with pytest.raises(InputError, match="PatchCore, re-weighted"):
        run(
            patchcore={"rows": [{"name": "PatchCore, re-weighted", "neighbours": 3}]},
            compared={"methods": ["auto_encoder"]},
            methods={"auto_encoder": {"rows": [{"name": "PatchCore, re-weighted", "epochs": 3}]}},
        )


def test_tables_say_what_their_figures_rest_on():
    made = run(evaluation={"normal_quantile": 0.9})
    said = made.table_settings("PatchCore")
    assert said["normal_quantile"] == 0.9 and said["against"] == "PatchCore"
    assert made.scores["field_of_view_only"] == made.config["evaluation"]["field_of_view_only"]
    assert set(made.index) == {"index", "nlist", "nprobe"}
