"""ADAM in its official layout, generated: the real one is not free to hand on."""

from pathlib import Path

import pytest

from fundus_anomaly.datasets import registry
from fundus_anomaly.errors import InputError

SETTINGS = {
    "amd": "Training400/AMD",
    "non_amd": "Training400/Non-AMD",
    "lesion_masks": "Training400-Lesion/Lesion_Masks",
    "test_normals": 0,
    "strict_counts": False,
}
MASKS = {"drusen": ("A0001", "N0003"), "exudate": ("A0001",), "hemorrhage": (), "others": ("N0003",), "scar": ()}


def load(root, seed=0, **settings):
    return registry.load("adam", SETTINGS | settings, root, "slices", seed)


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


@pytest.fixture
def root(tmp_path):
    for number in range(1, 5):
        touch(tmp_path / "Training400" / "AMD" / f"A{number:04d}.jpg")
    for number in range(1, 9):
        touch(tmp_path / "Training400" / "Non-AMD" / f"N{number:04d}.jpg")
    for lesion, names in MASKS.items():
        (tmp_path / "Training400-Lesion" / "Lesion_Masks" / lesion).mkdir(parents=True)
        for name in names:
            touch(tmp_path / "Training400-Lesion" / "Lesion_Masks" / lesion / f"{name}.bmp")
    touch(tmp_path / "Training400" / "Disc_Masks" / "A0001.bmp")
    touch(tmp_path / "Training400" / "Fovea_location.xlsx")
    return tmp_path


def test_normal_is_an_image_without_a_lesion_mask_not_one_without_amd(root):
    dataset = load(root)
    table = dataset.manifest.set_index("id")
    assert set(table.index[table["label"] == 1]) == {"adam/A0001", "adam/N0003"}
    assert table.loc["adam/A0002", "split"] == "train"
    assert ((table["label"] == 1) == (table["split"] == "test")).all()
    assert Path(table.loc["adam/N0003", "mask_others"]).parts[-2:] == ("others", "N0003.bmp")
    assert table.loc["adam/A0001", "mask_scar"] == ""
    assert dataset.masks_inverted


def test_copies_that_name_the_folder_other_are_read_the_same(root):
    before = load(root).manifest["mask_others"].str.replace("others", "other")
    masks = root / "Training400-Lesion" / "Lesion_Masks"
    (masks / "others").rename(masks / "other")
    assert load(root).manifest["mask_others"].tolist() == before.tolist()
    (masks / "others").mkdir()
    with pytest.raises(InputError, match="found both"):
        load(root)


def test_each_part_may_lie_in_another_folder(root):
    (root / "Training400" / "AMD").rename(root / "mit AMD ü")
    dataset = load(root, amd="mit AMD ü")
    assert len(dataset.manifest) == 12


def test_every_missing_part_is_named(root):
    with pytest.raises(InputError) as error:
        load(root, amd="x", lesion_masks="y")
    assert len(error.value.problems) == 2
    (root / "Training400-Lesion" / "Lesion_Masks" / "scar").rmdir()
    (root / "Training400-Lesion" / "Lesion_Masks" / "hemorrhage").rmdir()
    with pytest.raises(InputError) as error:
        load(root)
    assert [problem.where.split()[-1] for problem in error.value.problems] == ["hemorrhage", "scar"]


def test_normals_held_out_follow_the_seed_and_stay_when_more_are_held_out(root):
    def held_out(number, seed):
        table = load(root, seed, test_normals=number).manifest
        return set(table.loc[(table["split"] == "test") & (table["label"] == 0), "id"])

    assert held_out(0, 0) == set()
    assert len(held_out(3, 0)) == 3
    assert held_out(3, 0) == held_out(3, 0)
    assert held_out(3, 0) < held_out(5, 0)
    assert len({frozenset(held_out(3, seed)) for seed in range(5)}) > 1


def test_a_mask_of_no_image_and_official_counts(root):
    assert any("282" in note for note in load(root).notes)
    touch(root / "Training400-Lesion" / "Lesion_Masks" / "scar" / "A0099.bmp")
    with pytest.raises(InputError, match="a mask without an image"):
        load(root)


def test_the_notes_say_that_no_patients_are_known(root):
    assert any("No patients are known" in note for note in load(root).notes)


def test_a_mask_in_a_format_that_is_not_read_is_an_error_and_no_note(root):
    touch(root / "Training400-Lesion" / "Lesion_Masks" / "scar" / "N0005.gif")
    with pytest.raises(InputError, match="convert or remove the file"):
        load(root)


def test_images_that_are_named_otherwise_or_are_deeper_are_named(root):
    for name in ("N0001 (1).jpg", "more/N0399.jpg", "more/N0001.jpg", "readme.txt"):
        touch(root / "Training400" / "Non-AMD" / name)
    dataset = load(root)
    unread = " ".join(dataset.unread)
    assert "N0001 (1).jpg" in unread
    assert "'more/N0399.jpg'" in unread
    assert "readme.txt" not in unread
    assert "readme.txt" in " ".join(dataset.notes)
