"""Patients' names as people write them: several spellings of one name are one person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

MAX_LETTERS = 1000
_NUMBER = re.compile(r"0*(\d+)(?:\.0*)?")
_SHOWN = 10


def one_spelling(names: Iterable[str]) -> dict[str, str]:
    """Return for each name the spelling that stands for its person: of those given the first in the alphabet.

    Names are one person's that differ in upper and lower case, in blanks, in the form of their Unicode letters, in
    characters that are not seen, or, of numbers, in leading zeros and zeros after the point (``12``, ``12.0``,
    ``012``): spreadsheets change all of these. Two persons taken for one widen an interval; one person taken for two
    can be on both sides of the split.

    Args:
        names: The names as they were written; ``""`` is nobody's.
    """
    spellings: dict[str, set[str]] = {}
    for name in names:
        spellings.setdefault(person(name), set()).add(name)
    return {name: min(same) for same in spellings.values() for name in same}


def person(name: str) -> str:
    """Return what all spellings of a person's name have in common; ``""`` if nothing of it can be seen."""
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", name) if unicodedata.category(letter) != "Cf")
    # Folding takes letters apart again.
    text = unicodedata.normalize("NFKC", " ".join(seen.split()).casefold())
    number = _NUMBER.fullmatch(text)
    return number[1] if number else text


def spelling_notes(where: str, spelling: Mapping[str, str]) -> list[str]:
    """Return a sentence on the persons who are written in several ways.

    Args:
        where: The table.
        spelling: What :func:`one_spelling` returned.
    """
    groups: dict[str, list[str]] = {}
    for name, chosen in spelling.items():
        groups.setdefault(chosen, []).append(name)
    several = [sorted(names) for _, names in sorted(groups.items()) if len(names) > 1]
    if not several:
        return []
    shown = "; ".join(", ".join(map(repr, names)) for names in several[:_SHOWN])
    more = f"; and {len(several) - _SHOWN} more" if len(several) > _SHOWN else ""
    return [f"{where}: patients written in several ways, each taken as one person: {shown}{more}."]


def missing_notes(where: str, patients: Sequence[str]) -> list[str]:
    """Return a sentence on rows that name no patient where others do."""
    missing = sum(not person(name) for name in patients)
    if missing in (0, len(patients)):
        return []
    return [f"{where}: {missing} of {len(patients)} rows name no patient; each of these counts as its own."]
