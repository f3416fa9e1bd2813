"""The folder of a row: it names the settings in which the row differs from the configured ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

AS_CONFIGURED = "as_configured"
_LONGEST = 120


def row_key(changes: Iterable[str]) -> str:
    """Return the name of a row's folder.

    Rows with equal settings have equal names, in one table or in several, so that they share what is made for them.

    Args:
        changes: What differs, each as :func:`change`; none for the configured row.
    """
    name = ",".join(changes)
    text = re.sub(r"[^A-Za-z0-9.~+_,-]", ".", name)
    if text != name or len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}-{short_digest(name)}"
    return text or AS_CONFIGURED


def change(name: str, value: object) -> str:
    """Return one setting as part of a folder's name; 1 and 1.0 are one setting."""
    return f"{name}~{_text(value)}"


def plain(value: object) -> object:
    """Return a whole number as int."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def short_digest(text: str) -> str:
    """Return the first digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return "-".join(map(_text, value))
    return str(plain(value))
