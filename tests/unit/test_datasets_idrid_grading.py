"""IDRiD's grading part as a benchmark of its own."""

from pathlib import Path

import pytest

from fundus_anomaly.datasets import idrid, idrid_grading
from fundus_anomaly.datasets.manifest import checked, excluding
from fundus_anomaly.datasets.place import Place
from fundus_anomaly.errors import InputError

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "idrid"
SETTINGS = {"grading": "B. Disease Grading", "segmentation": "A. Segmentation", "strict_counts": False}
MASKS = {"MA": "1. Microaneurysms", "HE": "2. Haemorrhages", "EX": "3. Hard Exudates", "SE": "4. Soft Exudates"}


def load(root, **settings):
    return checked(idrid_grading.load(SETTINGS | settings, Place(root, root / "made", 0)))


def write(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


@pytest.fixture
def root(tmp_path):
    """A tiny IDRiD in the official layout: five graded images, and two with masks of MA and EX."""
    grading, segmentation = tmp_path / "B. Disease Grading", tmp_path / "A. Segmentation"
    for letter, name, grades in (("a", "Training", (0, 3, 0)), ("b", "Testing", (4, 0))):
        rows = [f"IDRiD_{number:03},{grade},0" for number, grade in enumerate(grades, 1)]
        table = f"{letter}. IDRiD_Disease Grading_{name} Labels.csv"
        write(
            grading / "2. Groundtruths" / table,
            "\r\n".join(["Image name,Retinopathy grade,Risk of macular edema ", *rows]),
        )
        for number in range(1, len(grades) + 1):
            write(grading / "1. Original Images" / f"{letter}. {name} Set" / f"IDRiD_{number:03}.jpg")
    for folder, number in (("a. Training Set", "48"), ("b. Testing Set", "55")):
        write(segmentation / "1. Original Images" / folder / f"IDRiD_{number}.jpg")
        for lesion, name in MASKS.items():
            masks = segmentation / "2. All Segmentation Groundtruths" / folder / name
            masks.mkdir(parents=True)
            if lesion in ("MA", "EX"):
                write(masks / f"IDRiD_{number}_{lesion}.tif")
    return tmp_path


def test_the_whole_testing_set_is_the_test(root):
    table = load(root).manifest
    assert table["id"].tolist() == [
        "idrid/grading/train/001",
        "idrid/grading/train/003",
        "idrid/grading/test/001",
        "idrid/grading/test/002",
    ]
    assert table["split"].tolist() == ["train", "train", "test", "test"]
    assert table["label"].tolist() == [0, 0, 1, 0]
    assert table["grade"].tolist() == [0, 0, 4, 0]
    assert all(Path(path).is_file() for path in table["path"])


def test_diseased_training_images_and_annotated_images_are_unused_with_their_masks(root):
    unused = load(root).unused.set_index("id")
    assert unused.index.tolist() == ["idrid/grading/train/002", "idrid/segmentation/48", "idrid/segmentation/55"]
    assert set(unused["split"]) == {"unused"}
    assert unused["label"].tolist() == [1, 1, 1]
    assert unused["grade"].tolist() == [3, -1, -1]
    source = unused.loc["idrid/segmentation/48"]
    assert [Path(source[f"mask_{lesion}"]).name for lesion in ("MA", "EX")] == ["IDRiD_48_MA.tif", "IDRiD_48_EX.tif"]
    assert (source["mask_HE"], source["mask_SE"]) == ("", "")


def test_no_image_of_the_benchmark_has_a_mask(root):
    dataset = load(root)
    assert dataset.lesions == ("MA", "HE", "EX", "SE")
    assert (dataset.manifest[[f"mask_{lesion}" for lesion in dataset.lesions]] == "").all(axis=None)


def test_an_image_has_the_same_id_and_file_in_both_benchmarks(root):
    here, there = (
        adapter.load(SETTINGS, Place(root, root / "made", 0)).audited.set_index("id")["path"].to_dict()
        for adapter in (idrid, idrid_grading)
    )
    assert here == there


def test_one_exclusion_serves_both_benchmarks(root):
    left = excluding(load(root), ["idrid/grading/train/003", "idrid/segmentation/55"])
    assert len(left.manifest) == 3
    assert "idrid/segmentation/55" not in set(left.unused["id"])


def test_only_the_benchmarks_own_counts_are_strict(root):
    notes = " ".join(load(root).notes)
    assert "grading, train, grade 3: 1 found, 74 by the publication" in notes
    assert "segmentation, test, images: 1 found, 27 by the publication" in notes
    assert "1 training images of grades 1 to 4 and 2 images with annotated lesions" in notes
    with pytest.raises(InputError) as error:
        load(root, strict_counts=True)
    told = str(error.value)
    assert "grading, train, grade 0" in told
    assert "grading, test, grade 4" in told
    assert "grading, train, grade 3" not in told
    assert "segmentation" not in told.replace(str(root), "")


def test_everything_that_is_wrong_is_reported_at_once(root):
    images = root / "B. Disease Grading" / "1. Original Images"
    (images / "a. Training Set" / "IDRiD_002.jpg").unlink()
    (images / "b. Testing Set" / "IDRiD_001.jpg").unlink()
    write(root / "A. Segmentation" / "1. Original Images" / "a. Training Set" / "IDRiD_48.jpeg")
    table = root / "B. Disease Grading" / "2. Groundtruths" / "a. IDRiD_Disease Grading_Training Labels.csv"
    with table.open("a") as file:
        file.write("\r\n../IDRiD_001,0,0\r\nIDRiD_003,0,0\r\nIDRiD_004,7,0\r\n")
    with pytest.raises(InputError) as error:
        load(root)
    found = [problem.found for problem in error.value.problems]
    assert len(found) == 6
    for part in (
        "no image IDRiD_002.jpg",
        "no image IDRiD_001.jpg",
        "image name '../IDRiD_001'",
        "IDRiD_003 a second time",
        "grade '7'",
        "a second file beside",
    ):
        assert any(part in text for text in found)


@pytest.mark.parametrize("part", ["A. Segmentation", "B. Disease Grading"])
def test_a_part_that_is_missing_is_an_error(root, part):
    (root / part).rename(root / "elsewhere")
    with pytest.raises(InputError, match=f"holds no '{part}'"):
        load(root)


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real IDRiD is not in ../shared/data/idrid")
def test_the_real_idrid_has_the_benchmarks_numbers():
    dataset = load(REAL, strict_counts=True)
    table = dataset.manifest
    assert table.groupby(["split", "label"]).size().to_dict() == {("train", 0): 134, ("test", 0): 34, ("test", 1): 69}
    annotated = dataset.unused[dataset.unused["id"].str.startswith("idrid/segmentation/")]
    assert len(annotated) == 81
    masks = {lesion: int((annotated[f"mask_{lesion}"] != "").sum()) for lesion in dataset.lesions}
    assert masks == {"MA": 81, "HE": 80, "EX": 81, "SE": 40}
    # The copy of a diseased photograph among the training normals, and one of a tested patient's, which the configs
    # leave out.
    left = excluding(dataset, ["idrid/grading/train/118", "idrid/grading/train/177"]).manifest
    numbers = left.groupby("split")["patient"].agg(["size", "nunique"])
    assert numbers.to_numpy().tolist() == [[103, 83], [132, 111]]
    assert not set(left.loc[left["split"] == "train", "patient"]) & set(left.loc[left["split"] == "test", "patient"])
