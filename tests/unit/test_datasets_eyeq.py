"""EyeQ on EyePACS in the published layout, with its traps."""

from pathlib import Path

import pytest

from fundus_anomaly.datasets import eyeq
from fundus_anomaly.datasets.manifest import checked
from fundus_anomaly.datasets.place import Place
from fundus_anomaly.errors import InputError

SETTINGS = {
    "labels": "EyeQ",
    "train_images": "train",
    "test_images": "test",
    "quality": ["good"],
    "strict_counts": False,
}
HEADER = ",image,quality,DR_grade\n"
TRAIN = HEADER + (
    "0,10_left.jpeg,0,0\n1,10_right.jpeg,0,2\n2,13_left.jpeg,0,0\n3,13_right.jpeg,1,0\n4,15_left.jpeg,2,4\n"
)
TEST = HEADER + "0,1_left.jpeg,0,0\n1,1_right.jpeg,0,3\n2,2_left.jpeg,1,1\n"


def load(root, **settings):
    return checked(eyeq.load(SETTINGS | settings, Place(root, root / "made", 0)))


def write(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def problems_of(root, **settings):
    with pytest.raises(InputError) as error:
        load(root, **settings)
    return error.value.problems


@pytest.fixture
def root(tmp_path):
    """A tiny EyeQ, below a folder whose name is no plain ASCII; EyePACS holds more images than EyeQ labels."""
    root = tmp_path / "Augenbilder, Köln"
    write(root / "EyeQ" / "Label_EyeQ_train.csv", TRAIN)
    write(root / "EyeQ" / "Label_EyeQ_test.csv", TEST)
    for name in ("10_left", "10_right", "13_left", "13_right", "15_left", "99_left"):
        write(root / "train" / f"{name}.jpeg")
    for name in ("1_left", "1_right", "2_left"):
        write(root / "test" / f"{name}.jpeg")
    return root


def train_table(root):
    return root / "EyeQ" / "Label_EyeQ_train.csv"


def test_grade_0_trains_and_the_training_tables_other_grades_are_unused(root):
    dataset = load(root)
    table = dataset.manifest
    assert table["id"].tolist() == ["eyeq/train/10_left", "eyeq/train/13_left", "eyeq/test/1_left", "eyeq/test/1_right"]
    assert table["split"].tolist() == ["train", "train", "test", "test"]
    assert table["label"].tolist() == [0, 0, 0, 1]
    assert table["grade"].tolist() == [0, 0, 0, 3]
    assert all(Path(path).is_file() for path in table["path"])
    assert dataset.unused[["id", "split", "label", "grade"]].values.tolist() == [
        ["eyeq/train/10_right", "unused", 1, 2]
    ]
    assert dataset.lesions == ()


def test_both_eyes_are_one_patient(root):
    table = load(root).audited.set_index("id")
    assert table["patient"].tolist() == ["eyeq/10", "eyeq/13", "eyeq/1", "eyeq/1", "eyeq/10"]
    assert table.loc["eyeq/train/10_left", "eye"] == "left"
    assert table.loc["eyeq/train/10_right", "eye"] == "right"


def test_other_qualities_are_kept_where_they_are_wanted(root):
    assert len(load(root, quality=["good", "usable"]).manifest) == 6
    assert len(load(root, quality=["good", "usable", "reject"]).audited) == 8
    assert any("train: 3 images that EyeQ does not label, or of another" in note for note in load(root).notes)


@pytest.mark.parametrize("quality", [[], ["fine"], ["good", "fine"], "fine", [0], None])
def test_a_quality_that_eyeq_does_not_know_is_an_error(root, quality):
    (problem,) = problems_of(root, quality=quality)
    assert "good, usable, reject" in problem.allowed


@pytest.mark.parametrize("name", ["10_left.jpg", "10_left.JPEG", "10_LEFT.png", "10_left.PNG"])
def test_an_image_is_found_by_its_stem(root, name):
    (root / "train" / "10_left.jpeg").rename(root / "train" / name)
    assert Path(load(root).manifest["path"][0]).name == name


def test_the_tables_may_lie_in_the_root_and_all_images_in_one_folder(root):
    for file in [*(root / "EyeQ").iterdir(), *(root / "train").iterdir(), *(root / "test").iterdir()]:
        file.rename(root / file.name)
    assert len(load(root, labels="", train_images="", test_images=".").manifest) == 4


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + TRAIN,
        TRAIN.replace("\n", "\r\n"),
        TRAIN.replace("\n", ",\n"),
        TRAIN.replace("\n", ",\n").replace("DR_grade,", "DR_grade"),
        TRAIN.replace(",", " , "),
        TRAIN + "\n,,,\n",
        TRAIN.replace("DR_grade", "dr_grade"),
        "\n".join(line.partition(",")[2] for line in TRAIN.splitlines()),
    ],
    ids=["mark", "crlf", "trailing commas", "commas after rows", "blanks", "empty rows", "case", "no index"],
)
def test_a_table_may_be_saved_in_many_ways(root, text):
    expected = load(root).audited
    write(train_table(root), text)
    assert load(root).audited.equals(expected)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "0 columns 'image'"),
        (TRAIN.replace("quality", "Quality,quality"), "2 columns 'quality'"),
        (TRAIN.replace("image", "picture"), "0 columns 'image'"),
        (TRAIN.replace(",", ";"), "0 columns 'image'"),
        (TRAIN + "5,15_right.jpeg,0,0,7\n", "cells under no column in lines 7"),
        (TRAIN + '5,"15_right.jpeg,0,0\n', "an unreadable CSV"),
    ],
)
def test_a_table_of_another_form_is_an_error(root, text, found):
    write(train_table(root), text)
    assert any(found in problem.found for problem in problems_of(root))


