"""The name of the colour profile that a photograph carries. No profile is applied: levels are taken as stored."""

from __future__ import annotations

import struct

from PIL import Image

_MAX_NAME = 80
_HEADER, _ENTRY = 128, 12
_UNNAMED = "unnamed"


def profile_name(image: Image.Image) -> str:
    """Return what the ICC profile of an opened file calls itself; ``""`` where there is none.

    Of the profile nothing is read but its text (ICC.1:2022, section 9.2.41), and at most 80 characters of that, the
    printable ones; a profile without one, or a broken one, is ``"unnamed"``.
    """
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile:
        return ""
    try:
        (count,) = struct.unpack_from(">I", profile, _HEADER)
        for number in range(min(count, 100)):
            tag, offset, size = struct.unpack_from(">4sII", profile, _HEADER + 4 + number * _ENTRY)
            if tag == b"desc":
                name = _text(profile[offset : offset + size])
                return "".join(letter for letter in name if letter.isprintable())[:_MAX_NAME].strip() or _UNNAMED
    except (struct.error, UnicodeDecodeError):
        pass
    return _UNNAMED


def is_srgb(name: str) -> bool:
    """Return whether a profile calls itself sRGB, whose colours are those that are assumed."""
    return "srgb" in name.casefold()


def _text(element: bytes) -> str:
    """Return the text of a profile's description, of version 2 (ASCII) or 4 (UTF-16, the first language)."""
    if element[:4] == b"desc":
        (length,) = struct.unpack_from(">I", element, 8)
        return element[12 : 12 + length].decode("ascii", "replace").rstrip("\0")
    length, offset = struct.unpack_from(">II", element, 20)
    return element[offset : offset + length].decode("utf-16-be", "replace")
