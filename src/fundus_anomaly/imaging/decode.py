"""Decoding of photographs and masks: any mode to 8 bits, upright, at the cheapest scale that suffices."""

from __future__ import annotations

import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.imaging.levels import Levels, deep_levels, prepare
from fundus_anomaly.imaging.mask_reading import MaskReading, UnclearMaskError, read_colours, read_grey, read_palette
from fundus_anomaly.imaging.orientation import orientation, stored_size, upright, upright_size

# No other decoder sees a foreign file. MPO, a JPEG with a second picture in it, comes in through JPEG.
FORMATS = ("JPEG", "PNG", "TIFF", "BMP")


@contextmanager
def opened(path: str | Path, max_pixels: int) -> Iterator[Image.Image]:
    """Yield the image of a file, its size checked before any pixel is decoded.

    Args:
        path: The image file.
        max_pixels: The largest width × height that is accepted.

    Raises:
        InputError: If the file is missing, not a regular file, no image, larger than allowed, or truncated.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            if not stat.S_ISREG(Path(path).stat().st_mode):
                # A pipe or a device would never end.
                raise OSError("not a regular file")
            with Image.open(path, formats=FORMATS) as image:
                width, height = image.size
                if width * height > max_pixels:
                    raise InputError(
                        Problem(
                            str(path),
                            f"{width}×{height} pixels",
                            f"at most {max_pixels:,} pixels (data.max_pixels)",
                            "replace the file, exclude its id in data.exclude, or raise data.max_pixels",
                        )
                    )
                if image.format == "BMP":
                    _read_by_its_bits(image, path)
                yield image
        except Image.DecompressionBombError as error:
            # Pillow's own limit; below it, the configured one applies.
            raise InputError(
                Problem(
                    str(path),
                    f"more pixels than can be decoded ({error})",
                    f"at most {min(max_pixels, 2 * Image.MAX_IMAGE_PIXELS):,} pixels",
                    "replace the file, or exclude its id in data.exclude",
                )
            ) from error
        except InputError:
            raise
        except Exception as error:
            # A file is untrusted: a broken one makes decoders raise errors of every kind, KeyError and TypeError too.
            raise InputError(
                Problem(
                    str(path),
                    f"a file that cannot be decoded ({reason_of(error, path)})",
                    "a whole JPEG, PNG, TIFF or BMP image",
                    "replace the file, or exclude its id in data.exclude",
                )
            ) from error


def reason_of(error: Exception, path: str | Path) -> str:
    """Return what a decoder says of a file, without the file's path: who reads it need not know the folder."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    said = str(error) if isinstance(error, OSError | SyntaxError) else f"{type(error).__name__}: {error}"
    for form in (repr(str(path)), str(path)):
        said = said.replace(f" {form}", "").replace(form, "the file")
    return said


def _read_by_its_bits(image: Image.Image, path: str | Path) -> None:
    """Make Pillow read a BMP by its number of bits: two colours, black and white, it takes for one bit a pixel.

    Raises:
        OSError: If Pillow would take the pixels for wider or narrower ones than they are.
    """
    with Path(path).open("rb") as file:
        head = file.read(30)
    bits = int.from_bytes(head[24:26] if head[14] == 12 else head[28:30], "little")
    if bits == {"1": 1, "L": 8}.get(image.mode, bits):
        return
    if (image.mode, bits) != ("1", 8) or image.tile[0].codec_name != "raw":
        raise OSError(f"a BMP of {bits} bits a pixel whose palette is taken for another number of bits")
    image.tile = [tile._replace(args=("1;8", *tile.args[1:])) for tile in image.tile]


@dataclass(frozen=True)
class Photograph:
    """A decoded photograph.

    Attributes:
        rgb: ``(H, W, 3)`` uint8 RGB, upright.
        full_size: The file's ``(height, width)`` in pixels, upright.
        highest: The highest level of any channel, as the file counts.
        white: The level that was taken for full brightness, likewise.
        container: The largest level that the file's kind of number holds.
    """

    rgb: np.ndarray
    full_size: tuple[int, int]
    highest: float
    white: float
    container: float


def decode(
    path: str | Path, at_least: tuple[int, int], max_pixels: int, bits_used: int = 16
) -> tuple[np.ndarray, tuple[int, int]]:
    """Decode a photograph to RGB; see :func:`read_photograph`.

    Returns:
        ``(H, W, 3)`` uint8 RGB, and the file's full upright size ``(height, width)`` in pixels.
    """
    photograph = read_photograph(path, at_least, max_pixels, bits_used)
    return photograph.rgb, photograph.full_size


