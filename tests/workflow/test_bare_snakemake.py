"""The workflow is planned where only Snakemake and pandas are installed, as the conda package brings them."""

import subprocess
import sys
from pathlib import Path

from PIL import Image
from tiny_project import REPOSITORY

BARE = Path(__file__).with_name("bare_snakemake.py")


def planned(folder, *arguments):
    """Return what planning prints in such an environment."""
    done = subprocess.run(
        [sys.executable, str(BARE), "-n", "-s", str(REPOSITORY / "Snakefile"), "-d", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_default_run(tmp_path):
    assert "table_resad" in planned(tmp_path)


def test_own_images(tmp_path):
    for folder in ("normal", "unknown"):
        (tmp_path / "mine" / folder).mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (64, 48), (number, 0, 0)).save(tmp_path / "mine" / folder / f"{number}.png")
    config = str(REPOSITORY / "config" / "images.yaml")
    assert "heat_maps" in planned(
        tmp_path, "resad", "--configfile", config, "--config", f"data_root={tmp_path / 'mine'}"
    )
