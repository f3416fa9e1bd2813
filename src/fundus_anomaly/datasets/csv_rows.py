"""Rows of a CSV from outside: only regular files of bounded size, with a bounded number of cells."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path

from fundus_anomaly.errors import InputError, Problem

# A million images with five columns each. An empty cell takes eight bytes of memory for one byte of the file, so that
# the size of the file alone bounds nothing.
MAX_BYTES, MAX_COLUMNS, MAX_CELLS = 64 * 2**20, 256, 5_000_000


def csv_rows(path: Path, remedy: str) -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV that hold any text, each with the line on which it ends; the first is the header.

    Cells have no blanks around them. A row shorter than the header is filled with empty cells.

    Args:
        path: The file, UTF-8 with or without a byte-order mark, comma-separated.
        remedy: What the user can do, for the error.

    Raises:
        InputError: If the file is missing, not a regular file, too large, not UTF-8, no CSV or empty.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(Problem(str(path), "something that is not a regular file", "a CSV file", remedy))
        if status.st_size > MAX_BYTES:
            found = f"{status.st_size:,} bytes"
            raise InputError(Problem(str(path), found, f"at most {MAX_BYTES // 2**20} MiB", remedy))
        text = path.read_bytes().decode("utf-8-sig")
        return _bounded(path, csv.reader(io.StringIO(text, newline=""), strict=True), remedy)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(Problem(str(path), f"an unreadable CSV file ({error})", "CSV in UTF-8", remedy)) from error


def _bounded(path: Path, reader, remedy: str) -> list[tuple[int, list[str]]]:
    """Return the rows with text; raise as soon as there are too many cells, those that fill short rows counted."""
    rows: list[tuple[int, list[str]]] = []
    width, count = 0, 0
    for cells in reader:
        row = [cell.strip() for cell in cells]
        if not any(row):
            continue
        width = width or len(row)
        row += [""] * (width - len(row))
        count += len(row)
        if len(row) > MAX_COLUMNS or count > MAX_CELLS:
            found = f"{len(row):,} columns" if len(row) > MAX_COLUMNS else f"more than {MAX_CELLS:,} cells"
            allowed = f"at most {MAX_COLUMNS} columns and {MAX_CELLS:,} cells"
            raise InputError(Problem(f"{path}, line {reader.line_num}", found, allowed, remedy))
        rows.append((reader.line_num, row))
    return rows
