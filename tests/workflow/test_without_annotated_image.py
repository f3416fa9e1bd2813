"""Without an annotated image LesionPaste is left out of a run: the configurations of ReSAD alone plan none of it."""

import shutil

import pytest
from fundus_layouts import write_idrid
from tiny_project import TinyProject

pytestmark = pytest.mark.workflow

LESIONPASTE = {
    "lesion_bank",
    "figure_lesion_bank",
    "figure_twins",
    "train",
    "classify",
    "table_lesionpaste",
    "figure_learning_curves",
    "figure_gradcam",
}
NONE = {"lesionpaste.source.images": []}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return TinyProject.checkout(tmp_path_factory.mktemp("checkout"))


def write_adam(root):
    for name in ("Training400/AMD/A0001.jpg", "Training400/Non-AMD/N0001.jpg", "Training400/Non-AMD/N0002.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    for lesion, mask in (("drusen", "A0001.bmp"), ("exudate", ""), ("hemorrhage", ""), ("scar", ""), ("others", "")):
        folder = root / "Training400-Lesion" / "Lesion_Masks" / lesion
        folder.mkdir(parents=True)
        if mask:
            (folder / mask).touch()


def write_normals(root, lesions=("MA", "HE")):
    """Write IDRiD with so many normal images to train on that a tenth of them are two patients'."""
    write_idrid(root, {"48": lesions})
    (first,) = root.glob("B. */1. */a. */IDRiD_001.jpg")
    (labels,) = root.glob("B. */2. */a. *.csv")
    numbers = [f"{number:03}" for number in range(3, 31)]
    for number in numbers:
        shutil.copy(first, first.with_name(f"IDRiD_{number}.jpg"))
    rows = "".join(f"IDRiD_{number},0,0,,,\n" for number in numbers)
    labels.write_text(labels.read_text(encoding="utf-8") + rows, encoding="utf-8")


def write_own(root):
    for name in ("normal/a.jpg", "normal/c.jpg", "unknown/b.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize(
    ("file", "write"),
    [
        ("idrid.yaml", write_normals),
        ("idrid_resnet50v2.yaml", write_normals),
        ("adam.yaml", write_adam),
        ("images.yaml", write_own),
    ],
)
def test_a_configuration_of_resad_alone_plans_nothing_of_lesionpaste(checkout, tmp_path, file, write):
    write(tmp_path / "Fundus Bilder ü")
    # The tiny layout does not hold the image that the configurations exclude.
    settings = ["--config", f"data_root={tmp_path / 'Fundus Bilder ü'}", "data={exclude: []}"]
    if file == "idrid_resnet50v2.yaml":
        (tmp_path / "graph.onnx").touch()
        settings.append(f"backbone={{weights: {tmp_path / 'graph.onnx'}}}")
    jobs = checkout.plan("all", *settings, configfile=f"config/{file}")
    assert jobs["coreset"] >= 2
    assert not LESIONPASTE & set(jobs)


@pytest.mark.parametrize("target", ["lesionpaste", "lesionpaste_ablations"])
def test_the_targets_of_lesionpaste_say_which_key_is_empty(checkout, target):
    try:
        checkout.configure(NONE)
        assert not LESIONPASTE & set(checkout.plan("all"))
        stopped = checkout.snakemake(target, "-n")
    finally:
        checkout.configure()
    assert stopped.returncode != 0
    assert "lesionpaste.source.images is empty: name the annotated image" in stopped.stdout


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"lesionpaste.source.images": ["phantom/source/0000_left"] * 2}, "items that are all different"),
        ({"lesionpaste.source.images": ["phantom/source/0000_lefd"]}, "did you mean 'phantom/source/0000_left'"),
        ({"lesionpaste.rows": [{"name": "a", "sources": ["phantom/train/0000_left"]}]}, "lesionpaste.rows, row 'a'"),
        (
            {"lesionpaste.source.images": ["phantom/test/0003_left"], "data.exclude": ["phantom/test/0003_left"]},
            "of patient 'phantom/test/0003', who is in the benchmark too (phantom/test/0003_right)",
        ),
    ],
    ids=["twice", "unknown", "without masks", "the fellow eye is tested"],
)
def test_a_wrong_annotated_image_is_named_before_any_job(checkout, changes, told):
    try:
        checkout.configure(changes)
        stopped = checkout.snakemake("lesionpaste", "-n")
    finally:
        checkout.configure()
    assert stopped.returncode != 0
    assert told in stopped.stdout
