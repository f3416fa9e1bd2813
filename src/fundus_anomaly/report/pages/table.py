"""A table's Markdown document as a page that opens in a browser and needs nothing else, footnotes included."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from markdown_it import MarkdownIt

from fundus_anomaly.files.whole import write_text
from fundus_anomaly.report.pages.page import render
from fundus_anomaly.report.tables.excluded import without_names

# What Markdown would make of characters within a name or a note.
_PLAIN = ["emphasis", "link", "image", "autolink", "backticks", "entity", "escape"]


def page(document: str) -> str:
    """Return a document of :func:`.layout.document` as HTML.

    Args:
        document: Markdown: headings, tables and a list of footnotes. All else in it, HTML or an id with ``__``,
            is shown as it stands.
    """
    body = MarkdownIt("commonmark", {"html": False}).enable("table").disable(_PLAIN).render(document)
    # Tables wider than the window scroll by themselves.
    scrolls = r'<div class="scroll" tabindex="0" role="group" aria-label="table">\g<0></div>'
    body = re.sub(r"<table>.*?</table>", scrolls, body, flags=re.DOTALL)
    heading = re.match(r"# (.*)", document)
    # What the renderer gave is HTML, and has escaped all else.
    return render("table", "{{ body | safe }}", heading[1] if heading else "", body=body)


def write_document(
    document: str,
    md: str | os.PathLike[str],
    html: str | os.PathLike[str],
    excluded: Mapping[str, str] | None = None,
) -> None:
    """Write a document as Markdown and as a page.

    Args:
        document: As in :func:`page`.
        md: The file of the document.
        html: The file of the page.
        excluded: Why each image is excluded, by id; the page counts them and names none.
    """
    write_text(md, document)
    write_text(html, page(without_names(document, excluded or {})))
