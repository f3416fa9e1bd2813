"""Decoding of photographs and masks: any mode to 8 bits, upright, at the cheapest scale that suffices."""

from __future__ import annotations

import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ..errors import InputError, Problem

# No other decoder sees a foreign file. MPO, a JPEG with a second picture in it, comes in through JPEG.
FORMATS = ("JPEG", "PNG", "TIFF", "BMP")
# 16-bit data has a mode of its own in Pillow, or comes as 32-bit integers.
_SIXTEEN_BIT_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I")


@contextmanager
def opened(path: str | Path, max_pixels: int) -> Iterator[Image.Image]:
    """Yield the image of a file, its size checked before any pixel is decoded.

    Args:
        path: The image file.
        max_pixels: The largest width × height that is accepted.

    Raises:
        InputError: If the file is missing, no regular file, no image, larger than allowed, or truncated.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            if not stat.S_ISREG(Path(path).stat().st_mode):
                # A pipe or a device would never end.
                raise OSError("no regular file")
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
                yield image
        except Image.DecompressionBombError as error:
            # Pillow's own limit; what lies below it is held against the configured one.
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
            told = str(error) if isinstance(error, OSError | SyntaxError) else f"{type(error).__name__}: {error}"
            raise InputError(
                Problem(
                    str(path),
                    f"a file that cannot be decoded ({told})",
                    "a whole JPEG, PNG, TIFF or BMP image",
                    "replace the file, or exclude its id in data.exclude",
                )
            ) from error


def decode(path: str | Path, at_least: tuple[int, int], max_pixels: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Decode a photograph to RGB, upright by its EXIF turn, at the smallest JPEG scale that is large enough.

    JPEG files are decoded at 1/2, 1/4 or 1/8 of their size where both sides stay at least as long as asked for;
    this skips most of the inverse cosine transforms. Alpha is laid over black; grey, CMYK and 16-bit become RGB.

    Args:
        path: The photograph.
        at_least: Height and width in pixels that the result should not fall below, if the file has them.
        max_pixels: The largest width × height that is accepted.

    Returns:
        ``(H, W, 3)`` uint8 RGB, and the file's full upright size ``(height, width)`` in pixels.

    Raises:
        InputError: If the file cannot be decoded or is too large.
    """
    with opened(path, max_pixels) as image:
        # Pillow gives a TIFF's size as already turned.
        turned = image.getexif().get(0x0112, 1) >= 5 and image.format != "TIFF"
        full = image.size if turned else image.size[::-1]
        wanted = at_least if turned else at_least[::-1]
        image.draft("RGB", wanted)
        image = ImageOps.exif_transpose(image)
        return _to_rgb(image), full


def _to_rgb(image: Image.Image) -> np.ndarray:
    if image.mode in _SIXTEEN_BIT_MODES:
        # Whole numbers in place: a float64 of each pixel would take several times the memory of the result.
        grey = np.asarray(image).clip(0, 65535).astype(np.int32)
        if grey.max(initial=0) > 255:
            grey += 128
            grey //= 257
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    if image.mode == "F":
        grey = np.nan_to_num(np.asarray(image), nan=0.0, posinf=0.0, neginf=0.0)
        scale = 255.0 if grey.max(initial=0.0) <= 1.0 else 1.0
        return np.repeat((grey * scale).round().clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image)
    return np.asarray(image.convert("RGB"))


def decode_mask(path: str | Path, inverted: bool, max_pixels: int) -> np.ndarray:
    """Decode a lesion mask: ``(H, W)`` bool, true where the lesion is.

    A palette mask counts by its index (non-zero = lesion), any other by its brightness: above half of full scale,
    or, where no pixel reaches that (masks drawn with the value 1), above zero.

    Args:
        path: The mask file.
        inverted: Whether 0 marks the lesion, as in ADAM.
        max_pixels: The largest width × height that is accepted.

    Raises:
        InputError: If the file cannot be decoded or is too large.
    """
    with opened(path, max_pixels) as image:
        if image.mode in ("P", "1"):
            bright = np.asarray(image) > 0
        else:
            grey = _to_rgb(image).max(axis=2)
            bright = grey > 127 if grey.max(initial=0) > 127 else grey > 0
    return ~bright if inverted else bright
