"""Levels of more than 8 bits become 8 by the depth that a file uses, never by what one picture happens to hold."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageChops, TiffImagePlugin

from fundus_anomaly.audit.fact_tables import PHOTOGRAPH_FACTS, fact_table
from fundus_anomaly.audit.inspect import inspect_photograph
from fundus_anomaly.audit.photograph_findings import photograph_findings
from fundus_anomaly.datasets.manifest import frame
from fundus_anomaly.errors import InputError
from fundus_anomaly.imaging.decode import decode

MOST = 10**8
SIZE = (24, 32)
GREY = np.add.outer(np.arange(24) * 5, np.arange(32) * 4).astype(np.uint8)
COLOUR = np.stack([GREY, GREY // 2, 255 - GREY], axis=2)
MAX_SAMPLE, SAMPLE_FORMAT, PHOTOMETRIC, SUBFILE = 281, 339, 262, 254
FEWER, USED = "fewer bits than the file holds", "bits used"


def deepened(picture, bits):
    """Return 8-bit levels as whole levels of more bits, the lower ones not all 0."""
    return (picture.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)


def png(path, values, sbit=None, transparent=b""):
    """Write 16 bits a channel: grey, grey with alpha, RGB or RGBA."""
    values = np.atleast_3d(values).astype(">u2")
    height, width, channels = values.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.tobytes() for row in values)
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))]
    parts += [chunk(b"sBIT", bytes([sbit] * channels))] if sbit else []
    parts += [chunk(b"tRNS", transparent)] if transparent else []
    parts += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def tiff(path, values, order="<", planar=False, tags=()):
    """Write an uncompressed TIFF of any whole or floating-point number, grey or RGB."""
    values = np.atleast_3d(values)
    height, width, channels = values.shape
    bits, kind = values.dtype.itemsize * 8, {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    data = (values.transpose(2, 0, 1) if planar else values).astype(values.dtype.newbyteorder(order)).tobytes()
    strips = channels if planar else 1
    table = {256: (3, [width]), 257: (3, [height]), 258: (3, [bits] * channels), 259: (3, [1])}
    table |= {PHOTOMETRIC: (3, [2 if channels == 3 else 1]), 277: (3, [channels]), 278: (3, [height])}
    table |= {284: (3, [2 if planar else 1]), SAMPLE_FORMAT: (3, [kind] * channels)}
    table |= {279: (4, [len(data) // strips] * strips), 273: (4, [0] * strips)} | {tag: (4, [v]) for tag, v in tags}
    sizes = {3: "H", 4: "I"}
    begin = 8 + 2 + 12 * len(table) + 4
    long = sum(len(v) * struct.calcsize(sizes[k]) for k, v in table.values() if len(v) * struct.calcsize(sizes[k]) > 4)
    table[273] = (4, [begin + long + n * (len(data) // strips) for n in range(strips)])
    entries, extra = b"", b""
    for tag, (k, v) in sorted(table.items()):
        packed = struct.pack(f"{order}{len(v)}{sizes[k]}", *v)
        entries += struct.pack(f"{order}HHI", tag, k, len(v))
        if len(packed) <= 4:
            entries += packed.ljust(4, b"\0")
        else:
            entries += struct.pack(f"{order}I", begin + len(extra))
            extra += packed
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    path.write_bytes(head + struct.pack(f"{order}H", len(table)) + entries + struct.pack(f"{order}I", 0) + extra + data)
    return path


def rgb(path, **options):
    return decode(path, SIZE, MOST, **options)[0]


def kinds(path, **options):
    """Return the audit's findings on a photograph among others, by kind."""
    facts = [inspect_photograph(path, MOST, **options)]
    rows = frame([{"id": "a", "path": str(path), "split": "test"}], ())
    found = photograph_findings(rows, fact_table(rows[["id"]], facts, PHOTOGRAPH_FACTS), 0.0)
    return {finding.kind: finding for finding in found}


def near(found, wanted, most=1):
    wanted = np.repeat(wanted[..., None], 3, 2) if wanted.ndim == 2 else wanted
    return int(np.abs(found.astype(int) - wanted).max()) <= most


