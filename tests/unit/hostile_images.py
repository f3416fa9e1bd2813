"""Photographs as nobody wants them."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from hostile_case import Case
from PIL import Image

from fundus_anomaly.audit.admission import admit
from fundus_anomaly.audit.fact_tables import PHOTOGRAPH_FACTS, fact_table
from fundus_anomaly.audit.inspect import inspect_photograph
from fundus_anomaly.audit.photograph_findings import photograph_findings
from fundus_anomaly.datasets.manifest import frame
from fundus_anomaly.imaging.decode import decode
from fundus_anomaly.imaging.preprocess import preprocess

MOST = 1_000_000

COLOURS = np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8)

LESION = np.zeros((24, 32), bool)

LESION[4:9, 10:20] = True

BROKEN = ("cannot be decoded", "a whole JPEG, PNG, TIFF or BMP image", "replace the file")


def picture(name: str, image: Image.Image, **options):
    """Return a maker of an image file."""

    def make(folder: Path) -> Path:
        image.save(folder / name, **options)
        return folder / name

    return make


def content(name: str, data: bytes):
    """Return a maker of a file of these bytes."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(side: int) -> bytes:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")


def bmp_bomb(side: int) -> bytes:
    return struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)


def tiff_bomb(side: int) -> bytes:
    tags = [(256, side), (257, side), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, side), (279, 1)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)


def png_with(kind: bytes, data: bytes) -> bytes:
    """Return a good PNG with a chunk of another kind before its pixels."""
    good = encoded(Image.fromarray(COLOURS), "PNG")
    return good[:33] + png_chunk(kind, data) + good[33:]


