"""What is said of data names no folder of the machine."""

import pytest
from PIL import Image

from fundus_anomaly.audit.inspect import inspect_photograph
from fundus_anomaly.datasets.named_roots import below_root, without_roots
from fundus_anomaly.errors import InputError
from fundus_anomaly.imaging.decode import read_photograph

ROOT = "/clinic/Erika's photographs"
ROOTS = {ROOT: "data_root", f"{ROOT}/lesions": "lesionpaste.source.root", "data": "data_root", "": "nothing"}


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (f"{ROOT}/test/1.jpg: a file of 0 bytes.", "test/1.jpg: a file of 0 bytes."),
        (f"{ROOT}: 2 not images, left alone: 'a.txt'.", "data_root: 2 not images, left alone: 'a.txt'."),
        (f"EyeQ at {ROOT!r} lacks 2", 'EyeQ at "data_root" lacks 2'),
        (f"{ROOT}/lesions/7.png is blank", "7.png is blank"),
        (f"{ROOT}_others/1.jpg", f"{ROOT}_others/1.jpg"),
        ("metadata/1.jpg and data/1.jpg", "metadata/1.jpg and data/1.jpg"),
    ],
)
def test_paths_are_relative_to_the_folders_that_data_lie_in(said, left):
    assert without_roots(said, ROOTS) == left


@pytest.mark.parametrize(
    ("path", "root", "below"),
    [
        ("/data/a/data/b.jpg", "/data", "a/data/b.jpg"),
        ("/data/ x.jpg", "/data", " x.jpg"),
        ("results/phantom/data/test/1.jpg", "results/phantom/data", "test/1.jpg"),
        ("results/mosmed/slices/1.png", "/data", "results/mosmed/slices/1.png"),
        ("/elsewhere/Erika/1.jpg", "/data", "1.jpg"),
        ("/database/1.jpg", "/data", "1.jpg"),
    ],
)
def test_a_path_is_below_its_folder_and_names_no_other(path, root, below):
    assert below_root(path, root) == below


def test_a_folder_that_is_shown_escaped_is_known_too():
    root = "/clinic/new\nline"
    assert without_roots("/clinic/new\\nline/1.jpg: blank", {root: "data_root"}) == "1.jpg: blank"


def test_the_root_of_the_file_system_leaves_all_slashes():
    assert without_roots("7/8 of /a/b.jpg", {"/": "data_root"}) == "7/8 of /a/b.jpg"


def no_image(path):
    path.write_text("Dear Sir")


def cut_off(path):
    Image.effect_noise((64, 64), 50).convert("RGB").save(path)
    path.write_bytes(path.read_bytes()[:600])


def unreadable(path):
    path.mkdir()


@pytest.mark.parametrize("spoil", [no_image, cut_off, unreadable])
def test_what_is_wrong_with_a_file_does_not_say_where_it_lies(tmp_path, spoil):
    path = tmp_path / "it's a letter.jpg"
    spoil(path)
    with pytest.raises(InputError) as raised:
        read_photograph(path, (32, 32), 10**6)
    for said in (raised.value.problems[0].found, inspect_photograph(path, 10**6)["error"]):
        assert said and "letter" not in str(said) and str(tmp_path) not in str(said)
