"""Which way up a file is, is one fact: the audit, the photographs and the masks all take the same answer."""

import struct

import numpy as np
import pandas as pd
import pytest
from PIL import Image, TiffImagePlugin

from fundus_anomaly.audit.fact_tables import MASK_FACTS, PHOTOGRAPH_FACTS, fact_table
from fundus_anomaly.audit.inspect import inspect_mask, inspect_photograph
from fundus_anomaly.audit.mask_findings import mask_findings
from fundus_anomaly.datasets.manifest import frame
from fundus_anomaly.imaging.decode import decode, decode_mask
from fundus_anomaly.imaging.geometry import source_geometry
from fundus_anomaly.imaging.lesion_masks import lesion_coverage
from fundus_anomaly.imaging.preprocess import preprocess

MOST = 10**8
# Upright 60 wide and 40 high; the lesion in the upper left.
UPRIGHT = np.zeros((40, 60, 3), np.uint8)
UPRIGHT[5:35, 5:55] = (150, 80, 40)
UPRIGHT[8:14, 10:24] = (250, 220, 160)
LESION = np.zeros((40, 60), bool)
LESION[8:14, 10:24] = True
# How a picture is stored so that each orientation brings it upright.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a.swapaxes(0, 1), 2),
    8: lambda a: np.rot90(a, -1),
}


def exif_bytes(value, kind=3):
    """Return EXIF data whose orientation has a value of a type of TIFF: 3 SHORT, 4 LONG, 2 ASCII, 1 BYTE."""
    packed = {1: "B3x", 2: "2s2x", 3: "H2x", 4: "I"}[kind]
    count = 2 if kind == 2 else 1
    entry = struct.pack("<HHI", 0x0112, kind, count) + struct.pack(f"<{packed}", value)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


def tiff_tag(value, kind=3):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[0x0112] = kind
    tags[0x0112] = value
    return tags


def save(picture, path, value, kind=3):
    image = Image.fromarray(np.ascontiguousarray(picture))
    if path.suffix == ".tif":
        image.save(path, tiffinfo=tiff_tag(value, kind))
    elif value is None:
        image.save(path)
    else:
        image.save(path, exif=exif_bytes(value, kind), **({"quality": 95} if path.suffix == ".jpg" else {}))
    return path


def judged(photograph, mask):
    """Return the kinds of the audit's findings on a mask, and the coverage that the rule makes of it."""
    facts = fact_table(pd.DataFrame({"id": ["a"]}), [inspect_photograph(photograph, MOST)], PHOTOGRAPH_FACTS)
    of_mask = fact_table(pd.DataFrame({"id": ["a"], "lesion": ["EX"]}), [inspect_mask(mask, False, MOST)], MASK_FACTS)
    rows = frame([{"id": "a", "path": str(photograph), "split": "test", "label": 1}], ())
    made = preprocess(photograph, size=20, aspect="stretch", graham=False, max_pixels=MOST)
    geometry, full = source_geometry(made.source)
    audit = {finding.kind for finding in mask_findings(rows, facts, of_mask)} - {"mask: turned"}
    return audit, lesion_coverage(mask, inverted=False, geometry=geometry, full_size=full, max_pixels=MOST)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("upright")
    Image.fromarray(LESION).save(folder / "m.png")
    return judged(save(UPRIGHT, folder / "p.png", None), folder / "m.png")[1]


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_the_audit_and_the_masks_agree_on_a_turned_photograph(tmp_path, wanted, suffix, turn):
    photograph = save(STORED[turn](UPRIGHT), tmp_path / f"p{suffix}", turn)
    Image.fromarray(LESION).save(tmp_path / "m.png")
    audit, coverage = judged(photograph, tmp_path / "m.png")
    assert audit == set()
    np.testing.assert_array_equal(coverage, wanted)
    stored = STORED[turn](UPRIGHT).shape[1::-1]
    facts = inspect_photograph(photograph, MOST)
    assert (facts["width"], facts["height"], facts["exif_orientation"]) == (*stored, turn)


