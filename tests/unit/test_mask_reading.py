"""One picture has one meaning, whatever container it is kept in, and the audit says what the workflow does."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

from fundus_anomaly.audit.fact_tables import MASK_FACTS, PHOTOGRAPH_FACTS, fact_table
from fundus_anomaly.audit.inspect import inspect_mask
from fundus_anomaly.audit.mask_findings import mask_findings
from fundus_anomaly.datasets.manifest import frame
from fundus_anomaly.errors import InputError
from fundus_anomaly.imaging.decode import decode_mask

MOST = 10**8
LESION = np.zeros((40, 60), bool)
LESION[8:20, 10:34] = True
GREYS = [level for index in range(256) for level in (index,) * 3]
SOFT = np.asarray(Image.fromarray(LESION * np.uint8(255)).filter(ImageFilter.GaussianBlur(2)))


def with_palette(indices, colours):
    image = Image.fromarray(np.asarray(indices, np.uint8), "P")
    image.putpalette([level for colour in colours for level in colour])
    return image


def read(path, inverted=False):
    return decode_mask(path, inverted, MOST)


def audited(path, inverted=False):
    """Return the facts of a mask and the findings on it, with the file's own number of lesion pixels."""
    facts = inspect_mask(path, inverted, MOST)
    nothing = {"str": "", "int64": 0, "float64": 0.0}
    photograph = {name: nothing[kind] for name, kind in PHOTOGRAPH_FACTS.items()} | {"width": 60, "height": 40}
    photographs = fact_table(pd.DataFrame({"id": ["a"]}), [photograph], PHOTOGRAPH_FACTS)
    table = fact_table(pd.DataFrame({"id": ["a"], "lesion": ["EX"]}), [facts], MASK_FACTS)
    rows = frame([{"id": "a", "path": "p.png", "split": "test", "label": 1}], ())
    return facts, {finding.kind: finding for finding in mask_findings(rows, photographs, table)}


def agree(path, wanted, inverted=False):
    """Say whether the rule and the audit both find the lesion."""
    facts, _ = audited(path, inverted)
    return (read(path, inverted) == wanted).all() and facts["lesion_pixels"] == wanted.sum()


PALETTES = {
    "black first": (LESION, [(0, 0, 0), (255, 255, 255)]),
    "white first": (~LESION, [(255, 255, 255), (0, 0, 0)]),
    "red on black": (LESION, [(0, 0, 0), (255, 0, 0)]),
    "dark red on black": (LESION, [(0, 0, 0), (100, 0, 0)]),
    "red first, black behind": (~LESION, [(255, 0, 0), (0, 0, 0)]),
    "grey levels": (SOFT, np.reshape(GREYS, (256, 3)).tolist()),
    "grey levels from white down": (255 - SOFT, np.reshape(GREYS, (256, 3))[::-1].tolist()),
    "reds": (SOFT, [(index, 0, 0) for index in range(256)]),
    "the value 1": (LESION, [(0, 0, 0), (1, 1, 1)]),
    "black twice": (LESION * 2, [(0, 0, 0), (0, 0, 0), (255, 255, 255)]),
}


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
@pytest.mark.parametrize("name", PALETTES)
def test_a_palette_of_one_hue_means_what_its_picture_means(tmp_path, name, suffix):
    image = with_palette(*PALETTES[name])
    image.save(tmp_path / f"palette.{suffix}")
    image.convert("RGB").save(tmp_path / f"colours.{suffix}")
    wanted = SOFT > 127 if len(PALETTES[name][1]) == 256 else LESION
    assert agree(tmp_path / f"palette.{suffix}", wanted)
    assert agree(tmp_path / f"colours.{suffix}", wanted)
    assert agree(tmp_path / f"palette.{suffix}", ~wanted, inverted=True)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
@pytest.mark.parametrize("bits", [1, 4])
def test_two_colours_mean_the_same_in_one_bit_and_four(tmp_path, suffix, bits):
    white_first = with_palette(~LESION, [(255, 255, 255), (0, 0, 0)])
    try:
        white_first.save(tmp_path / f"m.{suffix}", bits=bits)
    except (OSError, KeyError):
        pytest.skip("Pillow writes no such file")
    assert agree(tmp_path / f"m.{suffix}", LESION)


def labels():
    """Return indices and colours of several hues, two of them so dark that brightness would drop them."""
    indices = LESION.astype(np.uint8)
    indices[30:34, 40:50], indices[25:28, 5:9] = 2, 3
    return indices, [(0, 0, 0), (255, 0, 0), (0, 90, 0), (60, 60, 0)]


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
def test_colours_of_several_hues_are_names_and_black_is_their_background(tmp_path, suffix):
    indices, colours = labels()
    image = with_palette(indices, colours)
    image.save(tmp_path / f"palette.{suffix}")
    image.convert("RGB").save(tmp_path / f"colours.{suffix}")
    assert agree(tmp_path / f"palette.{suffix}", indices > 0)
    assert agree(tmp_path / f"colours.{suffix}", indices > 0)
    facts, found = audited(tmp_path / f"palette.{suffix}")
    assert "another colour than black" in found["mask: more than two levels"].detail
    assert facts["value_count"] == 4
    assert "#ff0000" in facts["values"]


