"""Ids from paths: unique, also where upper and lower case are one, and the same whatever other files there are."""

import os
import string
from pathlib import PurePath

from hypothesis import example, given, settings
from hypothesis import strategies as st

from fundus_anomaly.datasets.image_ids import LONGEST_PART, id_part, ids, is_id
from fundus_anomaly.files.output_names import output_name

# Letters of several scripts and forms, what ids cannot hold, and what systems take for a way out of a folder.
letters = st.sampled_from(
    [*"aAßſxX1._-~ =+@$#%'\"\\()[]{}<>|;:,&*?!\n\t\x7f", "ü", "u\u0308", "眼", "\u200d", "\udcfc", "🙂"]
)
words = st.sampled_from(
    ["x.jpg", "x.png", "x.jpg.png", "X.JPG", "x", "u1.png", "u1.png_", "u1.jpg", "U1.PNG", "..a", "a..b", "-", "_", "~"]
)
part = st.one_of(
    words,
    st.lists(letters, min_size=1, max_size=6).map("".join),
    st.text(string.ascii_letters, min_size=230, max_size=255),
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8),
).filter(lambda text: text not in (".", "..") and "/" not in text)
paths = st.lists(part, min_size=1, max_size=3).map("/".join)


@settings(max_examples=300, deadline=None)
@example({"x.jpg", "x.png", "x.jpg.png"})
@example({"u1.jpg", "u1.png/c.png", "u1.jpg.png/c.png", "u1.jpg.png_/c.png"})
@example({"c d.jpg", "c_d.jpg", "c,d.jpg", "C d.jpg"})
@example({os.fsdecode(b"M\xfcller.jpg"), os.fsdecode(b"M\xf6ller.jpg"), "M_ller.jpg", "Müller.jpg", "Mu\u0308ller.jpg"})
@given(st.sets(paths, min_size=1, max_size=8))
def test_ids_and_files_are_unique_and_inside_whatever_the_names(names):
    names = [PurePath(name) for name in sorted(names)]
    names = list(dict.fromkeys(names))
    found = ids(names)
    assert len({text.casefold() for text in found}) == len(names)
    assert ids(names[::-1]) == found[::-1], "an id does not depend on the order of the files"
    for text in found:
        assert is_id(text)
        text.encode("utf-8")
        assert all(part not in ("", ".", "..") for part in text.split("/"))
    files = [output_name(f"images/{text}", ".png").casefold() for text in found]
    folders = {"/".join(file.split("/")[:depth]) for file in files for depth in range(1, file.count("/") + 1)}
    assert len(set(files)) == len(files)
    assert not folders & set(files), "a file never has the name of a folder"
    assert all(len(piece.encode()) + len(".") + len(".part") <= 255 for file in files for piece in file.split("/"))


@settings(max_examples=300, deadline=None)
@example({"x.jpg"}, "x.png")
@example({"c d.jpg"}, "c_d.jpg")
@example({"Mu\u0308ller.jpg"}, "Müller.jpg")
@given(st.sets(paths, min_size=1, max_size=8), paths)
def test_another_file_changes_no_id(names, another):
    before = dict(zip(names, ids([PurePath(name) for name in names]), strict=True))
    more = [*names, *({another} - names)]
    after = dict(zip(more, ids([PurePath(name) for name in more]), strict=True))
    for name in names:
        # Of paths that differ in case alone, which few file systems tell apart, those not in lower case get a mark.
        twins = {id_part(part).casefold() for part in another.split("/")} == {
            id_part(part).casefold() for part in name.split("/")
        }
        assert after[name] == before[name] or (twins and after[name].startswith(before[name][:100]))
    assert len(set(after.values()) | set(before.values())) <= len(more) + len(names)
    taken = set(before.values())
    assert after[another] not in taken or another in names, "no id ever comes to mean another file"


def test_a_name_of_plain_letters_is_its_own_id():
    names = ["IMG_0001.JPG", "sub.folder/眼底-2.tiff", "Müller.png", "no_ending"]
    assert ids([PurePath(name) for name in names]) == names


def test_upper_and_lower_case_of_one_name_are_two_ids():
    found = ids([PurePath("a.jpg"), PurePath("A.jpg"), PurePath("A.JPG")])
    assert found[0] == "a.jpg"
    assert [text.partition("~")[0] for text in found[1:]] == ["A.jpg", "A.JPG"]


def test_names_whose_digests_begin_alike_are_distinguished_by_more_digits(monkeypatch):
    class Alike:
        def __init__(self, content):
            self.text = "00000000" + content.hex().ljust(56, "0")

        def hexdigest(self):
            return self.text

    monkeypatch.setattr("fundus_anomaly.datasets.image_ids.sha256", Alike)
    found = ids([PurePath("a b.jpg"), PurePath("a,b.jpg")])
    assert len(set(found)) == 2


def test_a_long_name_is_cut_between_its_letters():
    part = id_part("眼" * 85)
    assert len(part.encode()) <= LONGEST_PART
    assert part.partition("~")[0] == "眼" * 77
