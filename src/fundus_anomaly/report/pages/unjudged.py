"""The photographs of a page that cannot be judged: in a section of their own, each with the reason, and not ranked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

from fundus_anomaly.files.output_names import output_file
from fundus_anomaly.quality.shift import Light
from fundus_anomaly.report.pages.thumbnail import embedded

UNJUDGED = """\
{% if summary.unjudged %}<h2>Cannot be judged: {{ summary.unjudged | length }}</h2>
<p>None of these is called normal: look at it, or take it again.</p>
<table class="unjudged"><thead><tr><th>image</th><th>photograph</th><th>why</th></tr></thead><tbody>
{% for one in summary.unjudged %}
<tr><td class="name">{{ one.id }}<br><small>{{ one.path }}</small></td><td>{% if one.source %}
{%- if one.address %}<a href="{{ one.address }}">{% endif %}<img alt="photograph {{ one.id }}" src="{{ one.source }}">
{%- if one.address %}</a>{% endif %}{% endif %}</td><td class="fact" data-label="why">{{ one.reason }}</td></tr>
{% endfor %}
</tbody></table>{% endif %}
"""


@dataclass(frozen=True)
class Unjudged:
    """One photograph that cannot be judged.

    Attributes:
        id: The image id.
        path: Where the photograph lies, as the user knows it.
        reason: Why.
    """

    id: str
    path: str
    reason: str


@dataclass(frozen=True)
class Gate:
    """What is said of the photographs' quality.

    Attributes:
        unjudged: Photographs that cannot be judged.
        photograph: Returns one of them, ``(H,W,3)`` uint8, RGB; None shows none.
        light: Whether all photographs are of the normals' camera; None says nothing.
    """

    unjudged: Sequence[Unjudged] = ()
    photograph: Callable[[str], np.ndarray] | None = None
    light: Light | None = None


def unjudged_rows(
    gate: Gate, pictures: int, thumbnail: int, jpeg_quality: int, larger: tuple[str, str]
) -> list[dict[str, str]]:
    """Return the photographs that cannot be judged as the template :data:`UNJUDGED` takes them.

    Args:
        gate: What is said of the photographs' quality.
        pictures: How many of them are shown; the others are named alone.
        thumbnail: As in :class:`.scores.Settings`, as are the following.
        jpeg_quality: 1 to 100.
        larger: Files that the thumbnails lead to.
    """
    rows = []
    for place, one in enumerate(gate.unjudged):
        source = address = ""
        if gate.photograph is not None and place < pictures:
            source = embedded(gate.photograph(one.id), thumbnail, jpeg_quality)
            address = quote(output_file(larger[0], one.id)) if larger[0] else ""
        rows.append({"id": one.id, "path": one.path, "reason": one.reason, "source": source, "address": address})
    return rows
