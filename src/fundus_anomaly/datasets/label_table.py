"""Label tables as people save them: trailing commas, blanks around names, a byte-order mark, broken rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fundus_anomaly.datasets.csv_rows import csv_rows
from fundus_anomaly.errors import InputError, Problem, raise_if_any


def read_table(path: Path, required: tuple[str, ...], keep_case_after: str = "") -> pd.DataFrame:
    """Return a CSV as texts; the index is the number of the line on which each row ends.

    Blanks around names and cells are taken off, columns without a name are dropped if they are empty, and so are rows
    without any text. Names of columns are folded to lower case.

    Args:
        path: The file, UTF-8 with or without a byte-order mark, comma-separated.
        required: Names of columns (lower case) that must be there.
        keep_case_after: The beginning (lower case) of names of which the rest keeps its case; ``""`` for none.

    Raises:
        InputError: If :func:`.csv_rows.csv_rows` refuses the file, or if it lacks columns, has a column twice, or has
            rows with more cells than the header has names.
    """
    remedy = "save the table as CSV, UTF-8, separated by commas"
    rows = csv_rows(path, remedy)
    if not rows:
        raise InputError(Problem(str(path), "an empty table", f"a header with {', '.join(required)}", remedy))
    names = [_folded(name, keep_case_after) for name in rows[0][1]]
    named = [name for name in names if name]
    problems = [
        Problem(f"{path}, header", f"no column {name!r} among {named}", f"columns {', '.join(required)}", remedy)
        for name in required
        if name not in named
    ]
    problems += [
        Problem(f"{path}, header", f"column {name!r} twice", "each column once", "remove one of them")
        for name in sorted({name for name in named if named.count(name) > 1})
    ]
    body = rows[1:]
    for line, row in body:
        stray = [cell for place, cell in enumerate(row) if cell and (place >= len(names) or not names[place])]
        if stray:
            problems.append(
                Problem(f"{path}, line {line}", f"{stray} under no column name", "one cell a named column", remedy)
            )
    raise_if_any(problems)
    keep = [place for place, name in enumerate(names) if name]
    cells = [[row[place] for place in keep] for _, row in body]
    return pd.DataFrame(cells, columns=named, index=[line for line, _ in body], dtype=str)


def _folded(name: str, keep_case_after: str) -> str:
    """Return a column's name in lower case, but for what follows the given beginning."""
    folded = name.casefold()
    if keep_case_after and folded.startswith(keep_case_after):
        return keep_case_after + name[len(keep_case_after) :]
    return folded
