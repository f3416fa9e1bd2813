"""What one file tells about itself, however broken it is."""

import os
import zlib

import numpy as np
import pytest
from PIL import Image

from fundus_anomaly.audit.fact_tables import MASK_FACTS, PHOTOGRAPH_FACTS, fact_table, mask_jobs, read_facts
from fundus_anomaly.audit.inspect import inspect_many, inspect_mask, inspect_photograph
from fundus_anomaly.audit.perceptual_hash import BITS
from fundus_anomaly.datasets.manifest import frame

LARGEST = 10**7


def retina(seed=0, size=(360, 300)):
    """A bright disc with soft structure on black, RGB."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(60, 220, (12, 12), dtype=np.uint8))
    texture = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC))
    y, x = np.mgrid[: size[1], : size[0]]
    inside = np.hypot(x - size[0] / 2, y - size[1] / 2) < min(size) * 0.48
    grey = np.where(inside, texture, 3).astype(np.uint8)
    return Image.fromarray(np.stack([grey, grey // 2, grey // 4], axis=2))


def distance(first, second):
    bits = [np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8)) for text in (first, second)]
    return (bits[0] != bits[1]).sum() / BITS


def hash_of(image, tmp_path, name="x.png", **options):
    image.save(tmp_path / name, **options)
    return inspect_photograph(tmp_path / name, LARGEST)["perceptual_hash"]


def test_a_sound_photograph_is_described(tmp_path):
    retina().save(tmp_path / "Auge ü.jpg", quality=90)
    facts = inspect_photograph(tmp_path / "Auge ü.jpg", LARGEST)
    assert list(facts) == list(PHOTOGRAPH_FACTS)
    assert (facts["format"], facts["mode"], facts["bits"]) == ("JPEG", "RGB", 8)
    assert (facts["width"], facts["height"], facts["frames"], facts["exif_orientation"]) == (360, 300, 1, 1)
    assert facts["bytes"] == (tmp_path / "Auge ü.jpg").stat().st_size
    assert facts["error"] == facts["error_kind"] == ""
    assert facts["level_spread"] > 10


# PNG and TIFF end with bytes that hold no pixel: there only a loss that reaches the pixels can matter.
@pytest.mark.parametrize(
    ("suffix", "lost"), [("jpg", 1), ("jpg", 50), ("jpg", 2000), ("bmp", 1), ("bmp", 50), ("png", 2000), ("tif", 2000)]
)
def test_a_file_that_lost_its_end_is_damaged(tmp_path, suffix, lost):
    path = tmp_path / f"x.{suffix}"
    retina().save(path)
    path.write_bytes(path.read_bytes()[:-lost])
    facts = inspect_photograph(path, LARGEST)
    assert facts["error_kind"] in ("damaged", "no image")
    assert facts["error"]
    assert facts["perceptual_hash"] == ""


def test_what_is_no_photograph_is_distinguished(tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not an image")
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    retina().save(tmp_path / "gif.jpg", format="GIF")
    (tmp_path / "script.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    kinds = {
        "gone.jpg": "missing",
        "empty.jpg": "empty file",
        "text.jpg": "no image",
        "folder.jpg": "no file",
        "pipe.jpg": "no file",
        "gif.jpg": "no image",
        "script.jpg": "no image",
    }
    for name, kind in kinds.items():
        facts = inspect_photograph(tmp_path / name, LARGEST)
        assert facts["error_kind"] == kind, name
        assert facts["error"]
        assert inspect_mask(tmp_path / name, False, LARGEST)["error_kind"] == kind


def test_a_bomb_is_refused_by_its_header(tmp_path):
    retina().save(tmp_path / "x.png")
    facts = inspect_photograph(tmp_path / "x.png", 360 * 300 - 1)
    assert facts["error_kind"] == "too large"
    assert (facts["width"], facts["height"]) == (360, 300)
    # A header that promises more than Pillow itself would ever open.
    data = bytearray((tmp_path / "x.png").read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "x.png").write_bytes(data)
    assert inspect_photograph(tmp_path / "x.png", 10**8)["error_kind"] == "too large"


@pytest.mark.filterwarnings("ignore")
def test_random_damage_never_raises(tmp_path):
    random = np.random.default_rng(0)
    for suffix in ("jpg", "png", "tif", "bmp"):
        path = tmp_path / f"x.{suffix}"
        retina(size=(64, 48)).save(path)
        sound = path.read_bytes()
        for _ in range(40):
            data = bytearray(sound)
            for place in random.integers(0, min(len(data), 400), 6):
                data[place] = random.integers(256)
            path.write_bytes(data)
            assert list(inspect_photograph(path, LARGEST)) == list(PHOTOGRAPH_FACTS)
            assert list(inspect_mask(path, False, LARGEST)) == list(MASK_FACTS)


def test_unusual_modes_are_reported(tmp_path):
    colour = retina()
    grey16 = Image.fromarray(np.asarray(colour.convert("L")).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    saved = {
        "grey.jpg": (colour.convert("L"), {}, {"mode": "L", "bits": 8}),
        "cmyk.jpg": (colour.convert("CMYK"), {}, {"mode": "CMYK"}),
        "alpha.png": (colour.convert("RGBA"), {}, {"mode": "RGBA"}),
        "deep.png": (grey16, {}, {"bits": 16}),
        "deep.tif": (grey16, {}, {"bits": 16}),
        "turned.jpg": (colour, {"exif": exif}, {"exif_orientation": 6, "width": 360}),
        "pages.tif": (colour, {"save_all": True, "append_images": [colour]}, {"frames": 2}),
    }
    for name, (image, options, expected) in saved.items():
        image.save(tmp_path / name, **options)
        facts = inspect_photograph(tmp_path / name, LARGEST)
        assert facts["error"] == "", name
        assert {key: facts[key] for key in expected} == expected, name


def test_a_blank_photograph_has_no_hash(tmp_path):
    Image.new("RGB", (200, 200), (1, 0, 0)).save(tmp_path / "x.jpg")
    facts = inspect_photograph(tmp_path / "x.jpg", LARGEST)
    assert facts["perceptual_hash"] == ""
    assert facts["level_spread"] < 1


def test_copies_have_nearly_one_hash_and_other_photographs_another(tmp_path):
    image = retina(size=(1200, 1000))
    exif = Image.Exif()
    exif[0x0112] = 8
    wide = Image.new("RGB", (1500, 1300))
    wide.paste(image, (30, 200))
    copies = {
        "png": hash_of(image, tmp_path),
        "quality 30": hash_of(image, tmp_path, "x.jpg", quality=30),
        "smaller": hash_of(image.resize((500, 417)), tmp_path),
        "another aspect": hash_of(image.resize((784, 784)), tmp_path),
        "wider borders": hash_of(wide, tmp_path),
        "brighter": hash_of(image.point(lambda level: min(255, int(level * 1.15))), tmp_path),
        "turned by EXIF": hash_of(image.transpose(Image.Transpose.ROTATE_270), tmp_path, "y.jpg", exif=exif),
    }
    original = hash_of(image, tmp_path, "z.jpg", quality=95)
    assert {name: bool(distance(original, copy) < 0.12) for name, copy in copies.items()} == dict.fromkeys(copies, True)
    others = [hash_of(retina(seed), tmp_path) for seed in range(1, 6)]
    assert min(distance(original, other) for other in others) > 0.2


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "RGBA", "I;16", "drawn with 1"])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_masks_lesion_is_found_in_any_mode(tmp_path, mode, inverted):
    lesion = np.zeros((40, 50), bool)
    lesion[10:15, 20:24] = True
    marked = ~lesion if inverted else lesion
    if mode == "P":
        image = Image.fromarray(marked.astype(np.uint8))
        image.putpalette([0, 0, 0, 128, 0, 0])
    elif mode == "I;16":
        image = Image.fromarray(marked.astype(np.uint16) * 65535)
    elif mode == "drawn with 1":
        image = Image.fromarray(marked.astype(np.uint8))
    else:
        image = Image.fromarray(marked.astype(np.uint8) * 255).convert(mode)
    image.save(tmp_path / "x.tif")
    facts = inspect_mask(tmp_path / "x.tif", inverted, LARGEST)
    assert facts["error"] == ""
    assert (facts["lesion_pixels"], facts["lesion_share"]) == (20, 0.01)
    assert facts["value_count"] == 2


def test_the_number_of_threads_changes_nothing(tmp_path):
    paths = [tmp_path / f"{seed}.jpg" for seed in range(6)]
    for seed, path in enumerate(paths):
        retina(seed).save(path)
    paths[2].write_bytes(b"")
    jobs = [(path, LARGEST) for path in paths]
    found = [inspect_many(inspect_photograph, jobs, threads, "photographs") for threads in (1, 4)]
    assert found[0] == found[1]
    assert [facts["path"] for facts in found[0]] == [str(path) for path in paths]
    assert len({facts["sha256"] for facts in found[0]}) == 6


def test_facts_survive_the_csv(tmp_path):
    retina().save(tmp_path / 'a, "b" ü.png')
    facts = [inspect_photograph(tmp_path / name, LARGEST) for name in ('a, "b" ü.png', "gone\nfile.png")]
    facts[1]["sha256"] = "00123456789"
    table = fact_table(frame([{"id": "NA"}, {"id": "x/2"}], ())[["id"]], facts, PHOTOGRAPH_FACTS)
    table.to_csv(tmp_path / "facts.csv", index=False)
    again = read_facts(tmp_path / "facts.csv", PHOTOGRAPH_FACTS)
    assert again.equals(table)
    assert again.dtypes.equals(table.dtypes)


def test_mask_jobs_follow_the_images_and_then_the_lesions():
    rows = [{"id": "b", "mask_MA": "b_ma"}, {"id": "a", "mask_MA": "a_ma", "mask_EX": "a_ex"}, {"id": "c"}]
    jobs = mask_jobs(frame(rows, ("MA", "EX")), ("MA", "EX"))
    assert jobs.to_numpy().tolist() == [["b", "MA", "b_ma"], ["a", "MA", "a_ma"], ["a", "EX", "a_ex"]]
