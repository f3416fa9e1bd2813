"""Ids of images, made from the paths of their files: one path, one id, whatever other files there are."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import PurePath

# Bytes of a part of an id: heat maps are files of its name with a suffix, and file systems allow 255.
LONGEST_PART = 240
_ID = re.compile(r"[\w.\-~]+(?:/[\w.\-~]+)*")
_PLAIN = re.compile(r"[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)*")
# No file's name brings this sign into an id, so that a name with a mark is never that of another file.
_MARK = "~"
_DIGITS = (8, 16, 64)


def is_id(text: str) -> bool:
    """Return whether a text may be an image id: letters, digits, ``_ . - ~ /``, and no way out of a folder."""
    parts = text.split("/")
    short = max(len(part.encode(errors="replace")) for part in parts) <= LONGEST_PART
    return short and bool(_ID.fullmatch(text)) and ".." not in text and "." not in parts


def ids(names: Sequence[PurePath]) -> list[str]:
    """Return an id for each of some files, unique also where upper and lower case are one.

    An id is the file's path; only a name that an id cannot hold gets a mark, see :func:`id_part`. No other file
    changes it, but for one whose path is the same in another case: then a path that is not in lower case is marked.

    Args:
        names: The relative paths, each different.
    """
    found: list[str] = []
    # Eight digits do but where somebody has looked for names whose digests begin alike.
    for digits in _DIGITS:
        part = lru_cache(None)(lambda text, digits=digits: id_part(text, digits))
        plain = ["/".join(map(part, name.parts)) for name in names]
        taken = Counter(text.casefold() for text in plain)
        found = [
            text if taken[text.casefold()] == 1 or text == text.casefold() else _marked(text, str(name), digits)
            for text, name in zip(plain, names, strict=True)
        ]
        if len({text.casefold() for text in found}) == len(names):
            break
    return found


def id_part(text: str, digits: int = 8) -> str:
    """Return a file or folder name as a part of an id.

    A name of letters, digits, ``_``, ``.`` and ``-`` stays as it is. In any other, ``_`` takes the place of each
    character that an id cannot hold, letters are composed (NFC), what is too long is cut, and ``~`` with the first
    digits of the SHA-256 of the whole name follows.

    Args:
        text: The name; bytes that are no UTF-8 as surrogates, as Python reads them from the file system.
        digits: How many hexadecimal digits follow the mark.
    """
    if len(text) <= LONGEST_PART and _PLAIN.fullmatch(text):
        return text
    part = re.sub(r"[^\w.\-]", "_", unicodedata.normalize("NFC", text))
    part = re.sub(r"\.{2,}", "_", part) if part.strip(".") else "_" * max(len(part), 1)
    if part == text and len(part.encode()) <= LONGEST_PART:
        return part
    return _marked(part, text, digits)


def _marked(text: str, of: str, digits: int) -> str:
    """Return an id, or a part of one, with the mark of a name, its last part cut to the length that is allowed."""
    folder, slash, last = text.rpartition("/")
    mark = _MARK + sha256(of.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
    # A letter of several bytes that the limit would divide goes as a whole.
    kept = last.encode("utf-8", "replace")[: LONGEST_PART - len(mark)].decode("utf-8", "ignore")
    return f"{folder}{slash}{kept}{mark}"
