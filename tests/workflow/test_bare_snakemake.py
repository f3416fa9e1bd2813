"""The workflow is planned where only Snakemake and pandas are installed, as the conda package brings them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from fundus_layouts import write_eyeq
from PIL import Image
from test_without_annotated_image import write_adam, write_normals
from tiny_project import REPOSITORY

BARE = Path(__file__).with_name("bare_snakemake.py")


def dry_run(folder, *arguments):
    """Plan a run in such an environment."""
    return subprocess.run(
        [sys.executable, str(BARE), "-n", "-s", str(REPOSITORY / "Snakefile"), "-d", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def planned(folder, *arguments):
    """Return the rules that are planned in such an environment."""
    done = dry_run(folder, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    # The project's profile is quiet about rules; the statistics of the jobs are printed whatever the profile says.
    return set(re.findall(r"^(\w+) +\d+$", done.stdout, re.M))


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


@pytest.fixture(scope="module")
def layouts(tmp_path_factory):
    """Official layouts of the public datasets, with a few images each."""
    folder = tmp_path_factory.mktemp("layouts")
    write_eyeq(folder / "eyeq")
    write_normals(folder / "idrid", ("MA", "HE", "EX", "SE"))
    write_adam(folder / "adam")
    (folder / "graph.onnx").touch()
    return folder


GRAPH = "backbone={weights: ROOT/graph.onnx}"
# The tiny layout does not hold the images that IDRiD's configurations exclude.
ALL = "data={exclude: []}"


# MosMed is not among them: which slices of its volumes hold lesions decides what is planned, and nibabel reads them.
@pytest.mark.parametrize(
    ("file", "data", "target", "job", "settings"),
    [
        ("idrid.yaml", "idrid", "resad", "coreset", [ALL]),
        ("idrid_resnet50v2.yaml", "idrid", "resad", "coreset", [ALL, GRAPH]),
        ("idrid_lesionpaste.yaml", "idrid", "lesionpaste", "train", [ALL]),
        ("idrid_lesionpaste.yaml", "idrid", "rivals", "table_rivals", [ALL, "methods={devnet: {anomalies: 2}}"]),
        ("idrid_rivals.yaml", "idrid", "rivals", "table_compared", [ALL]),
        ("idrid_rivals_paper.yaml", "idrid", "compared", "fit", [ALL]),
        ("adam.yaml", "adam", "resad", "coreset", []),
        ("adam.yaml", "adam", "rivals", "table_compared", []),
        ("eyeq.yaml", "eyeq", "lesionpaste", "train", ["lesionpaste={source: {root: ROOT/idrid}}"]),
        (
            *("eyeq.yaml", "eyeq", "rivals", "table_rivals"),
            ["lesionpaste={source: {root: ROOT/idrid}}", "methods={devnet: {anomalies: 1}}"],
        ),
    ],
)
def test_a_benchmark(layouts, tmp_path, file, data, target, job, settings):
    config = str(REPOSITORY / "config" / file)
    given = [f"data_root={layouts / data}", *(one.replace("ROOT", str(layouts)) for one in settings)]
    assert job in planned(tmp_path, target, "--configfile", config, "--config", *given)


@pytest.mark.parametrize(
    ("file", "data", "settings", "said"),
    [
        (
            *("eyeq.yaml", "eyeq", ["lesionpaste={source: {root: ROOT/idrid}}"]),
            r"labelled abnormal, beside the test: found \d+; allowed: at least 10 to learn from "
            r"\(methods\.devnet\.anomalies\)\. .*lower methods\.devnet\.anomalies",
        ),
        (
            *("adam.yaml", "adam", ["compared={methods: [supervised]}"]),
            r"labelled abnormal, beside the test: found 0; allowed: at least 1 to learn from\. .*"
            r"leave supervised out of compared\.methods",
        ),
        ("adam.yaml", "adam", ["compared={tables: [lesionpaste]}"], r"lesionpaste\.source\.images is empty: name the"),
    ],
)
def test_what_no_method_can_learn_from_is_refused_before_the_first_job(layouts, tmp_path, file, data, settings, said):
    given = [f"data_root={layouts / data}", *(one.replace("ROOT", str(layouts)) for one in settings)]
    done = dry_run(tmp_path, "rivals", "--configfile", str(REPOSITORY / "config" / file), "--config", *given)
    assert done.returncode != 0
    assert re.search(said, " ".join((done.stdout + done.stderr).split()))


def test_table_3_whole_needs_both_classes_in_the_test(tmp_path):
    done = dry_run(tmp_path, "rivals", "--config", "data={phantom: {test_abnormal_patients: 0}}")
    assert done.returncode != 0
    assert "the test has one class alone" in " ".join((done.stdout + done.stderr).split())
