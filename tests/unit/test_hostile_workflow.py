"""The real workflow on names that a shell would run, and on configurations that Snakemake reads before the schema."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hostile_config import alias_bomb
from hostile_names import SHELL
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run the project's workflow in a folder; standard error stands within standard output."""
    fixed = ["--directory", str(folder), "--cores", "2", "--resources", "gpu=0"]
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments, "--snakefile", str(ROOT / "Snakefile"), *fixed],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        timeout=1800,
    )


def test_no_rule_hands_a_name_to_a_shell():
    for file in [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*.smk"), *(ROOT / "workflow").rglob("*.py")]:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"^\s*shell:|\bshell\(|shell=True|os\.system|os\.popen", text, re.MULTILINE), file


@pytest.mark.workflow
def test_shell_metacharacters_in_names_reach_no_shell(tmp_path):
    root, work = tmp_path / f"bad {SHELL}", tmp_path / "work"
    names = [
        "normal/-rf.jpg",
        f"normal/{SHELL}",
        "unknown/|tee executed|.jpg",
        f"unknown/{SHELL}/b;touch executed;.jpg",
    ]
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(root / name)
    # Not by --config: its values are read as YAML, in which " #" begins a comment.
    (tmp_path / "root.yaml").write_text(yaml.safe_dump({"data_root": str(root)}), encoding="utf-8")
    config = ["--configfile", str(ROOT / "config" / "images.yaml"), str(tmp_path / "root.yaml")]
    done = snakemake(work, "results/images/audit/left_out.csv", *config)
    assert done.returncode == 0, done.stdout
    facts = pd.concat(
        pd.read_csv(work / f"results/images/audit/photographs.{split}.csv") for split in ("train", "test")
    )
    assert sorted(facts["path"]) == sorted(str(root / name) for name in names)
    assert facts["error"].isna().all()
    assert not list(tmp_path.rglob("executed"))
    assert not (ROOT / "executed").exists()
    assert sorted(path.name for path in work.iterdir()) == [".snakemake", "results"]
    for cell in facts[["id", "path"]].to_numpy().ravel():
        assert cell[0] not in "=+-@", "a spreadsheet would run it"


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "experiment: a/../b\nseed: $(touch executed)\nresad: {regoin: 3}\n",
            ["3 problems", "config, experiment", "config, seed", "did you mean 'region'"],
        ),
        (alias_bomb(12), ["values once all aliases are followed", "remove the YAML aliases"]),
    ],
    ids=["several wrong keys", "alias bomb"],
)
def test_a_wrong_configuration_stops_the_workflow_in_clear_words(tmp_path, text, told):
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")
    done = snakemake(tmp_path / "work", "audit", "-n", "--configfile", str(tmp_path / "bad.yaml"))
    assert done.returncode != 0
    assert [words for words in told if words not in done.stdout] == []
    assert "Traceback" not in done.stdout
    assert len(done.stdout) < 5000
    assert not list(tmp_path.rglob("executed"))
