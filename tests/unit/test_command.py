"""The command `fundus-anomaly`: what it has Snakemake do, what it says, and the status that it ends with."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fundus_anomaly import command
from fundus_anomaly.predict.images_table import images_table, write_images_table

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Snakemake's command lines with the configuration that they name last, instead of runs."""
    monkeypatch.chdir(tmp_path)
    seen = []

    def run(line, check):
        seen.append((line, json.loads(Path(line[-1]).read_text(encoding="utf-8"))))
        return SimpleNamespace(returncode=len(seen) - 1)

    monkeypatch.setattr(subprocess, "run", run)
    return seen


def test_predict_writes_paths_as_they_are_and_ends_with_what_was_decided(asked, tmp_path, capsys):
    folder = tmp_path / "neue Größen {1}: #2"
    (tmp_path / "results" / "neue_Gr_en_1_2").mkdir(parents=True)
    (tmp_path / "results" / "neue_Gr_en_1_2" / "images.csv").write_text(
        "\ufeffpath,decision\na,above the threshold\nb,cannot be judged\nc,above the threshold\n", encoding="utf-8"
    )
    assert command.main(["predict", "detector.h5", str(folder), "--cores", "2"]) == 0
    line, config = asked[0]
    assert config == {
        "data_root": str(folder),
        "experiment": "neue_Gr_en_1_2",
        "detector": str(tmp_path / "detector.h5"),
    }
    assert line[3] == "predict" and line[line.index("--cores") + 1] == "2"
    said = capsys.readouterr().out
    assert "3 photographs: 2 above the threshold, 1 cannot be judged; open results/neue_Gr_en_1_2/index.html" in said
    assert not Path(line[-1]).exists()


def test_a_run_that_stopped_gives_its_status_and_no_outcome(asked, tmp_path, capsys):
    command.main(["demo"])
    assert command.main(["train", str(tmp_path)]) == 1
    assert asked[1][0][3:5] == ["resad", "detector"]
    assert str(ROOT / "config" / "images.yaml") in asked[1][0]
    told = capsys.readouterr()
    assert "detector.h5" not in told.out and "The run stopped" in told.err


def test_the_last_words_count_the_decisions_and_say_what_false_alarms_to_expect(tmp_path):
    judged = pd.DataFrame({"id": list("abcd"), "unusual": [1.0, float("nan"), 0.0, 1.0]})
    figures = judged.assign(path=judged["id"], score=1.0, percentile=50.0, p_value=0.5, quality="judged", reason="")
    table = images_table(figures, [("e{.png", "its name")], 2.0, 1 / 24, [""] * 4)
    write_images_table(tmp_path / "images.csv", table)
    assert command.outcome(tmp_path) == (
        "5 photographs: 2 above the threshold at 4.2 % false alarms, 1 below the threshold, 2 cannot be judged; "
        f"open {tmp_path / 'index.html'}"
    )
    # Nothing that could be judged, and no normals to expect anything of.
    write_images_table(tmp_path / "images.csv", images_table(figures[1:2], [], float("nan"), float("nan"), [""]))
    assert command.outcome(tmp_path).startswith("1 photographs: 0 above the threshold, 1 cannot be judged; open")


def test_a_folder_without_letters_has_results_all_the_same():
    assert command.experiment_of(Path("/å/ü ö")) == "photographs"
    assert command.experiment_of(Path("/a/Auge 1")) == "Auge_1"


def test_without_the_workflow_it_is_said_where_to_get_it(tmp_path, capsys):
    assert command.main(["--workflow", str(tmp_path), "doctor"]) == 2
    assert "clone the project" in capsys.readouterr().err


def test_the_doctor_names_what_is_missing(monkeypatch, capsys):
    assert command.main(["doctor"]) == 0
    monkeypatch.setattr(command, "_NEEDED", ("no_such_package",))
    assert command.main(["doctor"]) == 1
    assert "MISSING packages: missing: no_such_package" in capsys.readouterr().out


def test_training_on_a_folder_with_a_space_and_an_umlaut_is_planned(tmp_path, monkeypatch, capfd):
    for name in ("normal", "unknown"):
        (tmp_path / "Bilder für alle" / name).mkdir(parents=True)
        for number in range(6):
            pixels = np.full((48, 64, 3), 10 * number, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "Bilder für alle" / name / f"Auge {number}.png")
    monkeypatch.chdir(tmp_path)
    assert command.main(["train", "Bilder für alle", "--cores", "1", "--dry-run"]) == 0
    planned = capfd.readouterr().out.split()
    assert {"detector", "table_resad", "heat_maps", "index"} <= set(planned)
