"""Which files look like images, and which of them are read."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from fundus_anomaly.audit.inspect import inspect_mask, inspect_photograph
from fundus_anomaly.imaging.image_names import ending, is_image_ending, is_read, kind_of, looks_like_image

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8))


def content(kind):
    buffer = io.BytesIO()
    PICTURE.save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("JPEG", "JPEG"),
        ("PNG", "PNG"),
        ("TIFF", "TIFF"),
        ("BMP", "BMP"),
        ("GIF", "GIF"),
        ("WEBP", "WebP"),
        ("JPEG2000", "JPEG 2000"),
        ("AVIF", "AVIF"),
        ("PPM", "Netpbm"),
    ],
)
def test_a_file_without_an_ending_is_known_by_its_first_bytes(tmp_path, kind, name):
    path = tmp_path / "IM000001"
    path.write_bytes(content(kind))
    assert kind_of(path) == name
    assert looks_like_image(path)
    assert bool(inspect_photograph(path, 10**6)["error"]) == (kind not in ("JPEG", "PNG", "TIFF", "BMP"))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0" * 128 + b"DICM", "DICOM"),
        (b"\0\0\0\x18ftypheic", "HEIF"),
        (b"\xff\x0a", "JPEG XL"),
        (b"BM is how this text begins, and it is none", ""),
        (b"P3D", ""),
        (b"", ""),
        (b"\0\0\0\x18ftypisom", ""),
    ],
)
def test_first_bytes_of_other_files(tmp_path, head, name):
    path = tmp_path / "x"
    path.write_bytes(head)
    assert kind_of(path) == name


def test_nothing_but_a_regular_file_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    assert [kind_of(tmp_path / name) for name in ("pipe", "zero", "nowhere", "")] == [""] * 4


def test_endings_of_images():
    for name in ("a.JPG", "a.jpe", "a.JFIF", "a.tiff", "a.dib", "no ending", "a.b/c"):
        assert is_read(name), name
    for name in ("a.webp", "a.HEIC", "a.dcm", "a.nef", "a.jpg.gz", "a.PNG.zip"):
        assert not is_read(name), name
        assert is_image_ending(ending(name)), name
    for name in ("a.txt", "a.jpg.xmp", "a.jpg.json", "a.gz", "a.csv.gz", ".", "a."):
        assert not is_image_ending(ending(name)), name


@pytest.mark.parametrize("name", ["a.webp", "a.jpg.gz", "a.nef", "a.bak", "a.jpg~", "a.jpg_large", "a.2021"])
def test_another_ending_is_refused_whatever_the_file_holds(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(content("PNG"))
    for facts in (inspect_photograph(path, 10**6), inspect_mask(path, False, 10**6)):
        assert facts["error_kind"] == "other format"
        assert f"ends in {ending(name)!r} and holds PNG" in facts["error"]
