"""What the index of any run says itself: its links, and decisions counted."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fundus_anomaly.report.pages.index import Link, Section

_FORMS = {"csv": "CSV", "md": "Markdown", "png": "PNG"}


def judged(decisions: pd.Series) -> Section:
    """Return how many photographs there are of each decision.

    Args:
        decisions: A decision in words for each photograph.
    """
    counts = decisions.value_counts().rename_axis("decision").reset_index(name="photographs")
    return Section("Decisions", [f"{len(decisions)} photographs."], counts)


def links(given: Sequence[Sequence]) -> list[Link]:
    """Return links of a page.

    Args:
        given: Of each page what it shows, its path relative to the index, and the endings of the files beside it that
            hold the same in further forms.
    """
    return [
        Link(name, page, [(_FORMS[ending], f"{page.removesuffix('.html')}.{ending}") for ending in endings])
        for name, page, endings in given
    ]
