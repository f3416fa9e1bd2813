"""A table's Markdown document as a page that opens in a browser and needs nothing else, footnotes included."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from fundus_anomaly.report.pages.page import render

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
