"""What the index of any run says itself: its links, decisions counted, and what it took."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

from fundus_anomaly.report.pages.index import Link, Section
from fundus_anomaly.report.tables.job_costs import COSTS_NOTE

_FORMS = {"csv": "CSV", "md": "Markdown", "png": "PNG", "xlsx": "workbook"}


def judged(decisions: pd.Series) -> Section:
    """Return how many photographs there are of each decision.

    Args:
        decisions: A decision in words for each photograph.
    """
    counts = decisions.value_counts().rename_axis("decision").reset_index(name="photographs")
    return Section("Decisions", [f"{len(decisions)} photographs."], counts)


def costs(table: pd.DataFrame) -> Section:
    """Return what the run took, from :func:`..tables.job_costs.job_costs`."""
    return Section("Time and memory", [COSTS_NOTE] if len(table) else [], table)


def links(given: Sequence[Sequence]) -> list[Link]:
    """Return links of a page.

    Args:
        given: Of each page what it shows, its path relative to the index, and the endings of the files beside it that
            hold the same in further forms.
    """
    return [
        Link(name, page, [(_FORMS[ending], str(PurePosixPath(page).with_suffix(f".{ending}"))) for ending in endings])
        for name, page, endings in given
    ]
