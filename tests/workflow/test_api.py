"""The detector as one file: the README's lines, the workflow's own scores to the bit, and files that are none."""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import version

import h5py
import numpy as np
import pytest
import torch
from tiny_project import REPOSITORY

from fundus_anomaly import load
from fundus_anomaly.datasets.manifest import read_manifest
from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.resad.detector_file import read_card
from fundus_anomaly.quality.tables import MEASURED, read_quality
from fundus_anomaly.scoring.contract import read_scores

pytestmark = pytest.mark.workflow

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
SNIPPET = re.search(r"```python\n(from fundus_anomaly import load\n.*?)```", README, re.DOTALL)
VARIANT = "scores/backbone*/pool~1/region~2/spatial~matmul/*/normals~1.0/*"


@pytest.fixture(scope="module")
def carried(project, tmp_path_factory):
    """The detector of the tiny run in a folder of its own, with the photographs of the test."""
    project.run("detector")
    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(project.results / "detector.h5", folder / "detector.h5")
    return project, folder


@pytest.fixture
def detector(carried):
    threads = torch.get_num_threads()
    yield load(carried[1] / "detector.h5")
    torch.set_num_threads(threads)


def photographs(project):
    return {f"phantom/test/{file.stem}": file for file in sorted((project.results / "data" / "test").rglob("*.jpg"))}


def test_every_photograph_has_the_score_and_the_map_of_the_workflow(carried, detector):
    project, _ = carried
    scored = project.one(f"{VARIANT}/test.csv")
    table = read_scores(scored).set_index("id")
    found = {name: detector.score(file) for name, file in photographs(project).items()}
    assert found.keys() == set(table.index)
    assert {name: one.score for name, one in found.items()} == table["maximum"].to_dict()
    one = next(iter(found.values()))
    assert one.map.shape == one.image.shape[:2] == (96, 96)
    assert one.unusual == (one.score >= detector.threshold)


def test_the_place_among_normals_is_a_percentage_of_the_held_out_ones(carried, detector):
    project, _ = carried
    normals = read_scores(project.one(f"{VARIANT}/calibration.csv"))
    assert detector.normals.tolist() == sorted(normals["maximum"])
    for file in photographs(project).values():
        found = detector.score(file)
        below = sum(found.score > one for one in detector.normals)
        assert found.percentile == pytest.approx(100 * below / len(detector.normals))


def test_the_model_card_counts_the_normals_and_names_neither_photograph_nor_folder(carried, detector):
    project, folder = carried
    card = read_card(folder / "detector.h5")
    train = read_manifest(project.results / "audit" / "manifest.csv").query("split == 'train'")
    assert f"{len(train)} photographs that the user called normal, of {train['patient'].nunique()} patients" in card
    assert f"Threshold: {detector.calibrated_threshold:.6g}, " in card
    assert f"Held-out normals that fix the threshold: {len(detector.calibrated_normals)}" in card
    assert "96×96 pixels" in card and "Apache-2.0" in card and f"- torch {version('torch')}" in card
    assert not any(name in card for name in [*train["id"], str(project.folder)])


def test_the_calibrated_map_is_the_workflows_too(carried, detector):
    project, _ = carried
    table = read_scores(project.one(f"{VARIANT}/calibrated/test.csv")).set_index("id")
    normals = read_scores(project.one(f"{VARIANT}/calibrated/calibration.csv"))["inner_maximum"]
    assert detector.calibrated_normals.tolist() == sorted(normals)
    for name, file in photographs(project).items():
        found = detector.score(file).calibrated
        assert found.score == table.loc[name, "inner_maximum"]
        assert found.p_value == (1 + (normals >= found.score).sum()) / (len(normals) + 1)
        assert found.percentile == pytest.approx(100 * (normals < found.score).mean())
        assert found.unusual == (found.score >= detector.calibrated_threshold)


def test_the_quality_of_a_photograph_is_that_of_the_workflow(carried, detector):
    project, _ = carried
    table = read_quality(project.results / "quality" / "test.csv")
    for name, file in photographs(project).items():
        found = detector.score(file)
        assert list(found.quality) == table.loc[name, ["quality", "reason"]].tolist()
        assert list(found.statistics) == table.loc[name, list(MEASURED)].tolist()
        assert np.isfinite(found.typical)


