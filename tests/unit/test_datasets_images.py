"""The user's own photographs: two folders, or a table."""

import os
from pathlib import Path

import pytest
from PIL import Image

from fundus_anomaly.datasets import registry
from fundus_anomaly.errors import InputError

SETTINGS = {"table": "", "normals": "normal", "unknowns": "unknown", "masks_inverted": False}


def load(root, **settings):
    return registry.load("images", SETTINGS | settings, root, "slices", 0)


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "Meine Bilder (Köln)"
    touch(root / "normal" / "a.JPG", root / "normal" / "müller, otto" / "links.tiff", root / "unknown" / "1.png")
    return root


def table(root, text, **settings):
    (root / "table.csv").write_text(text, encoding="utf-8", newline="")
    return load(root, table="table.csv", **settings)


def problems(root, text):
    with pytest.raises(InputError) as error:
        table(root, text)
    return error.value.problems


def test_normals_build_the_bank_and_unknowns_are_tested(root):
    dataset = load(root)
    rows = dataset.manifest.set_index("id")
    assert rows["split"].to_dict() == {
        "images/normal/a.JPG": "train",
        "images/normal/müller__otto~ac1a6803/links.tiff": "train",
        "images/unknown/1.png": "test",
    }
    assert rows["label"].tolist() == [0, 0, -1]
    assert all(Path(path).is_file() for path in rows["path"])
    assert any("No patients are known" in note for note in dataset.notes)


def test_what_is_no_image_is_left_alone_and_named(root):
    touch(root / "normal" / "notes.txt", root / "normal" / "._a.jpg", root / "unknown" / ".thumbs" / "x.jpg")
    dataset = load(root)
    notes = " ".join(dataset.notes)
    assert len(dataset.manifest) == 3
    assert "1 not images, left alone: 'notes.txt'" in notes
    assert "._a.jpg" in notes
    assert ".thumbs/x.jpg" in notes


@pytest.mark.parametrize(
    "name", ["x.webp", "x.GIF", "x.jp2", "x.jfif", "x.jpe", "x.heic", "x.avif", "x.dcm", "x.ppm", "x.nef", "x.jpg.gz"]
)
def test_images_of_every_ending_are_images_whether_or_not_they_can_be_read(root, name):
    touch(root / "unknown" / name)
    rows = load(root).manifest.set_index("id")
    assert rows.loc[f"images/unknown/{name}", "split"] == "test"


@pytest.mark.parametrize("name", ["IM000001", "1.2.840.113619", "photo.jpg~", "photo.bak", "photo 12.03.2021"])
def test_an_image_is_known_by_its_content_where_its_name_does_not_tell(root, name):
    Image.new("RGB", (8, 8)).save(root / "unknown" / name, "JPEG")
    touch(root / "unknown" / f"{name}.txt")
    dataset = load(root)
    assert [Path(path).name for path in dataset.manifest["path"]].count(name) == 1
    assert len(dataset.manifest) == 4


def test_junk_of_operating_systems_is_no_image_and_archives_are_named(root):
    touch(*(root / "unknown" / name for name in ("Thumbs.db", "desktop.ini", "._1.png", ".DS_Store", "more.zip")))
    dataset = load(root)
    assert len(dataset.manifest) == 3
    (sentence,) = dataset.unread
    assert "'more.zip'" in sentence
    assert "Thumbs.db" not in sentence


def test_a_folder_that_cannot_be_listed_is_an_error_that_names_it(root, monkeypatch):
    real = os.scandir

    def scandir(path):
        if Path(path).name == "müller, otto":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    with pytest.raises(InputError, match=r"müller, otto.*cannot be listed \(Permission denied\)"):
        load(root)


def test_a_file_beside_a_folder_of_its_name_and_names_of_names(root):
    unknown = root / "unknown"
    touch(
        unknown / "u1.jpg", unknown / "u1.png" / "c.png", *(unknown / f"x{end}" for end in (".jpg", ".png", ".jpg.png"))
    )
    found = load(root).manifest["id"]
    assert {f"images/unknown/{name}" for name in ("u1.jpg", "u1.png/c.png", "x.jpg", "x.png", "x.jpg.png")} < set(found)


def test_a_row_may_name_an_image_that_cannot_be_read_which_the_audit_will_say(root):
    touch(root / "unknown" / "2.webp", root / "unknown" / "2.gif")
    rows = table(root, "path,split,mask_MA\nnormal/a.JPG,train,\nunknown/2.webp,test,unknown/2.gif\n").manifest
    assert [Path(path).name for path in rows.iloc[1][["path", "mask_MA"]]] == ["2.webp", "2.gif"]


def test_images_beside_those_of_the_table_are_named(root):
    touch(root / "unknown" / "2.png", root / "unknown" / "3.webp", root / "elsewhere" / "4.png")
    dataset = table(root, "path,split\nnormal/a.JPG,train\nunknown/1.png,test\n")
    (sentence,) = dataset.unread
    assert "2 images that no row of table.csv names, left alone: '2.png', '3.webp'" in sentence


