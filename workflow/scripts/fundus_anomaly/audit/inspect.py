"""Facts of one photograph or mask file, and of many in parallel: what is there, without a judgement."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from ..digest import sha256
from ..errors import InputError
from ..imaging.decode import decode, decode_mask, opened
from ..imaging.image_names import ending, is_read, kind_of
from ..progress import track
from .perceptual_hash import perceptual_hash

FILE_FACTS = {
    "path": "str",
    "bytes": "int64",
    "sha256": "str",
    "format": "str",
    "mode": "str",
    "bits": "int64",
    "width": "int64",
    "height": "int64",
    "frames": "int64",
    "exif_orientation": "int64",
    "error": "str",
    "error_kind": "str",
}
PHOTOGRAPH_FACTS = FILE_FACTS | {"perceptual_hash": "str", "level_mean": "float64", "level_spread": "float64"}
MASK_FACTS = FILE_FACTS | {"values": "str", "value_count": "int64", "lesion_pixels": "int64", "lesion_share": "float64"}
ERROR_KINDS = ("missing", "no file", "empty file", "no image", "too large", "damaged", "other format")

_REDUCED = (512, 512)
_SHOWN_VALUES = 8
# Pillow finds the pages of a TIFF one after another, each step slower than the last: no file needs more to be unusual.
_MOST_FRAMES = 100
_ORIENTATION_TAG, _BITS_TAG = 0x0112, 258


def inspect_photograph(path: str | Path, max_pixels: int) -> dict[str, object]:
    """Return the facts of one photograph, one value for each name of :data:`PHOTOGRAPH_FACTS`.

    The whole file is decoded, JPEG at a reduced scale, which reads every byte of it all the same. Never raises for
    what the file holds: ``error`` says what is wrong, ``error_kind`` is one of :data:`ERROR_KINDS` or ``""``.

    Args:
        path: The file.
        max_pixels: The largest width × height that is decoded; the header tells before any pixel is.

    Returns:
        ``width`` and ``height`` in pixels as stored, before the EXIF turn; ``bits`` a channel; ``level_mean`` and
        ``level_spread`` (mean and standard deviation of the grey level, 0–255); ``frames`` of a TIFF at most 100;
        ``perceptual_hash`` ``""`` for an unreadable photograph.
    """

    def look(facts: dict[str, object]) -> None:
        rgb, _ = decode(path, _REDUCED, max_pixels)
        grey = np.asarray(Image.fromarray(rgb).convert("L"))
        facts["level_mean"], facts["level_spread"] = round(float(grey.mean()), 3), round(float(grey.std()), 3)
        facts["perceptual_hash"] = perceptual_hash(grey)

    return _inspected(Path(path), max_pixels, PHOTOGRAPH_FACTS, look)


def inspect_mask(path: str | Path, inverted: bool, max_pixels: int) -> dict[str, object]:
    """Return the facts of one lesion mask, one value for each name of :data:`MASK_FACTS`.

    Args:
        path: The file.
        inverted: Whether 0 marks the lesion.
        max_pixels: The largest width × height that is decoded.

    Returns:
        ``values`` the levels (of a palette: the indices) that occur, the first eight; ``value_count`` how many there
        are; ``lesion_pixels`` and ``lesion_share`` the number and the share of lesion pixels.
    """

    def look(facts: dict[str, object]) -> None:
        with opened(path, max_pixels) as image:
            if image.mode in ("I", "F") or image.mode.startswith("I;"):
                values = np.unique(np.asarray(image))
            else:
                values = np.flatnonzero((image if image.mode in ("P", "L") else image.convert("L")).histogram())
        more = " …" if len(values) > _SHOWN_VALUES else ""
        facts["values"] = " ".join(str(value) for value in values[:_SHOWN_VALUES]) + more
        facts["value_count"] = len(values)
        lesion = decode_mask(path, inverted, max_pixels)
        count = int(np.count_nonzero(lesion))
        facts["lesion_pixels"], facts["lesion_share"] = count, count / lesion.size

    return _inspected(Path(path), max_pixels, MASK_FACTS, look)


def inspect_many(
    inspect: Callable[..., dict[str, object]], jobs: Iterable[tuple], threads: int, what: str
) -> list[dict[str, object]]:
    """Return the facts of many files, in the order of the jobs whatever the number of threads.

    Args:
        inspect: :func:`inspect_photograph` or :func:`inspect_mask`.
        jobs: The arguments of each call.
        threads: Number of threads; decoding runs outside of Python's lock.
        what: What is read, for the progress bar.
    """
    jobs = list(jobs)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        return list(track(pool.map(lambda job: inspect(*job), jobs), len(jobs), what, "file"))


def _inspected(
    path: Path, max_pixels: int, names: dict[str, str], look: Callable[[dict[str, object]], None]
) -> dict[str, object]:
    """Return the facts of a file: its bytes, its header, and what ``look`` adds from its pixels."""
    nothing = {"str": "", "int64": 0, "float64": 0.0}
    facts: dict[str, object] = {name: nothing[kind] for name, kind in names.items()} | {"path": str(path)}
    # A file is untrusted: whatever a broken one makes a decoder raise is a fact about it and no fault of the audit.
    kind = "no image"
    try:
        status = path.stat()
        facts["bytes"] = status.st_size
        if not stat.S_ISREG(status.st_mode):
            return facts | {"error": "no regular file", "error_kind": "no file"}
        if status.st_size == 0:
            return facts | {"error": "a file of 0 bytes", "error_kind": "empty file"}
        if not is_read(path.name):
            return facts | {"error": _other_format(path), "error_kind": "other format"}
        facts["sha256"] = sha256(path)
        facts |= _header(path, max_pixels)
        kind = "too large" if int(facts["width"]) * int(facts["height"]) > max_pixels else "damaged"
        look(facts)
    except FileNotFoundError:
        return facts | {"error": "no such file", "error_kind": "missing"}
    except InputError as error:
        kind = "too large" if isinstance(error.__cause__, Image.DecompressionBombError) else kind
        return facts | {"error": error.problems[0].found, "error_kind": kind}
    except Exception as error:
        return facts | {"error": f"a file that cannot be decoded ({type(error).__name__}: {error})", "error_kind": kind}
    return facts


def _other_format(path: Path) -> str:
    """Say of a file whose name does not end as those do that are read what it is and what to do."""
    content = kind_of(path)
    what = f" and holds {content}" if content else ""
    return f"a name that ends in {ending(path.name)!r}{what}; save it as JPEG, PNG, TIFF or BMP, with that ending"


def _header(path: Path, max_pixels: int) -> dict[str, object]:
    """Return what the header tells; no pixel is decoded, so any size is allowed here."""
    with opened(path, 2**62) as image:
        bits = {"1": 1, "I": 32, "F": 32}.get(image.mode, 16 if image.mode.startswith("I;") else 8)
        if image.format == "PNG":
            # Pillow reduces 16-bit colour on reading; only the file itself still says that there were 16.
            with path.open("rb") as file:
                bits = file.read(25)[24]
        elif image.format == "TIFF":
            stored = image.tag_v2.get(_BITS_TAG, 1)
            bits = max(stored) if isinstance(stored, tuple) else stored
        return {
            "format": image.format,
            "mode": image.mode,
            "bits": int(bits),
            "width": image.width,
            "height": image.height,
            "frames": _frames(image),
            # A PNG is decoded whole in search of its EXIF data.
            "exif_orientation": _orientation(image) if image.width * image.height <= max_pixels else 1,
        }


def _frames(image: Image.Image) -> int:
    """Return the number of pictures in a file, of a TIFF at most :data:`_MOST_FRAMES`; the first one stays chosen."""
    if image.format != "TIFF":
        return int(getattr(image, "n_frames", 1))
    count = 1
    with suppress(EOFError):
        while count < _MOST_FRAMES:
            image.seek(count)
            count += 1
    image.seek(0)
    return count


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none."""
    value = image.getexif().get(_ORIENTATION_TAG, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
