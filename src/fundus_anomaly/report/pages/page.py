"""The one template of all pages: nothing from elsewhere, no script but ours, and whatever a value holds is text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from jinja2 import DictLoader, Environment, StrictUndefined

from fundus_anomaly.report.pages.style import STYLE

# The browser itself refuses scripts and anything from outside, should a name ever slip through unescaped.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
NOTICE = (
    "Research use only. This is not a diagnosis and not a medical device. A score says how far a photograph "
    "differs from the normal photographs that the model was given; a difference may be disease, but also another "
    "camera, blur, a lash or a reflection, and disease may be missed. Whoever acts on an image must have looked at it."
)
_PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy | safe }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>{{ style | safe }}</style></head>
<body class="{{ kind }}">
{% block content %}{% endblock %}
{% if script %}<script>{{ script | safe }}</script>{% endif %}
</body></html>
"""
_PARTS = """\
{% macro table(shown) %}
<div class="scroll" tabindex="0" role="group" aria-label="table"><table><thead><tr>
{%- for cell in shown.head %}<th{% if cell.number %} class="number"{% endif %}>{{ cell.text }}</th>{% endfor -%}
</tr></thead><tbody>
{%- for row in shown.rows %}<tr{% if row.marked %} class="differs"{% endif %}>
{%- for cell in row.cells %}<td{% if cell.number %} class="number"{% endif %}>{{ cell.text }}</td>{% endfor -%}
</tr>{% endfor -%}
</tbody></table></div>
{% endmacro %}
"""


class Cell(NamedTuple):
    """A cell of a table: its text, and whether it is a number, which stands to the right."""

    text: str
    number: bool


class Line(NamedTuple):
    """A row of a table, and whether it is marked."""

    cells: list[Cell]
    marked: bool


class Shown(NamedTuple):
    """A table as the template's macro ``table`` takes it."""

    head: list[Cell]
    rows: list[Line]


def shown_table(table: pd.DataFrame, marked: Sequence[bool] = ()) -> Shown:
    """Return a table for the macro ``table`` of ``parts``.

    Args:
        table: Any; columns of numbers stand to the right.
        marked: Which rows are marked; none beyond its end.
    """
    numbers = [pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes]

    def cells(values: Sequence[object]) -> list[Cell]:
        return [Cell(str(value), number) for value, number in zip(values, numbers, strict=True)]

    rows = table.itertuples(index=False)
    lines = [Line(cells(row), place < len(marked) and bool(marked[place])) for place, row in enumerate(rows)]
    return Shown(cells(table.columns), lines)


def render(kind: str, content: str, title: str, *, own_style: str = "", script: str = "", **values: object) -> str:
    """Return a page.

    Args:
        kind: Class of its body, by which the style sheet knows it.
        content: Its content as a template of Jinja; ``parts.table`` draws a :class:`Shown`. Values are escaped.
        title: Its title.
        own_style: Further style of this page.
        script: The one script that it runs, if any: no value of a user's is ever part of it. A page with a script may
            load pictures that lie beside it.
        **values: What the content names.
    """
    body = f'{{% extends "page" %}}{{% import "parts" as parts %}}{{% block content %}}{content}{{% endblock %}}'
    environment = Environment(
        loader=DictLoader({"page": _PAGE, "parts": _PARTS, "content": body}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    own = {"kind": kind, "title": title, "style": STYLE + own_style, "script": script}
    own["policy"] = policy_of(script) if script else POLICY
    return environment.get_template("content").render(**values, **own) + "\n"


def policy_of(script: str) -> str:
    """Return the policy of a page that runs one script, known by its digest, and shows pictures from beside it."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return POLICY.replace("img-src data:", "img-src 'self' data:") + f"; script-src 'sha256-{digest}'"
