"""The methods on IDRiD: budgets that two cores carry, each paper's own, and what a cluster is asked for."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from fundus_anomaly.plan.compared import expand
from fundus_anomaly.plan.method_needs import apply_seconds, fit_megabytes, fit_seconds
from fundus_anomaly.plan.settings import require_consistent
from fundus_anomaly.report.tables.published import methods_in_print
from support.configuration import combined
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_schema(ROOT / "workflow/schemas/config.schema.yaml")
METHODS = SCHEMA["properties"]["methods"]["properties"]
TITLES = {name: part["title"] for name, part in METHODS.items()}
UNSTABLE = [name for name, part in METHODS.items() if part.get("unstable")]
# Normals to learn from without the fifth that is held out, and all photographs that are scored.
IDRID, PHANTOM = (106, 140), (38, 74)


def rows_of(file):
    layers = [
        (name, yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
        for name in ["config.yaml", *([file] if file else [])]
    ]
    config = combined(layers, SCHEMA)[0]
    require_consistent(config, SCHEMA)
    return config, expand(config, TITLES, [], UNSTABLE)


def seconds(config, row, learned, scored):
    pixels = config["compared"]["size"] ** 2
    of_fit = fit_seconds(row["method"], row["settings"], pixels, learned)
    return of_fit + apply_seconds(row["method"], row["settings"], pixels, scored)


@pytest.mark.parametrize("file", ["config/idrid_rivals.yaml", "config/idrid_rivals_paper.yaml"])
def test_on_idrid_all_networks_stand_that_resads_tables_compare_with_and_draem_of_lesionpastes(file):
    config, rows = rows_of(file)
    published = pd.read_csv(ROOT / "src/fundus_anomaly/report/tables/published.csv", dtype=str)
    printed = set(published.loc[published["paper"] == "resad"].loc[published["table"].isin(["1", "2"]), "method"])
    networks = (printed - {"ReSAD", "PatchCore"}) | {"DRAEM"}
    methods = config["compared"]["methods"]
    assert {TITLES[name].replace("f-", "f") for name in methods} == networks
    assert len(methods) == 6
    skips = next(row["settings"] for row in rows if row["method"] == "wdmt_net")
    assert skips["fading"] * skips["epochs"] >= 1


def test_what_is_unstable_is_trained_three_times():
    assert set(UNSTABLE) == {"anogan", "devnet", "f_anogan", "draem"}
    for file in ("config/idrid_rivals.yaml", "config/idrid_rivals_paper.yaml"):
        _, rows = rows_of(file)
        assert [row["repeat"] for row in rows if row["method"] in UNSTABLE] == 3 * [0, 1, 2]
        assert [row["repeat"] for row in rows if row["method"] not in UNSTABLE] == 3 * [0]


def test_on_idrid_each_method_takes_two_cores_at_most_25_minutes_and_all_four_hours():
    config, rows = rows_of("config/idrid_rivals.yaml")
    taken = {}
    for row in rows:
        taken[row["method"]] = taken.get(row["method"], 0) + seconds(config, row, *IDRID)
    assert max(taken.values()) < 2 * 25 * 60
    assert sum(taken.values()) < 2 * 4 * 3600
    assert max(fit_megabytes(row["method"], row["settings"], 128**2) for row in rows) < 4000


def test_table_3s_methods_on_idrid_take_two_cores_at_most_25_minutes_each():
    config, rows = rows_of("config/idrid_lesionpaste.yaml")
    sides = {"supervised": config["lesionpaste"]["preprocessing"]["size"]}
    assert config["compared"]["tables"] == ["lesionpaste"]
    taken = {}
    for row in rows:
        settings = row["settings"] | {"network": config["lesionpaste"]["network"]["name"]}
        pixels = sides.get(row["method"], config["compared"]["size"]) ** 2
        of_fit = fit_seconds(row["method"], settings, pixels, IDRID[0])
        of_test = apply_seconds(row["method"], settings, pixels, IDRID[1])
        taken[row["method"]] = taken.get(row["method"], 0) + of_fit + of_test
    assert set(taken) == {"supervised", "f_anogan", "draem", "devnet"}
    assert max(taken.values()) < 2 * 25 * 60


@pytest.mark.parametrize("file", ["config/adam.yaml", "config/eyeq.yaml", "config/mosmed.yaml"])
def test_each_benchmark_names_the_methods_of_its_papers_tables(file):
    config, rows = rows_of(file)
    paper, tables = ("resad", ["1", "2"]) if file == "config/adam.yaml" else ("lesionpaste", ["3"])
    assert config["compared"]["tables"] == [paper]
    printed = methods_in_print(paper, tables)
    ours = {"ReSAD", "PatchCore", "LesionPaste", "LesionPaste w.o. MixUp"}
    # Other methods are not fitted in MosMed's folds.
    expected = set() if file == "config/mosmed.yaml" else set(printed) - ours
    named = {"Supervised classifier": "Fully Supervised VGG16", "DRAEM": "DREAM"}
    found = {named.get(TITLES[row["method"]], TITLES[row["method"]]) for row in rows}
    assert {name.replace("f-", "f") for name in found} == {name.replace("f-", "f") for name in expected}


def test_the_papers_own_networks_and_budgets_fit_one_gpu():
    config, rows = rows_of("config/idrid_rivals_paper.yaml")
    settings = {row["method"]: row["settings"] for row in rows}
    assert config["compared"]["size"] == 256
    assert settings["anogan"]["width"] == settings["f_anogan"]["width"] == 64
    assert (settings["draem"]["reconstructive_width"], settings["draem"]["discriminative_width"]) == (128, 64)
    assert (settings["draem"]["epochs"], settings["f_anogan"]["critic_steps"]) == (700, 5)
    assert (settings["memae"]["channels"], settings["memae"]["items"]) == ([96, 128, 256, 256], 2000)
    assert (settings["wdmt_net"]["width"], settings["wdmt_net"]["epochs"]) == (64, 200)
    memory = {name: fit_megabytes(name, one, 256**2) for name, one in settings.items()}
    assert memory["draem"] == pytest.approx(15_500, rel=0.1)
    assert memory["draem"] == max(memory[name] for name in ("anogan", "draem", "f_anogan"))
    assert max(memory.values()) < 40_000


def test_on_the_phantom_what_is_unstable_takes_minutes():
    config, rows = rows_of(None)
    taken = [seconds(config, row, *PHANTOM) for row in rows if row["method"] in UNSTABLE]
    assert max(taken) < 6 * 60
    assert sum(taken) < 16 * 60


@pytest.mark.parametrize("method", ["anogan", "draem", "f_anogan"])
def test_the_needs_of_a_method_grow_with_its_size_and_number(method):
    small, large = (
        next(row["settings"] for row in rows_of(file)[1] if row["method"] == method)
        for file in ("config/idrid_rivals.yaml", "config/idrid_rivals_paper.yaml")
    )
    assert fit_megabytes(method, large, 256**2) > fit_megabytes(method, small, 128**2)
    assert fit_seconds(method, large, 256**2, 100) > 100 * fit_seconds(method, small, 128**2, 100)
    assert apply_seconds(method, small, 256**2, 10) > apply_seconds(method, small, 128**2, 10)


@pytest.mark.parametrize(
    ("method", "changes", "megabytes"),
    [
        ("f_anogan", {"width": 16, "batch": 16}, 1355),
        ("f_anogan", {"width": 8, "batch": 16}, 1136),
        ("anogan", {"width": 32, "batch": 32}, 1108),
        ("draem", {"reconstructive_width": 16, "discriminative_width": 16, "batch": 8}, 1580),
        ("devnet", {"batch": 16}, 1684),
    ],
)
def test_what_is_asked_for_is_what_was_measured(method, changes, megabytes):
    settings = rows_of(None)[0]["methods"][method]
    assert 0.95 * megabytes < fit_megabytes(method, settings | changes, 128**2) < 1.5 * megabytes
