"""A table's Markdown document as a page that opens in a browser and needs nothing else, footnotes included."""

from __future__ import annotations

import re
from html import escape

from markdown_it import MarkdownIt

_STYLE = """
:root{color-scheme:light dark;--ink:#1f2933;--soft:#5f6c7b;--line:#dfe4ea;--page:#fbfbfa}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa6b2;--line:#343c46;--page:#161a1f}}
body{margin:0 auto;max-width:84rem;padding:2rem 1.25rem 4rem;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;font-weight:600}h2{font-size:1.15rem;font-weight:600;margin:2.2rem 0 .6rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.93rem;font-variant-numeric:tabular-nums}
th,td{padding:.4rem 1.4rem .4rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600;color:var(--soft)}td{white-space:nowrap}
ul{margin:2.2rem 0 0;padding-left:1.1rem;color:var(--soft);font-size:.93rem;max-width:60rem}
li{overflow-wrap:anywhere}
"""
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
    body = re.sub(r"<table>.*?</table>", r'<div class="scroll">\g<0></div>', body, flags=re.DOTALL)
    heading = re.match(r"# (.*)", document)
    title = escape(heading[1]) if heading else ""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n<body>\n{body}</body></html>\n'
    )
