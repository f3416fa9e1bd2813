"""Footnotes on photographs that cannot be judged by their quality."""

from __future__ import annotations

import pandas as pd

from fundus_anomaly.quality.verdict import NOT_JUDGED


def with_and_without_note(test: pd.Series, normals: pd.Series) -> str:
    """Return the footnote of a table whose rates are given with and without them.

    Args:
        test: What is said of the quality of each photograph of the test.
        normals: Of each normal.
    """
    refused, of_normals = int((test == NOT_JUDGED).sum()), int((normals == NOT_JUDGED).sum())
    if not refused and not of_normals:
        return "All photographs can be judged by their quality."
    return (
        f"{refused} of the test's {len(test)} photographs and {of_normals} of the {len(normals)} normals cannot be "
        "judged by their quality. Every rate is given with and without them; without them the threshold is that of the "
        "normals that can be judged, and an eye that cannot be judged leaves its patient to the other eye."
    )


def still_counted_note(test: pd.Series) -> list[str]:
    """Return the footnote of a table that counts them as all others; none where all can be judged.

    Args:
        test: As in :func:`with_and_without_note`.
    """
    refused = int((test == NOT_JUDGED).sum())
    if not refused:
        return []
    return [
        f"{refused} of the test's {len(test)} photographs cannot be judged by their quality. They count here as all "
        "others do; the table of operating points has its rates with and without them."
    ]