def turned(turn: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = turn
    return exif


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.jpg")
    return folder / "pipe.jpg"


def device(folder: Path) -> Path:
    (folder / "endless.jpg").symlink_to("/dev/zero")
    return folder / "endless.jpg"


def as_photograph(path: Path, results: Path) -> np.ndarray:
    return decode(path, (24, 32), MOST)[0]


def audited(path: Path, results: Path):
    """Return the facts of a test photograph, its findings by kind, and what the gate leaves out by the audit."""
    good = {name: dict.fromkeys(PHOTOGRAPH_FACTS, "")[name] for name in PHOTOGRAPH_FACTS}
    good |= {"bytes": 1, "bits": 8, "width": 32, "height": 24, "frames": 1, "exif_orientation": 1}
    good |= {"alpha": 0, "highest_level": 255.0, "white_level": 255.0, "container_level": 255.0}
    good |= {"level_mean": 90.0, "level_spread": 40.0, "format": "PNG", "mode": "RGB"}
    facts = [inspect_photograph(path, MOST)] + [good | {"sha256": f"{n}"} for n in range(2)]
    rows = [{"id": name, "path": str(path), "split": split} for name, split in IMAGES]
    manifest = frame(rows, ())
    table = fact_table(manifest[["id"]], facts, PHOTOGRAPH_FACTS)
    findings = photograph_findings(manifest, table, 0.0)
    return facts[0], findings, manifest


IMAGES = (("set/bad", "test"), ("set/good", "test"), ("set/normal", "train"))


def kinds(result) -> set[str]:
    return {finding.kind for finding in result[1] if "set/bad" in finding.ids}


def gate(on_bad_image: str):
    def read(path: Path, results: Path) -> pd.DataFrame:
        _, findings, manifest = audited(path, results)
        return admit(manifest, findings, on_bad_image)

    return read


def close(wanted: np.ndarray, off: float = 3.0):
    return lambda found: found.shape == wanted.shape and np.abs(found.astype(int) - wanted).mean() < off


RGB, GREY = Image.fromarray(COLOURS), Image.fromarray(COLOURS[..., 0])

SMOOTH = np.tile(np.linspace(0, 250, 32).astype(np.uint8)[None, :, None], (24, 1, 3))

THREE = np.repeat(COLOURS[..., :1], 3, 2)

BLACK = Image.new("RGB", (32, 24))

RED = {"save_all": True, "append_images": [Image.new("RGB", (32, 24), "red")]}

ALPHA = Image.fromarray(np.dstack([COLOURS, LESION * np.uint8(255)]))

FLOATS = np.where(LESION, np.nan, np.where(LESION[::-1], np.inf, 0.5)).astype(np.float32)

TIFF_TAGS = np.frombuffer(struct.pack("<2sHIHI", b"II", 42, 8, 0, 0), np.uint8).tobytes()

CASES = [
    Case("empty image", content("e.jpg", b""), as_photograph, ("e.jpg", *BROKEN)),
    Case("truncated JPEG", content("t.jpg", encoded(RGB, "JPEG")[:-300]), as_photograph, ("t.jpg", *BROKEN)),
    Case("truncated PNG", content("t.png", encoded(RGB, "PNG")[:-300]), as_photograph, ("t.png", *BROKEN)),
    Case("PNG bomb", content("b.png", png_bomb(100_000)), as_photograph, ("b.png", "1,000,000 pixels", "replace")),
    Case("BMP bomb", content("b.bmp", bmp_bomb(100_000)), as_photograph, ("b.bmp", "1,000,000 pixels", "replace")),
    Case("TIFF bomb", content("b.tif", tiff_bomb(100_000)), as_photograph, ("b.tif", "1,000,000 pixels", "replace")),
    Case("a small bomb", content("s.png", png_bomb(9000)), as_photograph, ("9000×9000", "data.max_pixels", "raise")),
    Case(
        "text chunk bomb",
        content("z.png", png_with(b"zTXt", b"a\0\0" + zlib.compress(bytes(300 * 2**20)))),
        as_photograph,
        ("z.png", *BROKEN),
    ),
    Case(
        "colour profile bomb",
        content("i.png", png_with(b"iCCP", b"a\0\0" + zlib.compress(bytes(300 * 2**20)))),
        as_photograph,
        ("i.png", *BROKEN),
    ),
    Case("PNG named .jpg", content("a.jpg", encoded(RGB, "PNG")), as_photograph, handled=close(COLOURS, 1)),
    Case("GIF named .png", content("g.png", encoded(RGB, "GIF")), as_photograph, ("g.png", *BROKEN)),
    Case("text named .jpg", content("n.jpg", b"no image"), as_photograph, ("n.jpg", *BROKEN)),
    Case("named pipe", pipe, as_photograph, ("pipe.jpg", "not a regular file", "replace the file")),
    Case("endless device", device, as_photograph, ("endless.jpg", "not a regular file", "replace the file")),
    Case("TIFF without a size", content("s.tif", TIFF_TAGS), as_photograph, ("s.tif", *BROKEN)),
    Case("animated PNG", picture("a.png", RGB, **RED), as_photograph, handled=close(COLOURS, 1)),
    Case("multi-page TIFF", picture("m.tif", RGB, **RED), as_photograph, handled=close(COLOURS, 1)),
    Case(
        "multi-page TIFF, audit",
        picture("m.tif", RGB, **RED),
        audited,
        handled=lambda found: "several pictures in one file" in kinds(found) and found[0]["frames"] == 2,
    ),
    Case(
        "TIFF of 300 pages",
        picture("m.tif", GREY, save_all=True, append_images=[GREY] * 299),
        audited,
        handled=lambda found: found[0]["frames"] == 100,
    ),
    Case(
        "CMYK",
        picture("c.jpg", Image.fromarray(SMOOTH).convert("CMYK"), quality=95),
        as_photograph,
        handled=close(SMOOTH),
    ),
    Case("CMYK, audit", picture("c.jpg", RGB.convert("CMYK")), audited, handled=lambda found: "CMYK" in kinds(found)),
    Case(
        "1-bit",
        picture("1.png", Image.fromarray(LESION)),
        as_photograph,
        handled=close(np.repeat(LESION[..., None], 3, 2) * 255, 0.1),
    ),
    Case(
        "16-bit",
        picture("16.png", Image.fromarray(COLOURS[..., 0].astype(np.uint16) * 257)),
        as_photograph,
        handled=close(THREE, 0.1),
    ),
    Case(
        "16-bit, audit",
        picture("16.png", Image.fromarray(COLOURS[..., 0].astype(np.uint16) * 257)),
        audited,
        handled=lambda found: found[0]["bits"] == 16 and "more than 8 bits" in kinds(found),
    ),
    Case(
        "float TIFF",
        picture("f.tif", Image.fromarray(COLOURS[..., 0] / np.float32(255))),
        as_photograph,
        handled=close(THREE, 1),
    ),
    Case(
        "float TIFF with NaN and ∞",
        picture("f.tif", Image.fromarray(FLOATS)),
        as_photograph,
        ("f.tif", "100 pixels that are infinite or not a number", "finite levels", "save the file with 8 bits"),
    ),
    Case("alpha", picture("a.png", ALPHA), as_photograph, handled=close(COLOURS * LESION[..., None], 0.1)),
    Case("EXIF turn", picture("e.png", RGB, exif=turned(6)), as_photograph, handled=close(np.rot90(COLOURS, -1), 0.1)),
    Case(
        "EXIF turn that does not exist",
        picture("e.png", RGB, exif=turned(99)),
        as_photograph,
        handled=close(COLOURS, 0.1),
    ),
    Case(
        "EXIF of rubbish",
        content("x.jpg", encoded(RGB, "JPEG", quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")),
        as_photograph,
        handled=lambda found: found.shape == COLOURS.shape,
    ),
    Case("1×1", picture("1.png", RGB.crop((0, 0, 1, 1))), gate("fail"), ("set/bad", "one level everywhere", "exclude")),
    Case("all black", picture("k.png", BLACK), gate("fail"), ("set/bad", "k.png", "one level everywhere", "Replace")),
    Case(
        "all black, to be left out",
        picture("k.png", BLACK),
        gate("exclude"),
        handled=lambda left: left["id"].tolist() == ["set/bad"] and "one level" in left["reason"].iloc[0],
    ),
    Case(
        "non-fundus",
        picture("n.png", RGB),
        lambda path, results: preprocess(path, size=48, aspect="keep", graham=True, max_pixels=MOST),
        handled=lambda found: found.image.shape == (48, 48, 3),
    ),
]
