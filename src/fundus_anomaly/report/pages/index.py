"""The page that a user opens first: what was run on what, its figures, and links to everything else of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

import pandas as pd

from fundus_anomaly.report.pages.page import NOTICE, render, shown_table

_CONTENT = """\
<main>
<h1>{{ title }}</h1>
<p class="notice">{{ notice }}</p>
<dl>{% for name, value in about %}<dt>{{ name }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>
{% for section in sections %}
<section><h2>{{ section.title }}</h2>
{% for words in section.words %}<p>{{ words }}</p>{% endfor %}
{% if section.table %}{{ parts.table(section.table) }}{% endif %}
{% if section.links %}<ul class="links">{% for link in section.links %}
<li><a href="{{ link.address }}">{{ link.name }}</a>
{%- for form, address in link.forms %} <small>· <a href="{{ address }}">{{ form }}</a></small>{% endfor %}</li>
{%- endfor %}</ul>{% endif %}
</section>
{% endfor %}
{% for title, table in folded %}
<details><summary>{{ title }}</summary>{{ parts.table(table) }}</details>
{% endfor %}
</main>
"""


class Link(NamedTuple):
    """A page of the run.

    Attributes:
        name: What it is, in words.
        address: Its path relative to the index.
        forms: The same in further forms: what each is called, and its path.
    """

    name: str
    address: str
    forms: Sequence[tuple[str, str]] = ()


class Section(NamedTuple):
    """A part of the index; what is empty in it is left out.

    Attributes:
        title: Its heading.
        words: Paragraphs.
        table: A table of text.
        links: Pages that it leads to.
    """

    title: str
    words: Sequence[str] = ()
    table: pd.DataFrame | None = None
    links: Sequence[Link] = ()


def index_page(
    title: str,
    about: Mapping[str, str],
    sections: Sequence[Section],
    versions: Mapping[str, str],
    configuration: Mapping[str, str],
) -> str:
    """Return the page; it loads nothing and runs no script.

    Args:
        title: Its heading.
        about: What was run on what: a word for each fact.
        sections: Its parts; one without anything in it is left out.
        versions: Of the software, by name.
        configuration: Value by key, both as they are to be shown.
    """
    folded = [
        (name, shown_table(pd.DataFrame(list(values.items()), columns=columns)))
        for name, values, columns in (
            ("Configuration", configuration, ["key", "value"]),
            ("Versions", versions, ["software", "version"]),
        )
        if values
    ]
    return render(
        "index",
        _CONTENT,
        title,
        notice=NOTICE,
        about=list(about.items()),
        sections=[
            {
                "title": part.title,
                "words": part.words,
                "table": None if part.table is None or part.table.empty else shown_table(part.table),
                "links": [_quoted(link) for link in part.links],
            }
            for part in sections
            if part.words or part.links or not (part.table is None or part.table.empty)
        ],
        folded=folded,
    )


def _quoted(link: Link) -> Link:
    return Link(link.name, quote(link.address), [(form, quote(address)) for form, address in link.forms])
