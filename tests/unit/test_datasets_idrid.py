"""IDRiD as it is really distributed, with its traps."""

from pathlib import Path

import pytest

from fundus_anomaly.datasets import registry
from fundus_anomaly.errors import InputError

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "idrid"
SETTINGS = {"grading": "B. Disease Grading", "segmentation": "A. Segmentation", "strict_counts": False}
HEADER = "Image name,Retinopathy grade,Risk of macular edema ,,,\r\n"


def load(root, **settings):
    return registry.load("idrid", SETTINGS | settings, root, "slices", 0)


@pytest.fixture
def root(tmp_path):
    """A tiny IDRiD in the official layout, below a folder whose name is no plain ASCII."""
    root = tmp_path / "Fundus Bilder, Köln"
    grading, segmentation = root / "B. Disease Grading", root / "A. Segmentation"
    parts = {"a. Training Set": ("001", "002", "003"), "b. Testing Set": ("001", "002")}
    for folder, numbers in parts.items():
        for number in numbers:
            write(grading / "1. Original Images" / folder / f"IDRiD_{number}.jpg")
    table = grading / "2. Groundtruths"
    write(table / "a. IDRiD_Disease Grading_Training Labels.csv", "\ufeff" + HEADER + "IDRiD_001,0,0,,,\r\n")
    with (table / "a. IDRiD_Disease Grading_Training Labels.csv").open("a") as file:
        file.write("IDRiD_003,0,0,,,\r\n\r\n,,,,,\r\nIDRiD_002 ,3,2,,,\r\n")
    write(
        table / "b. IDRiD_Disease Grading_Testing Labels.csv",
        "Image name,Retinopathy grade,Risk of macular edema \r\nIDRiD_001,0,0\r\nIDRiD_002,4,1\r\n",
    )
    for folder, number in (("a. Training Set", "01"), ("b. Testing Set", "55")):
        write(segmentation / "1. Original Images" / folder / f"IDRiD_{number}.jpg")
        masks = segmentation / "2. All Segmentation Groundtruths" / folder
        for place, (name, lesion) in enumerate(
            [("Microaneurysms", "MA"), ("Haemorrhages", "HE"), ("Hard Exudates", "EX"), ("Soft Exudates", "SE")], 1
        ):
            (masks / f"{place}. {name}").mkdir(parents=True)
            if lesion in ("MA", "EX"):
                write(masks / f"{place}. {name}" / f"IDRiD_{number}_{lesion}.tif")
        write(masks / "5. Optic Disc" / f"IDRiD_{number}_OD.tif")
    return root


