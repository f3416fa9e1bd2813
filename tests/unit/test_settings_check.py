"""Settings that contradict each other, or that have no effect, are refused before the first job."""

from pathlib import Path

import pytest
import yaml

from fundus_anomaly.errors import InputError
from fundus_anomaly.plan.settings import require_consistent
from support.configuration import combined
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_schema(ROOT / "workflow/schemas/config.schema.yaml")
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def check(text):
    layers = [("config.yaml", DEFAULT), ("mine.yaml", yaml.safe_load(text) or {})]
    require_consistent(combined(layers, SCHEMA)[0], SCHEMA)


@pytest.mark.parametrize("file", [None, *sorted((ROOT / "config").glob("*.yaml"))], ids=lambda f: f and f.name)
def test_the_configurations_that_are_shipped_hold_together(file):
    check(file.read_text(encoding="utf-8") if file else "")


def test_the_defaults_of_the_schema_hold_together():
    require_consistent(combined([], SCHEMA)[0], SCHEMA)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("bank: {index: ivf, nlist: 4, nprobe: 5}", "bank.nprobe"),
        ("bank: {index: ivf, nlist: 15}", "bank.nprobe"),
        ("lesionpaste: {mixup: [0.8, 0.5]}", "lesionpaste.mixup"),
        ("lesionpaste: {training: {epochs: 5, tested_every: 6}}", "lesionpaste.training.tested_every"),
        (f"lesionpaste: {{mix: [{', '.join(f'{{types: [t{n}], share: 1}}' for n in range(65))}]}}", "lesionpaste.mix"),
        ("lesionpaste: {augmentation: {resize: [1, 0.5]}}", "lesionpaste.augmentation.resize"),
        ("lesionpaste: {augmentation: {contrast: [1.1, 0.9]}}", "lesionpaste.augmentation.contrast"),
        ("lesionpaste: {rows: [{name: a, mixup: [1, 0]}]}", "lesionpaste.rows[0].mixup"),
        (
            "lesionpaste: {ablations: {A2: [{name: a}, {name: b, augmentation: {brightness: [2, 1]}}]}}",
            "lesionpaste.ablations.A2[1].augmentation.brightness",
        ),
        ("methods: {wdmt_net: {protocol: paper}}", "methods.wdmt_net.protocol"),
        ("methods: {wdmt_net: {rows: [{name: a}, {name: b, protocol: paper}]}}", "methods.wdmt_net.rows[1].protocol"),
        ("methods: {wdmt_net: {fading: 0.1, epochs: 9}}", "methods.wdmt_net.fading"),
        ("methods: {wdmt_net: {rows: [{name: a, fading: 0}]}}", "methods.wdmt_net.rows[0].fading"),
        ("methods: {wdmt_net: {rows: [{name: a, epochs: 19}]}}", "methods.wdmt_net.rows[0].fading"),
        ("compared: {size: 768}", "compared.size"),
    ],
)
def test_a_contradiction_is_refused_where_it_stands(text, where):
    with pytest.raises(InputError) as error:
        check(text)
    assert [problem.where for problem in error.value.problems] == [f"config, {where}"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("backbone: {name: onnx}\nfeatures: {precision: bfloat16}", "features.precision"),
        ("backbone: {onnx: {outputs: [a, b]}}", "backbone.onnx.outputs"),
        ("backbone: {name: resnet18, onnx: {mean: [0.5, 0.5, 0.5]}}", "backbone.onnx.mean"),
        ("bank: {nlist: 400}", "bank.nlist"),
        ("bank: {nprobe: 4}", "bank.nprobe"),
        ("resad: {spatial: identity, scale: cosine-0.1}", "resad.scale"),
        ("ablations: {variants: [{name: a, spatial: 'off', scale: perplexity-9}]}", "ablations.variants[0].scale"),
        (
            "resad: {spatial: 'off'}\nablations: {variants: [{name: a, scale: perplexity-9}]}",
            "ablations.variants[0].scale",
        ),
        ("dataset: images\ndata: {images: {table: t.csv, normals: healthy}}", "data.images.normals"),
        ("dataset: images\ndata: {images: {masks_inverted: true}}", "data.images.masks_inverted"),
        (
            "lesionpaste: {source: {dataset: images}}\ndata: {images: {masks_inverted: true}}",
            "data.images.masks_inverted",
        ),
        (
            "lesionpaste: {rows: [{name: a, augmentation: {colour: 30}}]}",
            "lesionpaste.rows[0].augmentation.colour",
        ),
        (
            "lesionpaste: {ablations: {'1': [{name: a, augmentation: {operations: [], flip: 1}}]}}",
            "lesionpaste.ablations.1[0].augmentation.flip",
        ),
    ],
)
def test_a_setting_without_effect_is_refused(text, where):
    with pytest.raises(InputError) as error:
        check(text)
    assert [problem.where for problem in error.value.problems] == [f"config, {where}"]


@pytest.mark.parametrize(
    "text",
    [
        "backbone: {name: onnx, onnx: {outputs: [a, b], std: [1, 1, 1]}}",
        "bank: {index: ivf, nlist: 4, nprobe: 4}",
        "resad: {spatial: 'off', scale: cosine-0.1}\nablations: {variants: [{name: a, spatial: matmul}]}",
        "ablations: {variants: [{name: a, spatial: 'off', scale: none}]}",
        "dataset: images\ndata: {images: {table: t.csv, masks_inverted: true}}",
        "data: {images: {table: t.csv, normals: healthy}}",
        "lesionpaste: {mixup: [0.7, 0.7], rows: [{name: a, augmentation: {operations: [colour], colour: 30}}]}",
        "scoring: {image_score: mean, top_quantile: 0.9, smoothing: 0.01}",
        "compared: {methods: [wdmt_net, draem], size: 768}\nmethods: {wdmt_net: {protocol: paper}}",
        "methods: {wdmt_net: {fading: 0.3333333, epochs: 3, rows: [{name: a, fading: 0.1, epochs: 10}]}}",
        "compared: {methods: [memae]}\nmethods: {wdmt_net: {protocol: paper, fading: 0}}",
    ],
)
def test_what_has_an_effect_is_left_alone(text):
    check(text)


def test_what_wdmt_nets_own_protocol_needs_is_said():
    with pytest.raises(InputError, match=r"paper, with photographs of 128×128.*set compared\.size to 768"):
        check("methods: {wdmt_net: {protocol: paper}}")
    with pytest.raises(InputError, match=r"0\.05 in each of 10 epochs.*raise fading to 0\.1 or more, or epochs"):
        check("methods: {wdmt_net: {epochs: 10}}")
