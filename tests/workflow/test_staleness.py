"""Nothing old is mixed with anything new: whatever changes, with and without Snakemake's records, with and without a
photograph that is added in the same run, the plan is the same, and the tables are those of a fresh run."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
import torch
from shared_run import shared_run
from tiny_project import TinyProject, edited

pytestmark = pytest.mark.workflow

SETTINGS = {
    "dataset": "images",
    "experiment": "mine",
    "data_root": "photographs",
    "data.images": {"masks_inverted": False},
    "preprocessing.size": 80,
    "backbone.weights": "weights.pth",
    "ablations.variants": [],
    "lesionpaste.source": {"images": []},
}
AUDIT = {"audit_findings": 1, "audit": 1, "admit": 1}
# What the audit left out sets no limits, and limits are those of all normals.
QUALITY = {"normal_quality": 1, "quality": 1}
# By rule, in a run of `resad` over a folder of photographs: two variants, two splits.
EVALUATED = {
    "calibrated_maps": 2,
    "evaluate": 4,
    "table_resad": 1,
    "table_operating_points": 1,
    "figure_qualitative": 1,
    "heat_maps": 1,
    "index": 1,
}
CALIBRATED = {"calibrate": 2, **EVALUATED}
BANK = {"coreset": 2, "memory_bank": 2, "score": 2, **CALIBRATED}
# What is done for each split, in its order, and how many jobs each is.
STAGES = {"inspect_photographs": 1, "images": 1, "features": 1, "resc": 2}
BOTH = ("train", "test")


def planned(first: dict[str, str], others: dict[str, int]) -> dict[str, int]:
    """Return the jobs of a change.

    Args:
        first: By split, the first of ``STAGES`` that it reaches.
        others: Jobs that it reaches besides.
    """
    order = list(STAGES)
    jobs = dict(others)
    for stage, count in STAGES.items():
        reached = sum(order.index(stage) >= order.index(one) for one in first.values())
        jobs |= {stage: count * reached} if reached else {}
    jobs["images"] = jobs.get("images", 0) + others.get("images", 0)
    jobs |= AUDIT if "inspect_photographs" in first.values() else {}
    jobs |= QUALITY if {"inspect_photographs", "images"} & {*first.values()} else {}
    jobs |= {"score": 2, **EVALUATED} if first else {}
    return {rule: count for rule, count in (jobs | (BANK if "train" in first else {})).items() if count}


def turned(path: Path) -> None:
    """Exchange a photograph for another one, which is older, as unpacking an archive would."""
    before = path.stat()
    picture = cv2.imread(str(path))
    path.write_bytes(cv2.imencode(path.suffix, cv2.rotate(picture, cv2.ROTATE_180))[1].tobytes())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns - 10**18))


def other_weights(path: Path) -> None:
    """Exchange the network's weights for others of the same size, which are older."""
    before = path.stat()
    weights = torch.load(path, weights_only=True)
    torch.save({name: one * 1.25 if one.is_floating_point() else one for name, one in weights.items()}, path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns - 10**18))


def other_version(project: TinyProject) -> None:
    """Turn the link to the photographs to another version of them, which is older."""
    link = project.folder / "photographs"
    shutil.copytree(link.resolve(), project.folder / "version 2")
    turned(project.folder / "version 2" / "normal" / "a0.jpg")
    link.unlink()
    link.symlink_to("version 2")


def half_a_run(project: TinyProject) -> None:
    """Let a run with another size end after the normal photographs' features, then return to what was."""
    project.configure(SETTINGS | {"preprocessing.size": 96})
    project.run("results/mine/features/backbone~efficientnet_lite0/train.h5")
    project.configure(SETTINGS)


