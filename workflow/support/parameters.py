"""Parameters of a job as JSON, as a digest, and as a file may carry them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path


def plain(value: object) -> object:
    """Return a parameter as JSON knows it.

    Raises:
        TypeError: If it is of a type whose meaning is not known here.
    """
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        return plain(value.item())
    raise TypeError(f"a parameter of type {type(value).__name__}")


def digest_of(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(json.dumps(plain(value), sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def shown(value: object) -> object:
    """Return a parameter as a file may carry it: tables, lists of texts and paths by their digests alone.

    They may name patients, and a file is passed on.
    """
    if isinstance(value, Mapping):
        if all(isinstance(one, list | tuple) for one in value.values()) and value:
            return f"sha256:{digest_of(value)[:16]}"
        return {_named(str(key)): shown(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        short = len(value) <= 10 and all(isinstance(one, int | float | bool) for one in value)
        return plain(value) if short else f"sha256:{digest_of(value)[:16]}"
    return _named(value) if isinstance(value, str) else plain(value)


def _named(text: str) -> str:
    """Return a short text as it is, and by its digest what is long or a path: a mapping's keys may be folders, too."""
    return f"sha256:{digest_of(text)[:16]}" if len(text) > 60 or "/" in text or "\\" in text else text