def test_a_link_out_of_the_root_is_an_error(root, tmp_path):
    touch(tmp_path / "outside.jpg", tmp_path / "folder" / "x.jpg")
    (root / "normal" / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    (root / "unknown" / "linked").symlink_to(tmp_path / "folder")
    with pytest.raises(InputError) as error:
        load(root)
    assert {Path(problem.where).name for problem in error.value.problems} == {"link.jpg", "linked"}
    with pytest.raises(InputError, match="outside of the root"):
        load(root, normals="../folder")


def test_the_root_itself_may_be_a_link(root, tmp_path):
    (tmp_path / "link").symlink_to(root)
    assert len(load(tmp_path / "link").manifest) == 3


def test_missing_folders_are_all_named_and_nested_ones_refused(root):
    with pytest.raises(InputError) as error:
        load(root, normals="x", unknowns="y")
    assert len(error.value.problems) == 2
    with pytest.raises(InputError, match="one inside the other"):
        load(root, unknowns="normal/müller, otto")


def test_a_table_with_a_byte_order_mark_says_everything(root):
    touch(root / "masks" / "1.png")
    dataset = table(
        root,
        "\ufeffPath,Split,Patient,EYE,label,Grade,mask_MA,comment,\r\n"
        "normal/a.JPG,train,NA,OD,,,,,\r\n"
        '"normal/müller, otto/links.tiff",train,7,l,normal,0,,"two\nlines",\r\n'
        "unknown/1.png,test,8,,,2,masks/1.png,,\r\n",
        masks_inverted=True,
    )
    rows = dataset.manifest
    assert rows["id"].tolist() == [
        "images/normal/a.JPG",
        "images/normal/müller__otto~ac1a6803/links.tiff",
        "images/unknown/1.png",
    ]
    assert rows["patient"].tolist() == ["NA", "7", "8"]
    assert rows["eye"].tolist() == ["right", "left", ""]
    assert rows["label"].tolist() == [0, 0, 1]
    assert rows["grade"].tolist() == [-1, 0, 2]
    assert dataset.lesions == ("MA",)
    assert Path(rows["mask_MA"].iloc[2]).is_file()
    assert dataset.masks_inverted
    assert any("'comment'" in note for note in dataset.notes)


def test_paths_are_relative_to_the_table_not_to_the_working_directory(root):
    (root / "tables").mkdir()
    (root / "tables" / "t.csv").write_text("path,split\n../normal/a.JPG,train\n../unknown/1.png,test\n")
    dataset = load(root, table="tables/t.csv")
    assert dataset.manifest["id"].tolist() == ["images/normal/a.JPG", "images/unknown/1.png"]
    assert ".." not in dataset.manifest["path"].str.cat()


def test_an_image_without_a_label_in_the_test_is_unknown(root):
    rows = table(root, "path,split\nnormal/a.JPG,train\nunknown/1.png,test\n").manifest
    assert rows["label"].tolist() == [0, -1]


@pytest.mark.parametrize(
    ("row", "field", "found"),
    [
        ("normal/none.jpg,train,,,", "path", "no such file"),
        ("../outside.jpg,train,,,", "path", "leads out"),
        ("/etc/passwd,train,,,", "path", "ends in none"),
        ("/outside.jpg,train,,,", "path", "leads out"),
        ('"a\nb.jpg",train,,,', "path", "control character"),
        (",train,,,", "path", "ends in none"),
        ("normal/a.JPG,validation,,,", "split", "'validation'"),
        (f"normal/a.JPG,train,{'7' * 1001},,", "patient", "'7777"),
        ('normal/a.JPG,train,"a\nb",,', "patient", r"'a\nb'"),
        ("normal/a.JPG,train,,both,", "eye", "'both'"),
        ("normal/a.JPG,test,,,5", "grade", "'5'"),
        ("normal/a.JPG,test,,,2.0", "grade", "'2.0'"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_an_error_with_its_line(root, row, field, found):
    touch(root.parent / "outside.jpg")
    told = problems(root, f"path,split,patient,eye,grade\n{row}\nunknown/1.png,test,,,\n")
    assert [problem.where.split(", ")[-1] for problem in told] == [field]
    assert found in told[0].found
    assert "line " in told[0].where


def test_all_wrong_rows_are_reported_at_once(root):
    told = problems(root, "path,split\nx.jpg,train\ny.jpg,test\nunknown/1.png,test\n./unknown/1.png,test\n")
    assert [problem.found for problem in told][:2] == ["'x.jpg', no such file", "'y.jpg', no such file"]
    assert sum("a second time" in problem.found for problem in told) == 2


def test_a_table_of_another_kind_says_what_it_lacks(root):
    assert "no column 'path'" in problems(root, "path;split\na;train\n")[0].found
    assert "no column 'split'" in problems(root, "path,file\na,b\n")[0].found
    assert "twice" in problems(root, "path,split,Path\na,b,c\n")[0].found
    assert "under no column name" in problems(root, "path,split\nnormal/a.JPG,train,7\n")[0].found
    (root / "table.csv").write_bytes("path,split\nmüller.jpg,train\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        load(root, table="table.csv")
    with pytest.raises(InputError, match="no such file"):
        load(root, table="gone.csv")


def test_a_training_image_that_is_not_normal_is_refused(root):
    told = problems(root, "path,split,label\nnormal/a.JPG,train,1\nunknown/1.png,test,1\n")
    assert "images/normal/a" in told[0].found