Change = tuple[Callable[[TinyProject], None] | dict, dict[str, str], dict[str, int]]
CHANGES: dict[str, Change] = {
    "preprocessing.size": ({"preprocessing.size": 96}, dict.fromkeys(BOTH, "images"), {}),
    # Photographs are measured without Graham's step.
    "preprocessing.graham": ({"preprocessing.graham": True}, dict.fromkeys(BOTH, "images"), {"images": 2}),
    "features.dtype": ({"features.dtype": "float32"}, dict.fromkeys(BOTH, "features"), {}),
    "seed": ({"seed": 1}, {}, BANK),
    "bank.epsilon": ({"bank.epsilon": 0.5}, {}, BANK),
    "calibration images": ({"evaluation.calibration_images": 2}, {}, CALIBRATED),
    "a normal photograph, older": (
        lambda project: turned(project.folder / "photographs/normal/a1.jpg"),
        {"train": "inspect_photographs"},
        {},
    ),
    "a photograph of the test, older": (
        lambda project: turned(project.folder / "photographs/unknown/b1.jpg"),
        {"test": "inspect_photographs"},
        {},
    ),
    "the link to the data": (other_version, dict.fromkeys(BOTH, "inspect_photographs"), {}),
    "weights, older": (
        lambda project: other_weights(project.folder / "weights.pth"),
        dict.fromkeys(BOTH, "features"),
        {"weights": 1},
    ),
    "code": (
        lambda project: project.module("methods/resad/features.py").write_bytes(
            project.module("methods/resad/features.py").read_bytes() + b"\n# edited\n"
        ),
        dict.fromkeys(BOTH, "features"),
        {},
    ),
    "an interrupted run": (half_a_run, {"train": "images"}, {}),
}


@pytest.fixture(scope="session")
def mine(finished, warm_python, tmp_path_factory) -> TinyProject:
    """A finished run over three normal and three unknown photographs, reached through a link, with its own weights."""

    def make(folder: Path) -> None:
        project = finished.copy(folder)
        photographs = folder / "version 1"
        for split, name, letter in (("train", "normal", "a"), ("test", "unknown", "b")):
            (photographs / name).mkdir(parents=True)
            for number, source in enumerate(sorted((project.results / "data" / split).glob("*.jpg"))[:3]):
                shutil.copy2(source, photographs / name / f"{letter}{number}.jpg")
        (folder / "photographs").symlink_to("version 1")
        shutil.copy(project.results / "weights/efficientnet_lite0.weights", folder / "weights.pth")
        project.configure(SETTINGS)
        project.python = warm_python
        project.run("resad")

    return shared_run(tmp_path_factory, "mine", make)


def added(project: TinyProject) -> None:
    """Put another photograph to those of the test."""
    source = sorted((project.results / "data" / "test").glob("*.jpg"))[4]
    shutil.copy(source, project.folder / "photographs" / "unknown" / "new.jpg")


def tables(project: TinyProject, experiment: str) -> dict[str, str]:
    """Return what a run found: its table, and every score."""
    folder = project.folder / "results" / experiment
    files = [folder / "tables" / "resad.csv", *sorted(folder.glob("scores/**/*.csv"))]
    return {str(file.relative_to(folder)): file.read_text(encoding="utf-8") for file in files}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_planned_and_carried_out_alike_with_and_without_records_and_with_a_photograph_added(
    mine, tmp_path, change
):
    project = mine.copy(tmp_path / "copy")
    what, first, others = CHANGES[change]
    expected, both = planned(first, others), planned(first | {"test": "inspect_photographs"}, others)
    settings = SETTINGS
    if callable(what):
        what(project)
    else:
        settings = SETTINGS | what
        project.configure(settings)
    alone = project.plan("resad")
    added(project)
    with_photograph = project.plan("resad")
    records = project.folder / ".snakemake"
    records.rename(tmp_path / "records")
    with_photograph_without_records = project.plan("resad")
    (project.folder / "photographs/unknown/new.jpg").unlink()
    without_records = project.plan("resad")
    assert alone == expected
    assert without_records == expected
    assert with_photograph == both
    assert with_photograph_without_records == both
    added(project)
    project.run("resad")
    project.configure(settings | {"experiment": "fresh"})
    project.run("resad")
    assert tables(project, "mine") == tables(project, "fresh")
    project.configure(settings)
    assert project.plan("resad") == {}