def read_photograph(path: str | Path, at_least: tuple[int, int], max_pixels: int, bits_used: int = 16) -> Photograph:
    """Decode a photograph to RGB, upright, at the smallest JPEG scale that is large enough.

    JPEG files are decoded at 1/2, 1/4 or 1/8 of their size where both sides stay at least as long as asked for;
    this skips most of the inverse cosine transforms. Alpha is laid over black; grey, palettes and CMYK become RGB;
    more than 8 bits are brought to 8 (:func:`.levels.deep_levels`). No colour profile is applied.

    Args:
        path: The photograph.
        at_least: Height and width in pixels that the result should not fall below, if the file has them.
        max_pixels: The largest width × height that is accepted.
        bits_used: Bits that hold the levels of a file of 16 or more that does not state it, 8 to 16.

    Raises:
        InputError: If the file cannot be decoded or is too large, or has levels that do not lie between black and
            white.
    """
    with opened(path, max_pixels) as image:
        lower = prepare(image)
        turn = orientation(image)
        full = upright_size(stored_size(image), turn)[::-1]
        levels = deep_levels(image, turn, lower, path, bits_used)
        if levels is not None:
            highest = float(levels.values.max(initial=0))
            return Photograph(levels.as_rgb(), full, highest, levels.white, levels.container)
        # Pillow's draft counts the stored sides, width first.
        image.draft("RGB", upright_size((at_least[1], at_least[0]), turn))
        rgb = _rgb(image, turn)
        return Photograph(rgb, full, float(rgb.max(initial=0)), 255, 255)


def has_alpha(image: Image.Image) -> bool:
    """Return whether some colour of an opened file may be transparent."""
    return image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info


def _rgb(image: Image.Image, turn: int) -> np.ndarray:
    """Return an opened file of 8 bits a channel as ``(H, W, 3)`` uint8 RGB, upright, laid over black."""
    # Adobe stores CMYK inverted, and Pillow treats every JPEG so; files without Adobe's marker are not inverted.
    plain_cmyk = image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info
    image = upright(image, turn)
    if plain_cmyk:
        image = ImageChops.invert(image)
    if has_alpha(image):
        image = image.convert("LA") if image.mode == "La" else image
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image)
    return np.asarray(image.convert("RGB"))


def decode_mask(path: str | Path, inverted: bool, max_pixels: int) -> np.ndarray:
    """Decode a lesion mask: ``(H, W)`` bool, upright, true where the lesion is; see :func:`read_mask`.

    Args:
        path: The mask file.
        inverted: Whether what is not marked is the lesion, as in ADAM, where 0 is.
        max_pixels: The largest width × height that is accepted.
    """
    bright = read_mask(path, max_pixels).bright
    return ~bright if inverted else bright


def read_mask(path: str | Path, max_pixels: int) -> MaskReading:
    """Decode a lesion mask, upright, and say by what rule it is understood (:mod:`.mask_reading`).

    The rule depends on the picture, whatever its container: an alpha channel is laid over black, and a palette stands
    for its colours.

    Raises:
        InputError: If the file cannot be decoded, is too large, or may be understood in more than one way.
    """
    with opened(path, max_pixels) as image:
        lower = prepare(image)
        turn = orientation(image)
        try:
            return _mask(image, turn, deep_levels(image, turn, lower, path, None))
        except UnclearMaskError as error:
            raise InputError(
                Problem(
                    str(path),
                    f"a mask with {error}",
                    "white, or shades of one hue, on black; or several colours on black, which is index 0 of a palette",
                    "save the mask with two levels, black and white, as PNG or TIFF",
                )
            ) from error


def _mask(image: Image.Image, turn: int, levels: Levels | None) -> MaskReading:
    """Return how an opened mask is understood, from its levels where they have more than 8 bits."""
    if levels is not None:
        values = (
            levels.values
            if levels.alpha is None
            else levels.values * levels.alpha.reshape(levels.alpha.shape + (1,) * (levels.values.ndim - 2))
        )
        grey = values if values.ndim == 2 else values[..., 0] if _is_grey(values) else None
        return read_colours(levels.as_rgb(), exact=True) if grey is None else read_grey(grey, levels.white)
    exact, transparent = image.format not in ("JPEG", "MPO"), has_alpha(image)
    if image.mode == "P":
        colours = Image.frombytes("P", (256, 1), bytes(range(256)))
        colours.putpalette(image.getpalette() or [])
        colours.info = image.info
        return read_palette(np.asarray(upright(image, turn)), _rgb(colours, 1)[0])
    rgb = _rgb(image, turn)
    if transparent and not rgb.any() and len(np.unique(np.asarray(image.convert("RGBA"))[..., 3])) > 1:
        raise UnclearMaskError("black alone, which stands out by its transparency")
    return read_grey(rgb[..., 0], 255) if _is_grey(rgb) else read_colours(rgb, exact)


def _is_grey(rgb: np.ndarray) -> bool:
    """Return whether the three channels of ``(H, W, 3)`` are the same."""
    return bool((rgb == rgb[..., :1]).all())