@pytest.mark.parametrize(("value", "kind"), [(0, 3), (9, 3), (65535, 3), (9, 4), (6 + 2**20, 4), (b"6\0", 2)])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_an_orientation_that_does_not_exist_is_none_for_everybody(tmp_path, wanted, suffix, value, kind):
    value = value.decode().strip("\0") if suffix == ".tif" and isinstance(value, bytes) else value
    photograph = save(UPRIGHT, tmp_path / f"p{suffix}", value, kind)
    Image.fromarray(LESION).save(tmp_path / "m.png")
    audit, coverage = judged(photograph, tmp_path / "m.png")
    assert audit == set()
    np.testing.assert_array_equal(coverage, wanted)
    assert decode(photograph, (40, 60), MOST)[1] == (40, 60)
    assert inspect_photograph(photograph, MOST)["exif_orientation"] == 1


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_a_long_number_turns_as_a_short_one_does(tmp_path, wanted, suffix):
    photograph = save(STORED[6](UPRIGHT), tmp_path / f"p{suffix}", 6, 4)
    Image.fromarray(LESION).save(tmp_path / "m.png")
    audit, coverage = judged(photograph, tmp_path / "m.png")
    assert audit == set()
    np.testing.assert_array_equal(coverage, wanted)


def test_xmp_turns_where_exif_is_silent_and_the_audit_says_so(tmp_path, wanted):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[700] = 1
    tags[700] = xmp
    stored = Image.fromarray(np.ascontiguousarray(STORED[8](UPRIGHT)))
    stored.save(tmp_path / "p.tif", tiffinfo=tags)
    stored.save(tmp_path / "p.jpg", xmp=xmp, quality=95)
    Image.fromarray(LESION).save(tmp_path / "m.png")
    for name in ("p.tif", "p.jpg"):
        audit, coverage = judged(tmp_path / name, tmp_path / "m.png")
        assert audit == set()
        np.testing.assert_array_equal(coverage, wanted)


def test_the_orientation_of_a_thumbnail_and_of_a_second_picture_is_not_the_photographs(tmp_path, wanted):
    # Two directories of EXIF: the photograph's says 1, its thumbnail's 6.
    one = struct.pack("<HHIHH", 0x0112, 3, 1, 1, 0)
    two = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + one + struct.pack("<IH", 26, 1) + two + struct.pack("<I", 0)
    picture = Image.fromarray(UPRIGHT)
    picture.save(tmp_path / "p.jpg", exif=exif, quality=95)
    picture.save(tmp_path / "p.mpo", "MPO", save_all=True, append_images=[picture], exif=exif_bytes(3), quality=95)
    (tmp_path / "p.mpo").rename(tmp_path / "q.jpg")
    Image.fromarray(LESION).save(tmp_path / "m.png")
    audit, coverage = judged(tmp_path / "p.jpg", tmp_path / "m.png")
    assert audit == set()
    np.testing.assert_array_equal(coverage, wanted)
    found, size = decode(tmp_path / "q.jpg", (40, 60), MOST)
    assert inspect_photograph(tmp_path / "q.jpg", MOST)["exif_orientation"] == 3
    assert size == (40, 60)
    assert np.abs(found.astype(int) - UPRIGHT[::-1, ::-1]).mean() < 6


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_a_mask_is_turned_by_its_own_orientation_whatever_its_container(tmp_path, suffix):
    mask = save(STORED[6](np.repeat(LESION[..., None], 3, 2) * np.uint8(255)), tmp_path / f"m{suffix}", 6)
    found = decode_mask(mask, False, MOST)
    assert found.shape == LESION.shape
    assert (found == LESION).mean() > (0.98 if suffix == ".jpg" else 0.9999)
    photograph = save(UPRIGHT, tmp_path / "p.png", None)
    assert judged(photograph, mask)[0] - {"mask: more than two levels"} == set()


def test_a_mask_of_another_size_is_named_with_both_sizes_upright(tmp_path):
    photograph = save(STORED[6](UPRIGHT), tmp_path / "p.tif", 6)
    Image.fromarray(LESION.T).save(tmp_path / "m.png")
    facts = fact_table(pd.DataFrame({"id": ["a"]}), [inspect_photograph(photograph, MOST)], PHOTOGRAPH_FACTS)
    keys = pd.DataFrame({"id": ["a"], "lesion": ["EX"]})
    of_mask = fact_table(keys, [inspect_mask(tmp_path / "m.png", False, MOST)], MASK_FACTS)
    rows = frame([{"id": "a", "path": "p.tif", "split": "test", "label": 1}], ())
    (found,) = mask_findings(rows, facts, of_mask)
    assert found.kind == "mask: wrong size"
    assert "40×60 pixels, its photograph 60×40 upright by its orientation 6" in found.detail