def test_a_finished_run_without_records_and_with_renewed_code_plans_nothing(mine, tmp_path):
    """As after a fresh clone beside copied results, or a checkout of another branch and back."""
    project = mine.copy(tmp_path / "copy")
    project.configure(SETTINGS)
    shutil.rmtree(project.folder / ".snakemake")
    for file in [
        *(project.folder / "workflow").rglob("*"),
        *project.module("").rglob("*"),
        project.folder / "Snakefile",
    ]:
        os.utime(file)
    assert project.plan("resad") == {}


def test_a_touched_script_reruns_nothing_and_an_edited_one_its_rule(project):
    script = project.folder / "workflow" / "scripts" / "score.py"
    project.configure()
    os.utime(script)
    assert project.plan() == {}
    with edited(script, script.read_bytes() + b"\n# edited\n"):
        assert project.plan("results/phantom/tables/resad.csv")["score"] == 2


@pytest.mark.parametrize(
    ("package", "first"),
    [
        ("pillow", {"inspect_photographs", "images"}),
        ("opencv-python-headless", {"images"}),
        ("torch", {"features", "resc", "coreset"}),
        ("timm", {"features"}),
        ("onnxruntime", {"features"}),
        ("scipy", {"audit_findings", "resc", "coreset"}),
        ("faiss-gpu", {"score", "calibrate"}),
        ("matplotlib", {"figure_qualitative"}),
    ],
)
@pytest.mark.parametrize("records", [True, False], ids=["with records", "without"])
def test_another_version_of_a_library_is_planned_from_the_first_rule_that_runs_through_it(
    mine, tmp_path, package, first, records
):
    project = mine.copy(tmp_path / "copy")
    project.configure(SETTINGS)
    if not records:
        shutil.rmtree(project.folder / ".snakemake")
    known = tmp_path / "site" / f"{package.replace('-', '_')}-99.0.dist-info"
    known.mkdir(parents=True)
    (known / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 99.0\n", encoding="utf-8")
    output = project.snakemake("resad", "-n", "--quiet", "rules", PYTHONPATH=str(known.parent)).stdout
    planned = {line.split()[0] for line in output.split("Job stats:")[1].splitlines() if line.strip()}
    assert first <= planned, output
    upstream = ["weights", "inspect_photographs", "images", "features", "resc", "coreset", "score"]
    before = (
        upstream[: min(upstream.index(rule) for rule in first & set(upstream))] if first & set(upstream) else upstream
    )
    assert not planned.intersection(before), output


def test_an_array_that_is_not_this_runs_is_refused_by_what_reads_it(mine, tmp_path):
    """The second wall: arrays exchanged while Snakemake does not look."""
    project = mine.copy(tmp_path / "copy")
    results = project.folder / "results" / "mine"
    images = results / "images" / "resad" / "train.h5"
    kept = images.read_bytes()
    project.configure(SETTINGS | {"preprocessing.graham": True})
    project.run("results/mine/images/resad/train.h5")
    other = images.read_bytes()
    images.write_bytes(kept)
    project.configure(SETTINGS | {"preprocessing.graham": True, "experiment": "mine"})
    features = next(results.glob("features/*/train.h5"))
    stopped = project.snakemake(
        str(features.relative_to(project.folder)), "--allowed-rules", "features", "-R", "features"
    )
    assert other != kept
    assert stopped.returncode != 0
    assert "images/resad/train.h5: found a file made with other settings" in stopped.stdout


def test_the_last_words_of_a_run_show_no_table_of_another_one(project):
    project.configure()
    assert "ReSAD, Tables 1 and 2" in project.run("resad", "-R", "table_resad")
    project.configure({"seed": 3})
    said = project.run("audit")
    assert "ReSAD, Tables 1 and 2" not in said
    assert "LesionPaste, Table 3" not in said
    project.configure()
    project.run("audit")
