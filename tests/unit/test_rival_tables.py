"""The papers' tables whole: how rows were made, their order, and LesionPaste's Table 3 with other methods."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from table_rivals import main as table_rivals

from fundus_anomaly.evaluation.evaluate import Settings, evaluate
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.plan.row_facts import COMMON, OWN_PAPER, row_facts
from fundus_anomaly.report.tables.made import made_of, made_part, taken, with_made
from fundus_anomaly.report.tables.order import in_order_of_print
from fundus_anomaly.report.tables.published import doubts, methods_in_print

PUBLISHED = {"epochs": 50, "batch": 64, "size": 256, "network": "vgg16"}


def test_a_row_is_its_papers_own_if_nothing_differs_and_names_what_does():
    row = {"settings": {"epochs": 50, "batch": 64}}
    own = row_facts(row, 256, "vgg16", PUBLISHED)
    assert own == {
        "protocol": OWN_PAPER,
        "differs_from_paper": "",
        "training": "50 epochs",
        "size": 256,
        "network": "vgg16",
    }
    other = row_facts({"settings": {"epochs": 6, "batch": 64}}, 128, "resnet18", PUBLISHED)
    assert (other["protocol"], other["differs_from_paper"]) == (COMMON, "epochs, size, network")


@pytest.mark.parametrize(
    ("settings", "training"),
    [
        ({"epochs": 3, "steps": 20}, "3 epochs"),
        ({"generator_steps": 5, "critic_steps": 2, "encoder_steps": 7}, "5 generator steps + 7 encoder steps"),
        ({"steps": 9, "mapping_steps": 4}, "9 steps"),
        ({"trees": 100}, ""),
    ],
)
def test_the_length_of_a_training_is_told_in_its_methods_own_unit(settings, training):
    assert row_facts({"settings": settings}, 64, "", {})["training"] == training


def benchmark(path, seconds, megabytes):
    path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t{megabytes}\n", encoding="utf-8")
    return path


def test_what_jobs_took_is_read_from_their_benchmarks_and_missing_where_there_are_none(tmp_path):
    fit, apply = benchmark(tmp_path / "fit.tsv", 12.5, 800), benchmark(tmp_path / "apply.tsv", 3.0, "-")
    assert taken({"fit": fit, "apply": apply}) == {"fit_seconds": 12.5, "apply_seconds": 3.0, "peak_mb": 800.0}
    found = taken({"fit": tmp_path / "none.tsv", "apply": apply})
    assert np.isnan(found["fit_seconds"]) and np.isnan(found["peak_mb"]) and found["apply_seconds"] == 3


def test_rows_stand_as_the_papers_print_them_with_ours_last():
    names = ["ReSAD", "PatchCore", "PatchCore, smoothed", "AnoGAN", "f-AnoGAN, repeat 1", "Deep-IF", "Auto-Encoder"]
    method_of = {"PatchCore, smoothed": "PatchCore", "f-AnoGAN, repeat 1": "f-AnoGAN"}
    order = in_order_of_print(names, method_of, names[:3], methods_in_print("resad", ["1", "2"]))
    others = ["Auto-Encoder", "f-AnoGAN, repeat 1", "AnoGAN", "Deep-IF"]
    assert order == [*others, "PatchCore", "PatchCore, smoothed", "ReSAD"]
    third = ["LesionPaste", "control", "DevNet", "MemAE", "DRAEM", "Supervised classifier", "LesionPaste w.o. MixUp"]
    ours = ["LesionPaste", "control", "LesionPaste w.o. MixUp"]
    assert in_order_of_print(third, {}, ours, methods_in_print("lesionpaste", ["3"])) == [
        *("Supervised classifier", "DRAEM", "DevNet", "MemAE"),
        *("LesionPaste w.o. MixUp", "LesionPaste", "control"),
    ]


def test_doubtful_figures_have_a_note_where_they_are_printed_alone():
    assert ".687" in doubts("resad", "idrid")[0] and ".515" in doubts("lesionpaste", "eyeq")[0]
    assert doubts("resad", "phantom") == doubts("lesionpaste", "idrid_grading") == []


TEST = pd.DataFrame({"id": [f"i{n}" for n in range(40)], "label": [0] * 20 + [1] * 20, "grade": [0] * 20 + [2] * 20})
TEST["patient"] = TEST["id"]


def scored(folder, seed, gain):
    """Write the scores and the evaluation of one run, and return both paths."""
    own = np.random.default_rng(seed).standard_normal(len(TEST)) + gain * TEST["label"].to_numpy()
    table = pd.DataFrame({"id": TEST["id"], "own": own})
    settings = Settings(0.95, 0.3, 1, 0.95, 10, 1, 0)
    rows = evaluate([], table, TEST, [], None, None, [], settings).rows
    paths = folder / f"{seed}.metrics.csv", folder / f"{seed}.test.csv"
    for path, one in zip(paths, (rows, table), strict=True):
        write_csv(path, one)
    return paths


def compared_row(folder, title, repeat, repeats):
    benchmark(folder / f"fit.{title}.{repeat}.tsv", 10 + repeat, 900)
    return {
        "name": f"{title}, repeat {repeat}" if repeats > 1 else title,
        "title": title,
        "run": f"repeat~{repeat}",
        "settings": {"epochs": 4},
        "facts": row_facts({"settings": {"epochs": 4}}, 128, "", {"epochs": 4}),
        "benchmarks": {"fit": folder / f"fit.{title}.{repeat}.tsv", "apply": folder / "none.tsv"},
    }


@pytest.fixture
def written(tmp_path):
    """Table 3 of two rows of ours, and two methods, one of which was trained twice."""
    runs = [("LesionPaste", "repeat~0"), ("control", "repeat~0"), ("DevNet", "repeat~0"), ("DevNet", "repeat~1")]
    runs.append(("Supervised classifier", "repeat~0"))
    files = [scored(tmp_path, seed, gain) for seed, gain in enumerate([2.0, 0.1, 1.0, 1.1, 3.0])]
    write_csv(tmp_path / "left_out.csv", pd.DataFrame({"id": [], "split": [], "reason": []}))
    compared = [compared_row(tmp_path, "DevNet", repeat, 2) for repeat in (0, 1)]
    compared.append(compared_row(tmp_path, "Supervised classifier", 0, 1))
    output = SimpleNamespace(**{end: tmp_path / f"rivals.{end}" for end in ("csv", "md", "html")})
    table_rivals(
        SimpleNamespace(
            metrics=[one for one, _ in files], scores=[other for _, other in files], left_out=tmp_path / "left_out.csv"
        ),
        output,
        SimpleNamespace(
            runs=runs,
            ours=["LesionPaste", "control"],
            method_of={},
            compared=compared,
            apart={"Supervised classifier": 256},
            side=128,
            held_out=0.2,
            notes=[],
            dataset="eyeq",
            test=TEST.to_dict("list"),
            confidence=0.95,
            facts={"dataset": "eyeq"},
        ),
    )
    return output


def test_table_3_has_every_row_with_the_published_ones_and_how_it_was_made(written):
    table = pd.read_csv(written.csv)
    ours = table[table["source"] == "this run"]
    assert list(dict.fromkeys(ours["method"])) == ["Supervised classifier", "DevNet", "LesionPaste", "control"]
    assert set(table.loc[table["source"] == "published", "method"]) == set(methods_in_print("lesionpaste", ["3"]))
    devnet = ours[(ours["method"] == "DevNet") & (ours["against"] == "all")].set_index("run")
    assert devnet["fit_seconds"].to_dict() == {"repeat~0": 10, "repeat~1": 11}
    assert set(devnet["protocol"]) == {OWN_PAPER} and set(devnet["size"]) == {128}
    assert table.loc[table["source"] == "published", "protocol"].isna().all()
    assert ours.loc[ours["method"] == "LesionPaste", "fit_seconds"].isna().all()


def test_its_page_tests_each_row_against_lesionpaste_and_notes_what_is_doubtful(written):
    text = written.md.read_text(encoding="utf-8")
    comparison = text[text.index("## DeLong's test") : text.index("## How the other methods were made")]
    lines = [line for line in comparison.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == ["p of two rows", "LesionPaste"]
    assert len(lines) == 2 + 4
    made = text[text.index("## How the other methods were made") :]
    assert "DevNet, repeat 1" in made and "4 epochs" in made and "own paper" in made and "900" in made
    assert "Supervised classifier: 256×256 pixels, prepared as LesionPaste's" in text
    assert ".515" in text


def test_no_other_method_is_no_part_and_no_column():
    table = pd.DataFrame({"method": ["LesionPaste"], "source": ["this run"], "run": ["repeat~0"]})
    assert made_part(made_of([])) == [] and with_made(table, []) is table