@pytest.mark.parametrize("picture", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("bits", [9, 10, 12, 14, 15])
def test_a_png_that_states_its_bits_is_scaled_by_them(tmp_path, picture, bits):
    deep = deepened(picture, bits)
    plain, scaled = png(tmp_path / "a.png", deep, sbit=bits), png(tmp_path / "b.png", deep << (16 - bits), sbit=bits)
    assert near(rgb(plain), picture)
    assert kinds(plain)[USED].severity == "note"
    # As the specification has it: levels multiplied to fill 16 bits.
    assert near(rgb(scaled), picture)
    assert not kinds(scaled).keys() & {FEWER, USED}


@pytest.mark.parametrize("picture", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14])
@pytest.mark.parametrize("order", "<>")
def test_a_tiff_that_states_its_largest_level_is_scaled_by_it(tmp_path, picture, bits, order):
    path = tiff(tmp_path / "a.tif", deepened(picture, bits), order, tags=[(MAX_SAMPLE, 2**bits - 1)])
    assert near(rgb(path), picture)
    assert USED in kinds(path)
    assert FEWER not in kinds(path)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
@pytest.mark.parametrize("sixteen", [True, False], ids=["16 bits", "12 bits"])
def test_colour_of_16_bits_keeps_its_lower_bytes_whatever_the_compression(tmp_path, compression, sixteen):
    # Pillow writes no colour of 16 bits.
    values = deepened(COLOUR, 16 if sixteen else 12)
    codes = {"raw": 1, "tiff_lzw": 5, "tiff_adobe_deflate": 8}
    cv2.imwrite(str(tmp_path / "a.tif"), values[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, codes[compression]])
    assert near(rgb(tmp_path / "a.tif", bits_used=16 if sixteen else 12), COLOUR)


def test_planes_apart_are_read_as_planes_together(tmp_path):
    values = deepened(COLOUR, 16)
    for order in "<>":
        path = tiff(tmp_path / "a.tif", values, order, planar=True)
        assert near(rgb(path), COLOUR)


@pytest.mark.parametrize(("picture", "suffix"), [(GREY, "png"), (COLOUR, "png"), (GREY, "tif"), (COLOUR, "tif")])
@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_fewer_bits_than_the_container_are_a_warning_with_a_setting_as_remedy(tmp_path, picture, suffix, bits):
    path = (png if suffix == "png" else tiff)(tmp_path / f"a.{suffix}", deepened(picture, bits))
    found = kinds(path)
    assert found[FEWER].severity == "warning"
    assert "of 65,535" in found[FEWER].detail
    assert "data.bits_used" in found[FEWER].remedy
    if "photograph: blank" in found:
        assert "data.bits_used" in found["photograph: blank"].detail
    corrected = kinds(path, bits_used=bits)
    assert not corrected.keys() & {FEWER, "photograph: blank"}
    assert near(rgb(path, bits_used=bits), picture)


@pytest.mark.parametrize("brightest", [200, 255, 256, 300, 4095, 5000])
def test_what_one_picture_holds_does_not_change_its_scale(tmp_path, brightest):
    # A ramp of levels: at b1cab8d one that ended at 255 was 257 times as bright as one that ended at 256.
    values = np.minimum(deepened(GREY, 16), brightest)
    found = rgb(png(tmp_path / "a.png", values))
    assert found.max() == round(brightest / 257)
    assert rgb(tiff(tmp_path / "a.tif", values)).max() == round(brightest / 257)


def test_a_level_above_the_bits_in_use_is_refused(tmp_path):
    path = png(tmp_path / "a.png", deepened(GREY, 16))
    with pytest.raises(InputError, match=r"a\.png.*levels from 0 to .*0 to 4,095 \(data\.bits_used: 12\)"):
        rgb(path, bits_used=12)
    path = tiff(tmp_path / "a.tif", deepened(GREY, 16), tags=[(MAX_SAMPLE, 4095)])
    with pytest.raises(InputError, match=r"a\.tif.*4,095 \(MaxSampleValue\)"):
        rgb(path)


def test_a_statistic_of_one_picture_is_no_statement_of_its_depth(tmp_path):
    values = deepened(GREY, 16)
    path = tiff(tmp_path / "a.tif", values, tags=[(MAX_SAMPLE, int(values.max()) + 5000)])
    assert near(rgb(path), GREY)


def test_twelve_bits_packed_in_a_tiff_are_twelve_bits(tmp_path):
    values = deepened(GREY, 12)
    pairs = values.reshape(-1, 2).astype(np.uint32)
    packed = np.stack([pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255], axis=1)
    data = packed.astype(np.uint8).tobytes()
    path = tiff(tmp_path / "a.tif", values)
    content = bytearray(path.read_bytes())
    at = content.index(struct.pack("<HHI", 258, 3, 1))
    content[at + 8 : at + 10] = struct.pack("<H", 12)
    path.write_bytes(bytes(content[: -values.nbytes]) + data + bytes(values.nbytes - len(data)))
    assert near(rgb(path), GREY)


