"""Which files look like images, by their names and first bytes, and which of them the workflow reads."""

from __future__ import annotations

import stat
from pathlib import Path

# JPEG, PNG, TIFF and BMP. A name without any ending is read too where the content is one of these.
READ_ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".dib")
_OF_CAMERAS = ".dng .nef .nrw .cr2 .cr3 .crw .arw .srf .sr2 .raf .orf .rw2 .pef .srw .x3f .3fr .raw .mpo .jps"
_OF_MEDICINE = (
    ".dcm .dicom .nii .mha .mhd .nrrd .e2e .fda .fds .oct .svs .ndpi .scn .vms .mrxs .btf .czi .lif .fits .fts"
)
_OF_PROGRAMS = (
    ".webp .gif .apng .avif .avifs .heic .heif .hif .jxl .jp2 .j2k .j2c .jpc .jpf .jpx .jpm .jxr .wdp .hdp .jls .ppm "
    ".pgm .pbm .pnm .pam .pfm .tga .icb .vda .vst .psd .psb .xcf .kra .ico .cur .icns .pcx .dcx .sgi .rgb .rgba .bw "
    ".ras .xbm .xpm .dds .exr .hdr .qoi"
)
# Images all the same, so that a folder that holds one is never read as if it were not there.
OTHER_ENDINGS = frozenset(f"{_OF_CAMERAS} {_OF_MEDICINE} {_OF_PROGRAMS}".split())
_PACKED = frozenset((".gz", ".bz2", ".xz", ".zst", ".lz4", ".z", ".zip", ".7z", ".rar"))
ARCHIVE_ENDINGS = (".zip", ".7z", ".rar", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst")
_HEAD_BYTES = 132


def ending(name: str) -> str:
    """Return the ending of a file's name with its dot, in lower case; of a packed image both, e.g. ``".jpg.gz"``."""
    path = Path(name)
    last = path.suffix.casefold()
    inner = Path(path.stem).suffix.casefold()
    return inner + last if last in _PACKED and is_image_ending(inner) else last


def is_image_ending(text: str) -> bool:
    """Return whether an ending (lower case, with its dot) is that of an image, read or not, packed or not."""
    image, _, packed = text.removeprefix(".").partition(".")
    if packed and f".{packed}" not in _PACKED:
        return False
    return f".{image}" in READ_ENDINGS or f".{image}" in OTHER_ENDINGS


def is_read(name: str) -> bool:
    """Return whether the workflow reads a file of this name: it ends as JPEG, PNG, TIFF and BMP do, or not at all."""
    return ending(name) in ("", *READ_ENDINGS)


def content_kind(head: bytes) -> str:
    """Return what kind of image begins with these bytes, or ``""``.

    Args:
        head: The first bytes of the file, 132 or more where it has them.
    """
    for kind, signs in _SIGNS.items():
        if any(head.startswith(sign) for sign in signs):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "")
    if head[128:132] == b"DICM":
        return "DICOM"
    if head[:2] in (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"P7", b"Pf", b"PF") and head[2:3].isspace():
        return "Netpbm"
    # Many a text begins with "BM" too: the size of the header after it decides.
    if head[:2] == b"BM" and head[14:18] in _BMP_HEADERS:
        return "BMP"
    return ""


def looks_like_image(path: Path) -> bool:
    """Return whether a file is named as images are or begins as they do; only its name counts if it is not regular."""
    return is_image_ending(ending(path.name)) or bool(kind_of(path))


def kind_of(path: Path) -> str:
    """Return what kind of image a file's first bytes are of, or ``""``; nothing else than a regular file is opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return ""
        with path.open("rb") as file:
            return content_kind(file.read(_HEAD_BYTES))
    except OSError:
        return ""


_SIGNS = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "GIF": (b"GIF87a", b"GIF89a"),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    "JPEG XL": (b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"),
    "JPEG XR": (b"II\xbc",),
    "Photoshop": (b"8BPS",),
    "OpenEXR": (b"\x76\x2f\x31\x01",),
    "QOI": (b"qoif",),
    "FITS": (b"SIMPLE  =",),
}
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"), "HEIF"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    b"crx ": "raw photograph",
}
_BMP_HEADERS = tuple(size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124))
