"""A table as a workbook (.xlsx) that spreadsheets open: texts stay texts, so that none is run as a formula."""

from __future__ import annotations

import io
import os
import re
from datetime import UTC, datetime

import pandas as pd

from fundus_anomaly.files.checksummed import checksummed

# The same table gives the same bytes.
_MADE = datetime(1980, 1, 1, tzinfo=UTC)
_WIDEST = 60
# What no cell of the format can hold: control characters, and the two that are no characters.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
MOST_LETTERS = 32_767
"""Letters that a cell holds at most; what is longer is cut."""


def workbook(table: pd.DataFrame, name: str) -> bytes:
    """Return a table as a workbook of one sheet, with a header that stays in view and can be filtered by.

    Args:
        table: Columns of texts and numbers; NaN is an empty cell. The rows and values are those of the table's CSV.
        name: Of the sheet, at most 31 letters.
    """
    # Every job that writes a table imports its folder's modules; one in a hundred writes a workbook.
    import xlsxwriter

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"created": _MADE})
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(table), max(0, len(table.columns) - 1))
        for column, title in enumerate(table.columns):
            values = [str(title), *table[title].tolist()]
            for row, value in enumerate(values):
                _write(sheet, row, column, value)
            sheet.set_column(column, column, min(_WIDEST, 2 + max(len(_shown(value)) for value in values)))
    return content.getvalue()


def write_workbook(path: str | os.PathLike[str], table: pd.DataFrame, name: str) -> None:
    """Write what :func:`workbook` returns, whole or not at all, with its digest."""
    with checksummed(path) as temporary:
        temporary.write_bytes(workbook(table, name))


def _write(sheet: object, row: int, column: int, value: object) -> None:
    if isinstance(value, str):
        if value:
            sheet.write_string(row, column, _NO_TEXT.sub("\ufffd", value)[:MOST_LETTERS])
    elif not pd.isna(value):
        sheet.write_number(row, column, value)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