def write(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def grades(root, letter="a", name="Training"):
    return root / "B. Disease Grading" / "2. Groundtruths" / f"{letter}. IDRiD_Disease Grading_{name} Labels.csv"


def test_both_numberings_from_one_are_kept_apart(root):
    table = load(root).manifest
    assert table["id"].tolist() == [
        "idrid/grading/train/001",
        "idrid/grading/train/003",
        "idrid/grading/test/001",
        "idrid/segmentation/01",
        "idrid/segmentation/55",
    ]
    assert table["split"].tolist() == ["train", "train", "test", "test", "test"]
    assert table["label"].tolist() == [0, 0, 0, 1, 1]
    assert all(Path(path).is_file() for path in table["path"])


def test_the_optic_disc_is_no_lesion_and_an_absent_lesion_has_no_mask(root):
    dataset = load(root)
    row = dataset.manifest.set_index("id").loc["idrid/segmentation/55"]
    assert dataset.lesions == ("MA", "HE", "EX", "SE")
    assert Path(row["mask_EX"]).name == "IDRiD_55_EX.tif"
    assert (row["mask_HE"], row["mask_SE"]) == ("", "")
    assert not dataset.masks_inverted


def test_diseased_training_images_are_audited_and_not_used(root):
    dataset = load(root)
    assert dict(zip(dataset.unused["id"], dataset.unused["grade"], strict=True)) == {
        "idrid/grading/train/002": 3,
        "idrid/grading/test/002": 4,
    }
    assert len(dataset.audited) == 7
    assert set(dataset.unused["split"]) == {"unused"}


def test_a_difference_from_the_official_counts_is_a_note_or_an_error(root):
    notes = load(root).notes
    assert any("grading, train, grade 0: 2 found, 134 by the publication, -132" in note for note in notes)
    with pytest.raises(InputError) as error:
        load(root, strict_counts=True)
    told = str(error.value)
    assert "segmentation, test, MA masks" in told
    assert "segmentation, train, images" in told
    assert "grade 3" not in told, "the benchmark does not use the graded images of grades 1 to 4"


def test_everything_that_is_missing_is_named(root):
    (root / "A. Segmentation" / "1. Original Images").rename(root / "elsewhere")
    grades(root, "b", "Testing").rename(root / "gone.csv")
    with pytest.raises(InputError) as error:
        load(root)
    assert len(error.value.problems) == 2, "both folders of original images"
    (root / "elsewhere").rename(root / "A. Segmentation" / "1. Original Images")
    with pytest.raises(InputError, match="Testing Labels"):
        load(root)
    with pytest.raises(InputError, match="no 'nowhere'") as error:
        load(root / "nowhere")
    assert len(error.value.problems) == 1


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("IDRiD_004,0,0", "no image IDRiD_004"),
        ("IDRiD_001,0,0", "a second time"),
        ("IDRiD_002,5,0", "grade '5'"),
        ("IDRiD_002,,0", "grade ''"),
        ("../IDRiD_001,0,0", "image name '../IDRiD_001'"),
        ("=HYPERLINK(1),0,0", "image name"),
        ('"IDRiD_002\nx",0,0', "image name"),
        ("IDRiD_٠٠٢,0,0", "image name"),
    ],
)
def test_a_row_that_cannot_be_meant_is_an_error_with_its_line(root, row, found):
    write(grades(root), HEADER + f"IDRiD_001,0,0\n{row}\n")
    with pytest.raises(InputError) as error:
        load(root)
    assert any(found in problem.found and "line" in problem.where for problem in error.value.problems)


def test_files_with_other_names_are_noted_and_not_taken(root):
    folder = root / "B. Disease Grading" / "1. Original Images" / "a. Training Set"
    write(folder / ".DS_Store")
    write(folder / "IDRiD_001 (copy).jpg")
    write(folder / "IDRiD_009.jpg")
    notes = " ".join(load(root).notes)
    assert ".DS_Store" in notes
    assert "IDRiD_001 (copy).jpg" in notes
    assert "no row for 1 images" in notes
    assert len(load(root).manifest) == 5


def test_two_files_of_one_number_are_an_error(root):
    write(root / "A. Segmentation" / "1. Original Images" / "a. Training Set" / "IDRiD_01.JPEG")
    with pytest.raises(InputError, match="a second file beside"):
        load(root)


def test_a_mask_of_no_image_is_an_error(root):
    masks = root / "A. Segmentation" / "2. All Segmentation Groundtruths" / "a. Training Set"
    write(masks / "4. Soft Exudates" / "IDRiD_02_SE.tif")
    with pytest.raises(InputError, match="a mask of no image"):
        load(root)


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real IDRiD is not in ../shared/data/idrid")
def test_the_real_idrid_has_the_benchmarks_numbers():
    dataset = load(REAL, strict_counts=True)
    table = dataset.manifest
    assert table.groupby(["split", "label"]).size().to_dict() == {("train", 0): 134, ("test", 0): 34, ("test", 1): 81}
    masks = {lesion: int((table[f"mask_{lesion}"] != "").sum()) for lesion in dataset.lesions}
    assert masks == {"MA": 81, "HE": 80, "EX": 81, "SE": 40}
    assert {"idrid/grading/train/118", "idrid/segmentation/48"} <= set(table["id"])
    assert "idrid/grading/test/064" in set(dataset.unused["id"])
