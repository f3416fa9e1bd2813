"""Values that a job needs and no page may print: manifests with names of images, patients and folders.

Snakemake's report prints the parameters of the jobs whose outputs it holds, and its records keep their ``repr`` to see
whether one has changed. Both get a digest here; a job gets the plain values. Nobody changes them once they are made:
jobs of many rules share them, and what is printed of them is made once.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property


def private(values: dict | list) -> dict | list:
    """Return a copy of values that is printed as what it is and a digest: ``<64 entries, sha256 0123456789abcdef>``.

    Args:
        values: A mapping or a list of what JSON can hold; a mapping of columns is counted by its rows.
    """
    return _PrivateDict(values) if isinstance(values, dict) else _PrivateList(values)


def _printed(values: dict | list) -> str:
    columns = list(values.values()) if isinstance(values, dict) else [values]
    count = len(columns[0]) if columns and isinstance(columns[0], list) else len(values)
    text = json.dumps(values, ensure_ascii=True, allow_nan=True)
    return f"<{count} entries, sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]}>"


class _PrivateDict(dict):
    def __repr__(self) -> str:
        return self._shown

    @cached_property
    def _shown(self) -> str:
        return _printed(dict(self))

    def __reduce__(self):
        # A script gets a plain dictionary: it cannot import this module before its first line has run.
        return dict, (dict(self),)


class _PrivateList(list):
    def __repr__(self) -> str:
        return self._shown

    @cached_property
    def _shown(self) -> str:
        return _printed(list(self))

    def __reduce__(self):
        return list, (list(self),)
