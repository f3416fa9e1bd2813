"""Facts of one photograph or mask file, and of many in parallel: what is there, not whether it is right."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from fundus_anomaly.audit.fact_tables import MASK_FACTS, PHOTOGRAPH_FACTS
from fundus_anomaly.audit.perceptual_hash import perceptual_hash
from fundus_anomaly.errors import InputError
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.imaging.colour_profile import profile_name
from fundus_anomaly.imaging.decode import has_alpha, opened, read_mask, read_photograph, reason_of
from fundus_anomaly.imaging.image_names import ending, is_read, kind_of
from fundus_anomaly.imaging.orientation import orientation, stored_size
from fundus_anomaly.progress import track

ERROR_KINDS = ("missing", "no file", "empty file", "no image", "too large", "damaged", "other format")

_REDUCED = (512, 512)
# Pillow finds the pages of a TIFF one after another, each step slower than the last: no file needs more to be unusual.
_MAX_FRAMES = 100
_BITS_TAG, _SUBFILE_TAG, _REDUCED_COPY = 258, 254, 1


def inspect_photograph(path: str | Path, max_pixels: int, bits_used: int = 16) -> dict[str, object]:
    """Return the facts of one photograph, one value for each name of :data:`PHOTOGRAPH_FACTS`.

    The whole file is decoded, JPEG at a reduced scale, which reads every byte of it all the same. Never raises for
    what the file holds: ``error`` says what is wrong, ``error_kind`` is one of :data:`ERROR_KINDS` or ``""``.

    Args:
        path: The file.
        max_pixels: The largest width × height that is decoded; the header is checked before any pixel.
        bits_used: Bits that hold the levels of a file of 16 or more that does not state it, 8 to 16.

    Returns:
        ``width`` and ``height`` in pixels as stored, before the turn by ``exif_orientation`` (1 to 8, of a TIFF its
        tag); ``bits`` a channel; ``alpha`` 1 where colours may be transparent; ``colour_profile`` its name;
        ``larger_page`` the size of a larger picture in the file than the first; ``highest_level``, ``white_level`` and
        ``container_level`` as :class:`.decode.Photograph` has them; ``level_mean`` and ``level_spread`` (mean and
        standard deviation of the grey level, 0–255); ``frames`` of a TIFF at most 100; ``perceptual_hash`` ``""`` for
        an unreadable photograph.
    """

    def look(facts: dict[str, object]) -> None:
        photograph = read_photograph(path, _REDUCED, max_pixels, bits_used)
        facts["highest_level"], facts["white_level"] = photograph.highest, photograph.white
        facts["container_level"] = photograph.container
        grey = np.asarray(Image.fromarray(photograph.rgb).convert("L"))
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
        ``width``, ``height`` and ``exif_orientation`` as of a photograph; ``values`` the levels or colours that occur,
        the first eight; ``value_count`` how many there are; ``rule`` what of them is taken as marked, in words;
        ``lesion_pixels`` and ``lesion_share`` the number and the share of lesion pixels.
    """

    def look(facts: dict[str, object]) -> None:
        mask = read_mask(path, max_pixels)
        facts["values"], facts["value_count"], facts["rule"] = mask.values, mask.value_count, mask.rule
        marked = int(np.count_nonzero(mask.bright))
        count = mask.bright.size - marked if inverted else marked
        facts["lesion_pixels"], facts["lesion_share"] = count, count / mask.bright.size

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
    # A file is untrusted: what a broken one makes a decoder raise is a fact about the file.
    kind = "no image"
    try:
        status = path.stat()
        facts["bytes"] = status.st_size
        if not stat.S_ISREG(status.st_mode):
            return facts | {"error": "not a regular file", "error_kind": "no file"}
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
        return facts | {"error": f"a file that cannot be decoded ({reason_of(error, path)})", "error_kind": kind}
    return facts


def _other_format(path: Path) -> str:
    """Say of a file whose name does not end as those do that are read what it is and what to do."""
    content = kind_of(path)
    what = f" and holds {content}" if content else ""
    return f"a name that ends in {ending(path.name)!r}{what}; save it as JPEG, PNG, TIFF or BMP, with that ending"


def _header(path: Path, max_pixels: int) -> dict[str, object]:
    """Return what the header says; no pixel is decoded, so any size is allowed here."""
    with opened(path, 2**62) as image:
        bits = {"1": 1, "I": 32, "F": 32}.get(image.mode, 16 if image.mode.startswith("I;") else 8)
        if image.format == "PNG":
            # Pillow reduces 16-bit colour on reading; only the file itself still says that there were 16.
            with path.open("rb") as file:
                bits = file.read(25)[24]
        elif image.format == "TIFF":
            stored = image.tag_v2.get(_BITS_TAG, 1)
            bits = max(stored) if isinstance(stored, tuple) else stored
        width, height = stored_size(image)
        # A PNG is decoded whole in search of its EXIF data.
        turn = orientation(image) if width * height <= max_pixels else 1
        frames, larger = _frames(image)
        return {
            "format": image.format,
            "mode": image.mode,
            "bits": int(bits),
            "width": width,
            "height": height,
            "frames": frames,
            "larger_page": larger,
            "exif_orientation": turn,
            "alpha": int(has_alpha(image)),
            "colour_profile": profile_name(image),
        }


def _frames(image: Image.Image) -> tuple[int, str]:
    """Return the number of pictures in a file, of a TIFF at most :data:`_MAX_FRAMES`, and what the first one is not.

    The second is the size of the largest picture if that is larger than the first, or a few words where a TIFF's first
    page calls itself a reduced copy; else ``""``. The first picture stays chosen.
    """
    if image.format == "MPO":
        # What follows the first picture is not needed, so that its faults do not count.
        sizes = [image.size]
        with suppress(Exception):
            for number in range(1, min(image.n_frames, _MAX_FRAMES)):
                image.seek(number)
                sizes.append(image.size)
        image.seek(0)
        return image.n_frames, _larger(sizes)
    if image.format != "TIFF":
        return int(getattr(image, "n_frames", 1)), ""
    kind = image.tag_v2.get(_SUBFILE_TAG, 0)
    sizes = [image.size]
    with suppress(EOFError):
        while len(sizes) < _MAX_FRAMES:
            image.seek(len(sizes))
            sizes.append(image.size)
    image.seek(0)
    reduced = isinstance(kind, int) and kind & _REDUCED_COPY
    return len(sizes), _larger(sizes) or ("a full picture that this is a reduced copy of" if reduced else "")


def _larger(sizes: list[tuple[int, int]]) -> str:
    """Return the largest of the sizes as text if it is larger than the first; else nothing."""
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return f"{width}×{height}" if width * height > sizes[0][0] * sizes[0][1] else ""