def test_a_table_in_another_encoding_is_an_error(root):
    train_table(root).write_bytes(TRAIN.encode("utf-16"))
    assert any("an unreadable CSV" in problem.found for problem in problems_of(root))


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("5,../10_left.jpeg,0,0", "'../10_left.jpeg' (line 7)"),
        ("5,/etc/10_left.jpeg,0,0", "'/etc/10_left.jpeg'"),
        ("5,10_left/../../x.jpeg,0,0", "'10_left/../../x.jpeg'"),
        ("5,10_left,0,0", "'10_left'"),
        ("5,10_middle.jpeg,0,0", "'10_middle.jpeg'"),
        ("5,١٠_left.jpeg,0,0", "'١٠_left.jpeg'"),
        ('5,"10_left.jpeg\nx",0,0', "'10_left.jpeg\\nx'"),
        ("5,=HYPERLINK(1),0,0", "'=HYPERLINK(1)'"),
        ("5,,0,0", "'' (line 7)"),
        ("5,10_left.jpeg,0,0", "1 second rows: '10_left.jpeg' (line 7)"),
        ("5,10_left.jpg,0,0", "1 second rows: '10_left.jpg' (line 7)"),
        ("5,99_left.jpeg,3,0", "'3' (line 7)"),
        ("5,99_left.jpeg,,0", "'' (line 7)"),
        ("5,99_left.jpeg,0,5", "'5' (line 7)"),
        ("5,99_left.jpeg,2,-1", "'-1' (line 7)"),
        ("5,99_left.jpeg,0", "'' (line 7)"),
    ],
)
def test_a_row_that_cannot_be_meant_is_an_error_with_its_line(root, row, found):
    write(train_table(root), TRAIN + row + "\n")
    (problem,) = problems_of(root)
    assert found in problem.found
    assert "Label_EyeQ_train.csv, column" in problem.where


def test_everything_that_is_wrong_is_reported_at_once(root):
    write(train_table(root), TRAIN + "5,10_left.jpeg,0,0\n6,../x.jpeg,0,0\n7,16_left.jpeg,9,0\n8,16_right.jpeg,0,9\n")
    write(root / "EyeQ" / "Label_EyeQ_test.csv", TEST.replace("quality", "grade"))
    (root / "train" / "13_left.jpeg").unlink()
    write(root / "train" / "10_right.png")
    told = "\n".join(map(str, problems_of(root)))
    assert told.count("\n") == 6
    for part in ("second rows", "'../x.jpeg'", "'9' (line 9)", "'9' (line 10)", "0 columns 'quality'", "'13_left'"):
        assert part in told
    assert "1 images in a second file: '10_right.png'" in told


def test_many_wrong_rows_and_missing_images_are_one_problem_each(root):
    names = [f"{number}_left" for number in range(1000, 1500)]
    rows = "".join(f"{number},{name}.jpeg,0,0\n" for number, name in enumerate(names, 5))
    write(train_table(root), TRAIN + rows + "".join(f"9,{name}.jpeg,0,0\n" for name in names))
    duplicated, missing = problems_of(root)
    assert "500 second rows" in duplicated.found
    assert missing.where == str(root / "train")
    assert "no file of 500 images: '1000_left', '1001_left'" in missing.found
    assert "'1009_left' and 490 more" in missing.found
    assert len(missing.found) < 200


def test_an_image_of_a_quality_that_is_not_wanted_may_be_missing(root):
    (root / "train" / "15_left.jpeg").unlink()
    assert len(load(root).manifest) == 4


def test_all_folders_that_are_missing_are_named(root):
    problems = problems_of(root, train_images="no train", test_images="no test")
    assert ["no train" in problems[0].where, "no test" in problems[1].where] == [True, True]
    (problem,) = problems_of(root / "nowhere")
    assert "'EyeQ', 'train', 'test'" in problem.allowed


def test_a_missing_table_is_an_error_that_names_it(root):
    train_table(root).unlink()
    assert any(problem.where == str(train_table(root)) for problem in problems_of(root))


def test_files_with_other_names_are_noted_and_not_taken(root):
    write(root / "train" / "10_left (copy).jpeg")
    assert "10_left (copy).jpeg" in " ".join(load(root).unread)
    assert len(load(root).manifest) == 4


def test_a_difference_from_the_official_counts_is_a_note_or_an_error(root):
    notes = load(root).notes
    assert any("train, good, grade 0: 2 found, 6342 by the publication, -6340" in note for note in notes)
    assert any("16249 by the publication" in note for note in notes)
    assert len(problems_of(root, strict_counts=True)) == 12


def test_the_official_counts_by_grade_are_those_of_good_images_alone(root):
    dataset = load(root, quality=["good", "usable"])
    assert [(count.official, count.found) for count in dataset.counts] == [(12543, 5), (16249, 3)]
    official = [count.official for count in load(root).counts]
    # 7,482 + 865 of LesionPaste's section 3.1, and its 8,471: the published tables hold the same.
    assert (sum(official[1:6]), sum(official[7:])) == (7482 + 865, 8471)
    assert official[7] == 5967


def test_the_order_does_not_depend_on_the_table(root):
    expected = load(root).audited
    header, *rows = TRAIN.splitlines()
    write(train_table(root), "\n".join([header, *reversed(rows)]))
    assert load(root).audited.equals(expected)