@pytest.mark.parametrize(
    ("indices", "colours"),
    [
        (LESION, [(255, 255, 255), (255, 0, 0)]),
        (LESION, [(0, 0, 120), (250, 240, 0)]),
        # As an adaptive palette has them: black is somewhere.
        (np.where(LESION, 0, 1) + labels()[0] // 2 * 2, [(200, 30, 30), (0, 0, 0), (10, 90, 20), (60, 60, 0)]),
        (labels()[0], [(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 0)]),
    ],
)
@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
def test_several_hues_without_a_clear_background_are_refused(tmp_path, indices, colours, suffix):
    with_palette(indices, colours).save(tmp_path / f"m.{suffix}")
    with pytest.raises(InputError, match=rf"m\.{suffix}: found a mask with a palette of several hues.*two levels"):
        read(tmp_path / f"m.{suffix}")
    facts, found = audited(tmp_path / f"m.{suffix}")
    assert facts["error_kind"] == "damaged"
    assert found["mask: damaged"].severity == "error"


def test_colours_without_black_are_refused_without_a_palette_too(tmp_path):
    Image.fromarray(np.where(LESION[..., None], [255, 0, 0], [255, 255, 255]).astype(np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(InputError, match=r"none of them black"):
        read(tmp_path / "m.png")


def test_a_transparent_background_is_black_in_a_palette_as_without_one(tmp_path):
    image = with_palette(LESION, [(255, 255, 255), (255, 255, 255)])
    image.save(tmp_path / "m.png", transparency=0)
    assert agree(tmp_path / "m.png", LESION)
    Image.open(tmp_path / "m.png").convert("RGBA").save(tmp_path / "rgba.png")
    Image.fromarray(np.dstack([np.full(LESION.shape, 255, np.uint8), LESION * np.uint8(255)])).save(tmp_path / "la.png")
    for name in ("rgba.png", "la.png"):
        assert agree(tmp_path / name, LESION)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_stands_out_by_its_transparency_alone_is_refused(tmp_path, mode):
    channels = [np.zeros(LESION.shape, np.uint8)] * (len(mode) - 1)
    Image.fromarray(np.dstack([*channels, LESION * np.uint8(255)]), mode).save(tmp_path / "m.png")
    with pytest.raises(InputError, match="black alone, which stands out by its transparency"):
        read(tmp_path / "m.png")


DEEP = {
    "full": (LESION * np.uint16(65535), LESION),
    "twelve bits": (LESION * np.uint16(4095), LESION),
    "eight bits": (LESION * np.uint16(255), LESION),
    "the value 1": (LESION * np.uint16(1), LESION),
    "soft, full": (SOFT.astype(np.uint16) * 257, SOFT > 127),
    "soft, eight bits": (SOFT.astype(np.uint16), SOFT > 127),
    "32 bits, the value 1": (LESION * np.int32(1), LESION),
    "32 bits, 255": (LESION * np.int32(255), LESION),
    "32 bits, large": (LESION * np.int32(2**30), LESION),
    "0 to 1": (SOFT / np.float32(255), SOFT > 127),
    "0.0 and 255.0": (LESION * np.float32(255), LESION),
}


@pytest.mark.parametrize("name", DEEP)
def test_depth_does_not_change_what_is_marked(tmp_path, name):
    values, wanted = DEEP[name]
    Image.fromarray(values).save(tmp_path / "m.tif")
    assert agree(tmp_path / "m.tif", wanted)
    if values.dtype == np.uint16:
        Image.fromarray(values).save(tmp_path / "m.png")
        assert agree(tmp_path / "m.png", wanted)


def test_numbers_of_types_are_all_marked_and_faint_edges_are_refused(tmp_path):
    types = LESION * np.uint8(1)
    types[25:30, 40:50], types[32:36, 3:9] = 2, 5
    Image.fromarray(types).save(tmp_path / "types.png")
    assert agree(tmp_path / "types.png", types > 0)
    assert "above 0" in audited(tmp_path / "types.png")[1]["mask: more than two levels"].detail
    Image.fromarray((SOFT * 0.4).astype(np.uint8)).save(tmp_path / "faint.png")
    with pytest.raises(InputError, match=r"faint\.png: found a mask with \d+ levels up to 102, none above half"):
        read(tmp_path / "faint.png")


def test_the_audit_names_the_rule_that_is_followed(tmp_path):
    with_palette(SOFT, np.reshape(GREYS, (256, 3)).tolist()).save(tmp_path / "m.png")
    facts, found = audited(tmp_path / "m.png")
    assert facts["rule"] == "brighter than half of white (255)"
    assert facts["rule"] in found["mask: more than two levels"].detail


def test_other_pages_of_a_mask_are_not_taken_and_that_is_a_warning(tmp_path):
    Image.fromarray(LESION).save(tmp_path / "m.tif", save_all=True, append_images=[Image.fromarray(LESION[::-1])])
    assert agree(tmp_path / "m.tif", LESION)
    assert audited(tmp_path / "m.tif")[1]["mask: several pictures in one file"].severity == "warning"


def test_a_jpeg_in_colour_goes_by_its_brightest_channel(tmp_path):
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[LESION] = (230, 20, 10)
    Image.fromarray(picture).save(tmp_path / "m.jpg", quality=90)
    assert (read(tmp_path / "m.jpg") == LESION).mean() > 0.99


def test_an_empty_mask_and_a_full_one_are_neither_refused_nor_turned_round(tmp_path):
    for level in (0, 255):
        Image.fromarray(np.full((40, 60), level, np.uint8)).save(tmp_path / "grey.png")
        with_palette(np.zeros((40, 60)), [(level,) * 3]).save(tmp_path / "palette.png")
        for name in ("grey.png", "palette.png"):
            assert agree(tmp_path / name, np.full((40, 60), level > 0))
