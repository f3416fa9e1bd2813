"""What a table says of the images that were excluded: their names for the user, their number for others."""

from __future__ import annotations

from collections.abc import Mapping


def left_out_note(excluded: Mapping[str, str]) -> str:
    """Return the footnote that names each excluded image, and why.

    Args:
        excluded: The reason by id.
    """
    return f"Excluded images: {'; '.join(f'{name} ({reason})' for name, reason in excluded.items()) or 'none'}."


def without_names(document: str, excluded: Mapping[str, str]) -> str:
    """Return a table's document for a report that is passed on: excluded images are counted, not named.

    Args:
        document: With the footnote of :func:`left_out_note`.
        excluded: As there.
    """
    if not excluded:
        return document
    counted = f"Excluded images: {len(excluded)}, named in audit/left_out.csv among the run's results."
    return document.replace(left_out_note(excluded), counted)
