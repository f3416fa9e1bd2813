"""IDRiD as it is really distributed, with its traps."""

from pathlib import Path

import pytest
import yaml
from PIL import Image

from fundus_anomaly.audit.relations import patient_findings
from fundus_anomaly.datasets import registry
from fundus_anomaly.errors import InputError

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "idrid"
SETTINGS = {"grading": "B. Disease Grading", "segmentation": "A. Segmentation", "strict_counts": False}
HEADER = "Image name,Retinopathy grade,Risk of macular edema ,,,\r\n"


def published(file):
    """Return a configuration that the project ships."""
    return yaml.safe_load((Path(__file__).parents[2] / "config" / file).read_text(encoding="utf-8"))


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
    dataset = load(root)
    unread = " ".join(dataset.unread)
    assert ".DS_Store" in " ".join(dataset.notes)
    assert ".DS_Store" not in unread
    assert "IDRiD_001 (copy).jpg" in unread
    assert "no row for 1 images" in unread
    assert len(load(root).manifest) == 5


def test_two_files_of_one_number_are_an_error(root):
    write(root / "A. Segmentation" / "1. Original Images" / "a. Training Set" / "IDRiD_01.JPEG")
    with pytest.raises(InputError, match="a second file beside"):
        load(root)


def test_a_mask_of_no_image_is_an_error(root):
    masks = root / "A. Segmentation" / "2. All Segmentation Groundtruths" / "a. Training Set"
    write(masks / "4. Soft Exudates" / "IDRiD_02_SE.tif")
    with pytest.raises(InputError, match="a mask without an image"):
        load(root)


def photograph(root, part, split, number, taken=""):
    """Put a photograph in the place of an image, taken at a time of one day by the camera's clock."""
    stated = Image.Exif()
    if taken:
        stated[306] = f"2018:01:06 {taken}"
    folder = root / {"grading": "B. Disease Grading", "segmentation": "A. Segmentation"}[part] / "1. Original Images"
    name = {"train": "a. Training Set", "test": "b. Testing Set"}[split]
    Image.new("RGB", (8, 8)).save(folder / name / f"IDRiD_{number}.jpg", exif=stated)


def test_photographs_of_one_sitting_are_of_one_patient_across_the_split(root):
    photograph(root, "grading", "train", "001", "21:10:01")
    photograph(root, "grading", "test", "001", "21:10:51")
    photograph(root, "grading", "train", "003", "21:13:52")
    photograph(root, "grading", "train", "002", "21:16:52")
    photograph(root, "segmentation", "train", "01", "")
    dataset = load(root)
    patients = dataset.audited.set_index("id")["patient"]
    first, second = "idrid/sitting/2018-01-06T21:10:01", "idrid/sitting/2018-01-06T21:13:52"
    assert patients.to_dict() == {
        "idrid/grading/train/001": first,
        "idrid/grading/train/003": second,
        "idrid/grading/test/001": first,
        "idrid/segmentation/01": "idrid/segmentation/01",
        "idrid/segmentation/55": "idrid/segmentation/55",
        # An image that the benchmark does not use belongs to a sitting too.
        "idrid/grading/train/002": second,
        "idrid/grading/test/002": "idrid/grading/test/002",
    }
    (leak,) = patient_findings(dataset.audited)
    assert (leak.severity, leak.ids) == ("error", ("idrid/grading/train/001", "idrid/grading/test/001"))
    assert leak.exclude == ("idrid/grading/train/001",)


def test_the_notes_say_of_which_photographs_the_patient_is_known_and_when_they_were_taken(root):
    assert any("No patients are known" in note for note in load(root).notes)
    photograph(root, "grading", "train", "001", "21:10:01")
    photograph(root, "grading", "test", "001", "21:10:51")
    notes = " ".join(load(root).notes)
    assert "2 of 7 photographs state when they were taken" in notes
    assert "1 sittings, 1 of them with several" in notes
    assert "train, normal: 1 in 2018; test, normal: 1 in 2018" in notes
    assert "No patients" not in notes


def test_times_that_a_program_wrote_make_no_patients(root, monkeypatch):
    monkeypatch.setattr("fundus_anomaly.datasets.sittings.MAX_PHOTOGRAPHS", 2)
    for number, second in (("001", "01"), ("002", "02"), ("003", "03")):
        photograph(root, "grading", "train", number, f"21:10:{second}")
    photograph(root, "segmentation", "train", "01", "09:00:00")
    dataset = load(root)
    known = dataset.audited.loc[dataset.audited["patient"] != dataset.audited["id"], "id"]
    assert known.tolist() == ["idrid/segmentation/01"]
    assert any(note.startswith("3 photographs state times that follow each other") for note in dataset.notes)


@pytest.mark.parametrize(("name", "lesion"), [("IDRiD_55_HE.png", "HE"), ("idrid_55_se.BMP", "SE")])
def test_a_mask_in_another_format_is_taken(root, name, lesion):
    folder = {"HE": "2. Haemorrhages", "SE": "4. Soft Exudates"}[lesion]
    write(root / "A. Segmentation" / "2. All Segmentation Groundtruths" / "b. Testing Set" / folder / name)
    row = load(root).manifest.set_index("id").loc["idrid/segmentation/55"]
    assert Path(row[f"mask_{lesion}"]).name == name


@pytest.mark.parametrize("name", ["IDRiD_55_SE.gif", "IDRiD_55_SE", "IDRiD_55_SE.tif.gz"])
def test_a_mask_in_a_format_that_is_not_read_is_an_error_and_no_note(root, name):
    folder = root / "A. Segmentation" / "2. All Segmentation Groundtruths" / "b. Testing Set" / "4. Soft Exudates"
    write(folder / name)
    with pytest.raises(InputError, match="convert or remove the file"):
        load(root)
    # Beside a mask that is read it is one file more, and a note.
    write(folder / "IDRiD_55_SE.tif")
    dataset = load(root)
    assert name in " ".join(dataset.notes + dataset.unread)


def test_images_in_another_format_are_taken_too(root):
    for part in ("A. Segmentation", "B. Disease Grading"):
        for path in (root / part / "1. Original Images").rglob("*.jpg"):
            path.rename(path.with_suffix(".png"))
    assert len(load(root).audited) == 7


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


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real IDRiD is not in ../shared/data/idrid")
def test_the_clock_of_the_real_idrid_finds_the_patient_on_both_sides_and_how_many_there_are():
    dataset = load(REAL)
    table = dataset.manifest[dataset.manifest["id"] != "idrid/grading/train/118"]
    known = table["patient"] != table["id"]
    numbers = {
        key: (len(group), group["patient"].nunique(), int(known[group.index].sum()))
        for key, group in table.groupby(["split", "label"])
    }
    assert numbers == {("train", 0): (133, 112, 133), ("test", 0): (34, 29, 34), ("test", 1): (81, 81, 3)}
    leaks = {finding.ids for finding in patient_findings(dataset.audited) if finding.severity == "error"}
    assert leaks == {("idrid/grading/train/177", "idrid/grading/test/096")}
    excluded = published("idrid.yaml")["data"]["exclude"]
    assert patient_findings(dataset.audited, excluded)[0].severity == "note"
    patients = dataset.audited.set_index("id")["patient"]
    # The same eye, 169 s apart; neither is of ReSAD's benchmark.
    assert patients["idrid/grading/test/072"] == patients["idrid/grading/train/017"]
    years = next(note for note in dataset.notes if "by year" in note)
    assert "train, normal: 65 in 2009" in years
    assert "test, normal: 1 in 2009" in years
