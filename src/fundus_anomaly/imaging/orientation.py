"""Which way up an image file is: decided and applied only here, for photographs and masks alike."""

from __future__ import annotations

from PIL import ExifTags, Image
from PIL.Image import Transpose

_WIDTH_TAG, _HEIGHT_TAG = 256, 257
# What brings a stored image upright, by the value of the tag (EXIF 2.3, section 4.6.4, tag 274).
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def orientation(image: Image.Image) -> int:
    """Return the orientation that a file states, 1 to 8; 1 where it states none, or one that does not exist.

    It comes from EXIF (JPEG, PNG), from the tag of a TIFF, or, where these say nothing, from XMP. A text or another
    value that is not equal to a whole number from 1 to 8 is no orientation.

    Args:
        image: The opened file, not yet turned. A PNG is decoded, since its EXIF data may follow its pixels.
    """
    value = image.getexif().get(ExifTags.Base.Orientation, 1)
    return next((number for number in _TURNS if value == number), 1)


def stored_size(image: Image.Image) -> tuple[int, int]:
    """Return the ``(width, height)`` in pixels that a file stores, before any turn.

    Args:
        image: The opened file, at its full size.
    """
    if image.format == "TIFF":
        # Pillow has exchanged the sides of a TIFF's size where it is going to turn it.
        return int(image.tag_v2[_WIDTH_TAG]), int(image.tag_v2[_HEIGHT_TAG])
    return image.size


def upright_size(size: tuple[int, int], turn: int) -> tuple[int, int]:
    """Return the ``(width, height)`` of an upright image.

    Args:
        size: Its ``(width, height)`` as stored.
        turn: Its orientation, 1 to 8, from :func:`orientation`.
    """
    return size[::-1] if 5 <= turn <= 8 else size


def upright(image: Image.Image, turn: int) -> Image.Image:
    """Return an image as it is meant to be seen, loaded.

    Args:
        image: The opened file.
        turn: Its orientation, 1 to 8, from :func:`orientation`.
    """
    image.load()
    # Pillow turns a TIFF itself as it loads it, by the same value.
    return image.transpose(_TURNS[turn]) if turn in _TURNS and image.format != "TIFF" else image