def test_the_lines_of_the_readme_run(carried):
    project, folder = carried
    (folder / "results/phantom").mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / "detector.h5", folder / "results/phantom/detector.h5")
    shutil.copy(next(iter(photographs(project).values())), folder / "photograph.jpg")
    source = SNIPPET[1]
    assert len([line for line in source.splitlines() if line]) <= 5
    done = subprocess.run(
        [sys.executable, "-c", source],
        cwd=folder,
        env={"PYTHONPATH": str(REPOSITORY / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "(96, 96)" in done.stdout


def test_it_holds_no_id_and_no_path(carried):
    content = (carried[1] / "detector.h5").read_bytes()
    assert b"phantom/train" not in content
    assert str(carried[0].folder).encode() not in content


def told(file, path, value):
    """Change one thing that a detector says of itself."""
    trained = json.loads(file.attrs["trained"])
    *folders, name = path.split(".")
    place = trained
    for folder in folders:
        place = place[folder]
    place[name] = value
    file.attrs["trained"] = json.dumps(trained)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("preprocessing.size", 10**9),
        ("preprocessing.size", True),
        ("preprocessing.aspect", "cut"),
        ("preprocessing.max_pixels", 10**12),
        ("scoring.image_score", "luck"),
        ("scoring.calibrated_score", "luck"),
        ("scoring.top_quantile", 7),
        ("settings.spatial", "sideways"),
        ("settings.scale", "perplexity-0"),
        ("settings.region", 10**6),
        ("settings.dtype", "object"),
        ("settings.search", {}),
        ("settings.unknown", 1),
        ("backbone.precision", "float8"),
        ("displacement", [1]),
        ("displacement", [1000, 0]),
        ("colours", [1.0]),
        ("colours", [2.0, 1.0]),
        ("scale_quantile", 2),
        ("quality.refuse", 0),
        ("quality.floors.sharpness", 0),
        ("quality.unknown", 1),
        ("quartiles.sharpness", [2, 1, 0]),
        ("quartiles.sharpness", [1, 1]),
        ("quartiles.unknown", [1, 1, 1]),
        ("normal_quantile", 0),
        ("normal_quantile", None),
        ("seed", -1),
    ],
)
def test_what_would_change_an_answer_or_take_memory_without_end_is_refused(carried, tmp_path, path, value):
    copy = tmp_path / "detector.h5"
    shutil.copy(carried[1] / "detector.h5", copy)
    with h5py.File(copy, "r+") as file:
        told(file, path, value)
    with pytest.raises(InputError, match=r"detector\.h5: found no detector of this version"):
        load(copy)


@pytest.mark.parametrize("name", ["feature", "normals", "calibrated_normals", "mean", "spread"])
@pytest.mark.parametrize("spoil", [lambda values: values[:0], lambda values: values * np.nan], ids=["empty", "NaN"])
def test_a_bank_or_normals_that_would_call_nothing_unusual_are_refused(carried, tmp_path, name, spoil):
    copy = tmp_path / "detector.h5"
    shutil.copy(carried[1] / "detector.h5", copy)
    with h5py.File(copy, "r+") as file:
        values = spoil(file[name][:])
        del file[name]
        file[name] = values
    with pytest.raises(InputError, match=f"dataset '{name}': found (NaN|no values)"):
        load(copy)


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda file: file.attrs.__setitem__("format", "fundus-anomaly ReSAD 9"), "no detector of this version"),
        (lambda file: file.attrs.__delitem__("trained"), "no detector of this version"),
        (lambda file: file.attrs.__setitem__("trained", "{}"), "no detector of this version"),
        (lambda file: file["weights"].__setitem__(100, file["weights"][100] ^ 255), "other weights"),
        (lambda file: file.__delitem__("feature"), "no such dataset"),
        (lambda file: file["spread"].__setitem__(0, 0), "all spreads above 0"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(carried, tmp_path, spoil, found):
    path = tmp_path / "detector.h5"
    shutil.copy(carried[1] / "detector.h5", path)
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(InputError, match=found):
        load(path)


def test_a_cut_file_and_a_photograph_that_is_none_are_refused_in_words(carried, detector, tmp_path):
    path = tmp_path / "detector.h5"
    path.write_bytes((carried[1] / "detector.h5").read_bytes()[:1000])
    with pytest.raises(InputError, match=r"detector\.h5"):
        load(path)
    (tmp_path / "letter.jpg").write_text("Dear Sir")
    with pytest.raises(InputError, match=r"letter\.jpg"):
        detector.score(tmp_path / "letter.jpg")


def test_importing_the_package_loads_nothing_heavy():
    source = "import sys, fundus_anomaly; print(sorted({'torch', 'numpy', 'pandas', 'cv2', 'h5py'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={"PYTHONPATH": str(REPOSITORY / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_name_that_is_not_public_is_an_attribute_error():
    import fundus_anomaly

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        fundus_anomaly.nothing  # noqa: B018
