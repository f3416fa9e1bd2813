"""Tables that the workflow wrote, checked as they are read: others can edit a results folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.checksummed import require_unchanged

# The facts of a million photographs have some 300 MB.
MAX_BYTES = 10**9


def read_results_table(path: str | os.PathLike[str], types: Mapping[str, str]) -> pd.DataFrame:
    """Return a CSV of the workflow's own; a text may be "NA" or empty.

    Args:
        path: The file.
        types: Types of the columns that must be there; all others are texts.

    Raises:
        InputError: If the file is missing, not what was written, too large, no CSV in UTF-8, lacks a column, or holds
            values of another type.
    """
    path = Path(path)
    remedy = f"delete {path} and run the same command again; the workflow makes it again"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES:,} bytes")
        require_unchanged(path)
        table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    except InputError:
        raise
    except Exception as error:  # pandas raises many kinds for a damaged file
        found = f"an unreadable table ({type(error).__name__}: {error})"
        raise InputError(Problem(str(path), found, "the table as it was written", remedy)) from error
    raise_if_any(
        Problem(f"{path}, header", f"no column {name!r}", f"columns {', '.join(types)}", remedy)
        for name in types
        if name not in table.columns
    )
    problems = []
    for name in table.columns:
        try:
            table[name] = table[name].astype(types.get(name, "str"))
        except (ValueError, OverflowError, TypeError) as error:
            problems.append(Problem(f"{path}, column {name!r}", str(error), f"values of type {types[name]}", remedy))
    raise_if_any(problems)
    return table
