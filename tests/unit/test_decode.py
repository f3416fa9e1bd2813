"""Photographs and masks of any kind come in as what a viewer shows, and bombs not at all."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

from fundus_anomaly.errors import InputError
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.imaging.decode import decode, decode_mask

LARGE = 10**9


def photograph(height=120, width=160):
    """Return a smooth colour picture, so that JPEG's losses are small."""
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    waves = np.stack([rows, columns, 0.5 + 0.5 * np.sin(9 * rows * columns)], axis=-1)
    return (waves * 250).astype(np.uint8)


def saved(tmp_path, image, name, **options):
    path = tmp_path / "Aufnahmen ü" / name
    path.parent.mkdir(exist_ok=True)
    image.save(path, **options)
    return path


@pytest.mark.parametrize("size", [(1600, 1200), (1601, 1203)])
@pytest.mark.parametrize(("at_least", "part"), [(1000, 1), (600, 2), (300, 4), (60, 8)])
def test_a_jpeg_is_decoded_no_larger_than_needed_and_looks_the_same(tmp_path, size, at_least, part):
    full = photograph(size[1], size[0])
    path = saved(tmp_path, Image.fromarray(full), "a.jpg", quality=95, subsampling=0)
    small, found = decode(path, (at_least, at_least), LARGE)
    assert found == full.shape[:2]
    assert small.shape[:2] == (-(-size[1] // part), -(-size[0] // part))
    wanted, _ = decode(path, size[::-1], LARGE)
    assert wanted.shape == full.shape
    target = (160, 120)
    difference = cv2.absdiff(*(cv2.resize(i, target, interpolation=cv2.INTER_AREA) for i in (small, wanted)))
    assert difference.mean() < 1
    assert difference.max() <= 10


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["a.jpg", "a.png", "a.tif", "lzw.tif"])
def test_a_photograph_stands_upright_whatever_its_exif_turn(tmp_path, turn, kind):
    upright = photograph()
    # The inverse of each turn, as a camera held that way stores it.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright.transpose(1, 0, 2), 2),
        8: np.rot90(upright, -1),
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    options = {"quality": 95, "subsampling": 0} if kind == "a.jpg" else {}
    options |= {"compression": "tiff_lzw"} if kind == "lzw.tif" else {}
    path = saved(tmp_path, Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif, **options)
    found, size = decode(path, upright.shape[:2], LARGE)
    assert size == upright.shape[:2]
    assert found.shape == upright.shape
    assert np.abs(found.astype(int) - upright).mean() < 2


def test_the_scale_of_a_turned_jpeg_is_chosen_by_its_upright_sides(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path, Image.fromarray(photograph(400, 1600)), "a.jpg", exif=exif)
    found, size = decode(path, (800, 100), LARGE)
    assert (found.shape[:2], size) == ((800, 200), (1600, 400))


GREY = photograph()[..., 2]


@pytest.mark.parametrize(
    ("name", "image", "wanted"),
    [
        ("grey.png", Image.fromarray(GREY), np.repeat(GREY[..., None], 3, 2)),
        ("16bit.png", Image.fromarray(GREY.astype(np.uint16) * 257), np.repeat(GREY[..., None], 3, 2)),
        ("16bit.tif", Image.fromarray(GREY.astype(np.uint16) * 257), np.repeat(GREY[..., None], 3, 2)),
        ("8in16bit.tif", Image.fromarray(GREY.astype(np.uint16)), np.repeat(np.rint(GREY[..., None] / 257), 3, 2)),
        ("32bit.tif", Image.fromarray(GREY.astype(np.int32) * 257), np.repeat(GREY[..., None], 3, 2)),
        ("float.tif", Image.fromarray((GREY / 255).astype(np.float32)), np.repeat(GREY[..., None], 3, 2)),
        ("cmyk.tif", Image.fromarray(photograph()).convert("CMYK"), photograph()),
        ("cmyk.jpg", Image.fromarray(photograph()).convert("CMYK"), photograph()),
        ("palette.png", Image.fromarray(photograph() // 64 * 64).quantize(256), photograph() // 64 * 64),
        ("opaque.png", Image.fromarray(photograph()).convert("RGBA"), photograph()),
        ("rgb.bmp", Image.fromarray(photograph()), photograph()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_mode_becomes_eight_bit_rgb(tmp_path, name, image, wanted):
    found, size = decode(saved(tmp_path, image, name), (1, 1) if "jpg" not in name else (120, 160), LARGE)
    assert found.dtype == np.uint8
    assert size == (120, 160)
    assert np.abs(found.astype(int) - wanted).mean() < 3


def test_alpha_is_laid_over_black(tmp_path):
    image = np.dstack([np.full((8, 8, 3), 200, np.uint8), np.tile(np.uint8([0, 128, 255, 0] * 2), (8, 1))])
    found, _ = decode(saved(tmp_path, Image.fromarray(image), "a.png"), (8, 8), LARGE)
    np.testing.assert_allclose(found[0, :3, 0], [0, 100, 200], atol=1)
    palette = Image.fromarray(np.tile(np.uint8([0, 1] * 4), (8, 1)), "P")
    palette.putpalette([255, 255, 255, 90, 90, 90])
    found, _ = decode(saved(tmp_path, palette, "p.png", transparency=0), (8, 8), LARGE)
    assert (found[0, :2] == [[0], [90]]).all()


def bomb(path, width, height):
    """Write a PNG that claims a size and holds no pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


@pytest.mark.parametrize(("side", "allowed"), [(200, r"200×200.*data\.max_pixels"), (60_000, "10,000 pixels")])
@pytest.mark.parametrize("read", [decode, decode_mask])
def test_a_bomb_is_refused_by_its_header(tmp_path, monkeypatch, side, allowed, read):
    bomb(tmp_path / "bomb.png", side, side)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("a pixel was decoded"))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("a pixel was decoded"))
    with pytest.raises(InputError, match=rf"bomb\.png.*{allowed}"):
        read(tmp_path / "bomb.png", (8, 8) if read is decode else False, 10**4)


@pytest.mark.parametrize("broken", ["missing", "empty", "text", "truncated jpeg", "truncated png", "foreign format"])
def test_a_file_that_cannot_be_decoded_is_named(tmp_path, broken):
    path = tmp_path / "broken image.jpg"
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    if broken.startswith("truncated"):
        image.save(path, broken.split()[1])
        path.write_bytes(path.read_bytes()[:-3000])
    elif broken == "foreign format":
        image.save(path, "GIF")
    elif broken != "missing":
        path.write_bytes(b"" if broken == "empty" else b"no image")
    for read in (lambda: decode(path, (64, 64), LARGE), lambda: decode_mask(path, False, LARGE)):
        with pytest.raises(InputError, match=r"broken image\.jpg"):
            read()


LESION = np.zeros((20, 30), bool)
LESION[3:6, 10:20] = True


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("255.png", Image.fromarray(LESION.astype(np.uint8) * 255)),
        ("1.png", Image.fromarray(LESION.astype(np.uint8))),
        ("bits.tif", Image.fromarray(LESION)),
        ("red.png", Image.fromarray(LESION[..., None] * np.uint8([200, 0, 0]))),
        ("palette.png", Image.fromarray(LESION.astype(np.uint8) * 3).convert("P")),
        ("16bit.png", Image.fromarray(LESION.astype(np.uint16) * 65535)),
        ("alpha.png", Image.fromarray(np.dstack([np.full((20, 30, 3), 255, np.uint8), LESION * np.uint8(255)]))),
        ("noisy.png", Image.fromarray((np.where(LESION, 250, 6)).astype(np.uint8))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mask_of_any_kind_marks_the_lesion(tmp_path, name, image):
    np.testing.assert_array_equal(decode_mask(saved(tmp_path, image, name), False, LARGE), LESION)


def test_a_mask_whose_zero_is_the_lesion_is_inverted(tmp_path):
    path = saved(tmp_path, Image.fromarray(~LESION * np.uint8(255)), "adam.bmp")
    np.testing.assert_array_equal(decode_mask(path, True, LARGE), LESION)


def test_the_checksum_is_the_files(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