@pytest.mark.parametrize("order", "<>")
def test_signed_numbers_have_one_bit_less_and_none_below_zero(tmp_path, order):
    values = deepened(GREY, 15).astype(np.int16)
    assert near(rgb(tiff(tmp_path / "a.tif", values, order)), GREY)
    assert near(rgb(tiff(tmp_path / "e.tif", (GREY // 2).astype(np.int8))), GREY, 2)
    for kind in (np.int8, np.int16, np.int32):
        broken = (GREY // 2).astype(kind)
        broken[3, 4] = -1
        with pytest.raises(InputError, match=r"b\.tif: found levels from -1 to"):
            rgb(tiff(tmp_path / "b.tif", broken, order))


@pytest.mark.parametrize("kind", [np.int32, np.uint32])
def test_numbers_of_32_bits_hold_16_and_nothing_above(tmp_path, kind):
    values = deepened(GREY, 16).astype(kind)
    assert near(rgb(tiff(tmp_path / "a.tif", values)), GREY)
    assert near(rgb(tiff(tmp_path / "b.tif", deepened(GREY, 12).astype(kind)), bits_used=12), GREY)
    values[0, 0] = np.iinfo(kind).max
    with pytest.raises(InputError, match=rf"c\.tif: found levels from 0 to {np.iinfo(kind).max:,}; .*65,535"):
        rgb(tiff(tmp_path / "c.tif", values))


@pytest.mark.parametrize("white", [1, 255])
def test_floats_go_from_0_to_1_or_to_255_and_nothing_else(tmp_path, white):
    values = (GREY / GREY.max() * white).astype(np.float32)
    assert near(rgb(tiff(tmp_path / "a.tif", values)), (GREY / GREY.max() * 255).round(), 1)
    assert "floats" in kinds(tmp_path / "a.tif")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 256.5, 65535, -0.5])
def test_floats_beyond_their_range_are_refused(tmp_path, value):
    values = (GREY / np.float32(255)).astype(np.float32)
    values[2, 2] = value
    with pytest.raises(InputError, match=r"a\.tif: found .*(infinite or not a number|levels from)"):
        rgb(tiff(tmp_path / "a.tif", values))
    assert inspect_photograph(tmp_path / "a.tif", MOST)["error_kind"] == "damaged"


def test_white_is_zero_in_16_bits_and_floats_as_it_is_in_8(tmp_path):
    whites = [(PHOTOMETRIC, 0)]
    eight = rgb(tiff(tmp_path / "8.tif", 255 - GREY, tags=whites))
    assert near(eight, GREY)
    assert near(rgb(tiff(tmp_path / "16.tif", 65535 - deepened(GREY, 16), tags=whites)), GREY)
    assert near(rgb(tiff(tmp_path / "f.tif", 1 - GREY / np.float32(255), tags=whites)), GREY)


def test_alpha_of_16_bits_is_laid_over_black_whatever_the_colours(tmp_path):
    alpha = np.full(SIZE, 65535, np.uint16)
    alpha[:, :8], alpha[:, 8:16] = 0, 32768
    share = alpha / 65535
    grey, colour = deepened(GREY, 16), deepened(COLOUR, 16)
    assert near(rgb(png(tmp_path / "la.png", np.dstack([grey, alpha]))), (GREY * share).round())
    assert near(rgb(png(tmp_path / "rgba.png", np.dstack([colour, alpha]))), (COLOUR * share[..., None]).round())
    # One level, or one colour, is transparent: of all 16 bits, not of the upper 8.
    place = (5, 7)
    for picture, name in ((grey, "g.png"), (colour, "c.png")):
        chosen = np.atleast_1d(picture[place])
        found = rgb(png(tmp_path / name, picture, transparent=struct.pack(f">{len(chosen)}H", *chosen)))
        assert not found[place].any()
        assert found[place[0], place[1] + 3].any()
        assert "alpha channel" in kinds(tmp_path / name)


def test_every_kind_of_transparency_is_noted(tmp_path):
    palette = Image.fromarray(GREY // 64, "P")
    palette.putpalette([255, 0, 0, 0, 200, 0, 0, 0, 90, 10, 20, 30])
    palette.save(tmp_path / "p.png", transparency=0)
    Image.fromarray(COLOUR).save(tmp_path / "c.png", transparency=tuple(COLOUR[0, 0].tolist()))
    for name in ("p.png", "c.png"):
        assert "alpha channel" in kinds(tmp_path / name)
        assert not rgb(tmp_path / name)[0, 0].any()


def test_cmyk_of_a_jpeg_is_inverted_where_adobe_says_so_and_only_there(tmp_path):
    smooth = np.repeat(np.linspace(40, 220, 32).astype(np.uint8)[None, :, None], 24, 0) * np.ones(3, np.uint8)
    ink = Image.fromarray(smooth).convert("CMYK")
    ink.save(tmp_path / "adobe.jpg", quality=95)
    assert near(rgb(tmp_path / "adobe.jpg"), smooth, 8)
    # Others store much ink as a high number, and leave the marker out; Pillow writes Adobe's way alone.
    ImageChops.invert(ink).save(tmp_path / "plain.jpg", quality=95)
    content = (tmp_path / "plain.jpg").read_bytes()
    at = content.index(b"\xff\xee")
    (length,) = struct.unpack(">H", content[at + 2 : at + 4])
    (tmp_path / "plain.jpg").write_bytes(content[:at] + content[at + 2 + length :])
    assert near(rgb(tmp_path / "plain.jpg"), smooth, 8)


@pytest.mark.parametrize(("name", "warned"), [("Adobe RGB (1998)", True), ("sRGB IEC61966-2.1", False), ("", True)])
def test_a_colour_profile_is_named_and_not_applied(tmp_path, name, warned):
    text = name.encode() + b"\0"
    element = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text
    profile = bytes(128) + struct.pack(">I4sII", 1, b"desc", 144, len(element)) + element
    Image.fromarray(COLOUR).save(tmp_path / "a.png", icc_profile=profile)
    Image.fromarray(COLOUR).save(tmp_path / "b.png")
    np.testing.assert_array_equal(rgb(tmp_path / "a.png"), rgb(tmp_path / "b.png"))
    found = kinds(tmp_path / "a.png").get("colour profile")
    assert (found is not None) == warned
    assert not warned or (name or "unnamed") in found.detail
    assert "colour profile" not in kinds(tmp_path / "b.png")


def test_a_broken_colour_profile_is_unnamed(tmp_path):
    for profile in (
        b"x",
        bytes(130),
        bytes(128) + b"\xff" * 40,
        bytes(128) + struct.pack(">I4sII", 1, b"desc", 9999, 9),
    ):
        Image.fromarray(COLOUR).save(tmp_path / "a.png", icc_profile=profile)
        assert inspect_photograph(tmp_path / "a.png", MOST)["colour_profile"] == "unnamed"


def test_a_first_page_smaller_than_another_is_a_warning_with_both_sizes(tmp_path):
    full, small = Image.fromarray(COLOUR), Image.fromarray(COLOUR).resize((8, 6))
    kind = "a small picture before a larger one"
    small.save(tmp_path / "a.tif", save_all=True, append_images=[full])
    found = kinds(tmp_path / "a.tif")[kind]
    assert found.severity == "warning"
    assert "8×6 before 32×24" in found.detail
    full.save(tmp_path / "b.tif", save_all=True, append_images=[small])
    assert kind not in kinds(tmp_path / "b.tif")
    small.save(tmp_path / "c.jpg", "MPO", save_all=True, append_images=[full])
    assert "8×6 before 32×24" in kinds(tmp_path / "c.jpg")[kind].detail
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[SUBFILE] = 1
    small.save(tmp_path / "d.tif", tiffinfo=tags)
    assert kinds(tmp_path / "d.tif")[kind].severity == "warning"


def test_an_animated_png_is_its_first_picture_with_a_note(tmp_path):
    first, second = Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)
    first.save(tmp_path / "a.png", save_all=True, append_images=[second])
    np.testing.assert_array_equal(rgb(tmp_path / "a.png"), COLOUR)
    assert "several pictures in one file" in kinds(tmp_path / "a.png")


def test_grey_of_any_depth_is_grey(tmp_path):
    png(tmp_path / "a.png", deepened(GREY, 16))
    tiff(tmp_path / "b.tif", GREY / np.float32(255))
    for name in ("a.png", "b.tif"):
        assert "grey photograph" in kinds(tmp_path / name)
