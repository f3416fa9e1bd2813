"""Texts from outside in tables that people open with a spreadsheet, which runs what looks like a formula."""

from __future__ import annotations

import unicodedata

_FORMULA = frozenset("=+-@\t\r\n")


def guarded(text: str) -> str:
    """Return a text with ``'`` before it if a spreadsheet would take it for a formula, or if it begins with ``'``.

    Full-width signs (U+FF1D and others), which some spreadsheets read as ``=``, count as those that they resemble.
    """
    signs = {text[:1], unicodedata.normalize("NFKC", text.lstrip()[:1])}
    return f"'{text}" if text.startswith("'") or signs & _FORMULA else text


def unguarded(text: str) -> str:
    """Return the text that :func:`guarded` was given."""
    return text.removeprefix("'")
