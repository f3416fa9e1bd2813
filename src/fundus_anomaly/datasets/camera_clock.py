"""When a photograph was taken, by the camera's clock in its JPEG file."""

from __future__ import annotations

import os
import stat
import struct
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

# EXIF 2.3, 4.6.4: DateTime of the first image, 19 characters of ASCII and a closing NUL.
_DATE_TIME, _ASCII, _CHARACTERS = 306, 2, 19
_FORM = "%Y:%m:%d %H:%M:%S"
_EXIF = b"Exif\0\0"
# A camera writes its EXIF data among the first segments; each is at most 64 KiB long.
_MAX_SEGMENTS = 16
_MAX_TAGS = 256


def taken_at(path: str | os.PathLike[str]) -> datetime | None:
    """Return the EXIF ``DateTime`` of a JPEG file, without a time zone, or None if it states none that can be read.

    Only the segments before the pixels are read, at most 16 of 64 KiB. Nothing that a file holds raises: one that is
    missing, not a regular file, no JPEG, damaged or without a valid time has no clock.

    Args:
        path: The photograph.
    """
    try:
        # A pipe would never answer.
        if not stat.S_ISREG(Path(path).stat().st_mode):
            return None
        with Path(path).open("rb") as file:
            return _date_time(_exif(file))
    except (OSError, ValueError, struct.error):
        return None


def _exif(file: BinaryIO) -> bytes:
    """Return the TIFF structure in a JPEG's EXIF segment (ITU-T T.81, B.1.1; EXIF 2.3, 4.7.2), or nothing."""
    if file.read(2) != b"\xff\xd8":
        return b""
    for _ in range(_MAX_SEGMENTS):
        marker, length = struct.unpack(">HH", file.read(4))
        # Start of scan, or no marker at all: what follows is no header.
        if not 0xFFC0 <= marker <= 0xFFFE or marker == 0xFFDA or length < 2:
            return b""
        if marker == 0xFFE1:
            body = file.read(length - 2)
            if body.startswith(_EXIF):
                return body[len(_EXIF) :]
        else:
            file.seek(length - 2, os.SEEK_CUR)
    return b""


def _date_time(exif: bytes) -> datetime | None:
    """Return the time that a TIFF structure's first directory states."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return None
    magic, directory = struct.unpack_from(f"{order}HI", exif, 2)
    if magic != 42:
        return None
    (count,) = struct.unpack_from(f"{order}H", exif, directory)
    for place in range(min(count, _MAX_TAGS)):
        tag, kind, length, start = struct.unpack_from(f"{order}HHII", exif, directory + 2 + 12 * place)
        if tag == _DATE_TIME:
            text = exif[start : start + _CHARACTERS].decode("ascii")
            return datetime.strptime(text, _FORM) if kind == _ASCII and length >= _CHARACTERS else None
    return None
