"""Images whose paths Snakemake cannot take: they are refused by their names, before anything opens them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

# Each as a regular expression that finds it, what is allowed, and what to do.
_REMEDY = "rename the file or folder, or set on_bad_image: exclude"
UNNAMEABLE = (
    (r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", "a path without line breaks and other control characters", _REMEDY),
    (r"[{}]", "a path without braces, Snakemake's sign of wildcards", _REMEDY),
    (r"[\ud800-\udfff]", "a path in UTF-8", _REMEDY),
)


@dataclass(frozen=True)
class Refused:
    """One image that is left out for its name.

    Attributes:
        id: Its id.
        split: The split that it would have belonged to.
        reason: Its path, what cannot be used escaped, and what is wrong with it.
    """

    id: str
    split: str
    reason: str


def found_in(pattern: str, texts: pd.Series) -> pd.Series:
    r"""Return which texts a regular expression is found in, by Python's rules.

    pandas' own search follows those of pyarrow where that is installed, which knows neither ``\u2028`` nor ``\ud800``.

    Args:
        pattern: As ``re`` takes it.
        texts: ``(n,)`` str, none missing.

    Returns:
        ``(n,)`` bool, with the index of the texts.
    """
    find = re.compile(pattern).search
    return pd.Series([find(text) is not None for text in texts], index=texts.index, dtype=bool)


def shown_path(path: str) -> str:
    r"""Return a path as text that any terminal or file can take: bytes that are no UTF-8 as ``\xfc``.

    What cannot be printed, a line break among them, is escaped as in a Python string.
    """
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = path.encode("utf-8", "backslashreplace")
    shown = raw.decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in shown)
