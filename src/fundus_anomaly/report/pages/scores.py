"""HTML pages on a folder of unknown photographs: highest score first, each with its heat map; nothing to install."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.files.output_names import output_file
from fundus_anomaly.report.figures.colour_bar import bar_ends
from fundus_anomaly.report.figures.heat_map import Scale, colours
from fundus_anomaly.report.number_format import alike
from fundus_anomaly.report.pages.page import NOTICE, render
from fundus_anomaly.report.pages.thumbnail import embedded
from fundus_anomaly.report.pages.unjudged import UNJUDGED, Gate, unjudged_rows

_CONTENT = (
    """\
<h1>{{ title }}</h1>
<p class="notice">{{ notice }}</p>
{% if summary %}
{% if summary.light %}<p class="light {{ summary.light.colour }}"><strong>{{ summary.light.colour }}</strong>
 {#- #} {{ summary.light.words }}.</p>{% endif %}
<p>{{ summary.count }} photographs, scored by {{ summary.method }}; {{ summary.above }} of them at or above the
 {#- #} threshold of {{ summary.threshold }} ({{ summary.meaning }}).
{%- if summary.unjudged %} {{ summary.unjudged | length }} more cannot be judged; they are below, and not ranked.
{%- endif %}{% if summary.with_care %} {{ summary.with_care }}
 {#- #}{{ " is" if summary.with_care == 1 else " are" }} judged with care: the reason is beside each.
{%- endif %}</p>
<p>The percentile is the share of held-out normal photographs that score lower. Heat maps of all photographs share one
 {#- #} colour scale, which those normals alone fix. They are unpainted where the retina looks as in normal photographs;
 {#- #} the brighter, the less alike.</p>
{% if summary.stops %}
<div class="scale"><div style="background:linear-gradient(to right,{{ summary.stops }})"></div><p>
{%- for end in summary.ends %}<span>{{ end }}</span>{% endfor %}</p></div>
<p><small>{{ summary.unit }} At the bar's beginning and below it nothing is painted; its last colour
 {#- #} stands for its end and all above.</small></p>
{% endif %}
"""
    + UNJUDGED
    + """\
{% if summary.left_out %}<h2>Excluded: {{ summary.left_out | length }}</h2><ul>
{%- for path, why in summary.left_out %}<li>{{ path }}: {{ why }}</li>{% endfor %}</ul>{% endif %}
{% endif %}
{% macro links() %}
{% if pages | length > 1 %}<nav>Page {% for name, number, here in pages %}
{%- if here %}<strong>{{ number }}</strong>{% else %}<a href="{{ name }}">{{ number }}</a>{% endif %}
{%- endfor %}</nav>{% endif %}
{% endmacro %}
{{ links() }}
<table><thead><tr><th class="number">#</th><th>image</th>{% if labelled %}<th>label</th>{% endif -%}
<th>photograph</th><th>heat map</th><th class="number">score</th><th class="number">percentile</th>
{#- #}<th>above the threshold of normals</th></tr></thead><tbody>
{% for row in rows %}
<tr><td class="number place">{{ row.place }}</td><td class="name">{{ row.id }}<br><small>{{ row.path }}</small>
{%- if row.care %}<br><small class="care">with care: {{ row.care }}</small>{% endif %}</td>
{%- if labelled %}<td class="fact label" data-label="label">{{ row.label }}</td>{% endif -%}
{%- for what, source, address in row.pictures %}<td>{% if address %}<a href="{{ address }}">{% endif -%}
<img alt="{{ what }} {{ row.id }}" src="{{ source }}">{% if address %}</a>{% endif %}</td>{% endfor -%}
<td class="number fact" data-label="score">{{ row.score }}</td><td class="number fact" data-label="percentile">
{%- if row.normals %}{{ row.share }}<br><small>{{ row.below }} of {{ row.normals }}</small>{% else %}–{% endif %}</td>
{#- #}<td class="fact{{ " above" if row.above }}" data-label="above the threshold">
{{- "yes" if row.above else "no" }}</td></tr>
{% endfor %}
</tbody></table>
{{ links() }}
"""
)


@dataclass(frozen=True)
class Finding:
    """One scored photograph.

    Attributes:
        id: The image id.
        path: Where the photograph lies, as the user knows it.
        score: The image score.
        label: 1 abnormal, 0 normal, -1 unknown.
        grade: 0–4, or -1 where it is unknown.
        care: Why it is judged with care; "" if it is simply judged.
    """

    id: str
    path: str
    score: float
    label: int = -1
    grade: int = -1
    care: str = ""


@dataclass(frozen=True)
class Settings:
    """What holds for all pages.

    Attributes:
        title: Heading of the pages, e.g. the dataset's name.
        method: The method, backbone and image score, in words.
        threshold: Image score at and above which a photograph counts as unlike the normals.
        threshold_meaning: How it was chosen, from :func:`.thresholds.calibration_in_words`.
        rows_per_page: Photographs on one page.
        thumbnail: Longer side of a thumbnail in pixels.
        jpeg_quality: 1–100.
        scale: What the colours of the heat maps stand for; None leaves the colour bar out.
        unit: What the numbers of the colour bar are, a sentence.
        larger: Files that the thumbnails of photograph and heat map lead to, relative to the pages, as
            :func:`.output_names.output_file` takes them; empty where there are none.
    """

    title: str
    method: str
    threshold: float
    threshold_meaning: str
    rows_per_page: int
    thumbnail: int
    jpeg_quality: int
    scale: Scale | None = None
    unit: str = "Anomaly score of a place."
    larger: tuple[str, str] = ("", "")


Pictures = Callable[[str], tuple[np.ndarray, np.ndarray]]
_NO_GATE = Gate()


def pages(
    findings: Sequence[Finding],
    normal_scores: np.ndarray,
    left_out: Sequence[tuple[str, str]],
    pictures: Pictures,
    settings: Settings,
    gate: Gate = _NO_GATE,
) -> Iterator[tuple[str, str]]:
    """Yield the pages one after another, so that only one page's thumbnails are in memory at a time.

    Args:
        findings: The scored photographs, in any order.
        normal_scores: ``(m,)`` float, image scores of held-out normals.
        left_out: Photographs that were not scored: path and why.
        pictures: Returns photograph and heat map of an image id, each ``(H,W,3)`` uint8, RGB.
        settings: What holds for all pages.
        gate: What is said of the photographs' quality; those that cannot be judged are none of ``findings``.

    Yields:
        File name (``index.html``, ``page_2.html``, …) and its HTML, which loads nothing and runs no script.

    Raises:
        InputError: If a score is not finite; all such images are named.
    """
    raise_if_any(
        Problem(
            f"image {f.id}", f"an image score of {f.score}", "a finite number", "score the image again, or exclude it"
        )
        for f in findings
        if not np.isfinite(f.score)
    )
    ordered = sorted(findings, key=lambda f: (-f.score, f.id))
    normals = np.sort(np.asarray(normal_scores, dtype=np.float64))
    ends = [settings.scale.low, settings.scale.high] if settings.scale else [settings.threshold, *normals]
    written = alike(ends)
    labelled = any(f.label >= 0 for f in ordered)
    size = settings.rows_per_page
    count = max(1, -(-len(ordered) // size))
    for page in range(count):
        start = page * size
        rows = [
            _row(start + place, finding, normals, pictures, settings, written)
            for place, finding in enumerate(ordered[start : start + size], 1)
        ]
        links = [(page_name(number), number + 1, number == page) for number in range(count)]
        intro = _summary(ordered, left_out, settings, written, gate) if page == 0 else None
        values = {"notice": NOTICE, "summary": intro, "pages": links, "rows": rows, "labelled": labelled}
        yield page_name(page), render("scores", _CONTENT, settings.title, **values)


def page_name(page: int) -> str:
    """Return the file name of a page, counted from 0."""
    return "index.html" if page == 0 else f"page_{page + 1}.html"


def normals_below(score: float, normals: np.ndarray) -> int:
    """Return how many of the held-out normals, ``(m,)`` sorted float, score lower."""
    return int(np.searchsorted(normals, score, side="left"))


def _row(
    place: int,
    finding: Finding,
    normals: np.ndarray,
    pictures: Pictures,
    settings: Settings,
    written: Callable[[float], str],
) -> dict[str, object]:
    """Return a photograph's row as the template takes it."""
    below = normals_below(finding.score, normals)
    sources = [embedded(picture, settings.thumbnail, settings.jpeg_quality) for picture in pictures(finding.id)]
    addresses = [quote(output_file(pattern, finding.id)) if pattern else "" for pattern in settings.larger]
    return {
        "place": place,
        "id": finding.id,
        "path": finding.path,
        "care": finding.care,
        "label": _label(finding),
        "pictures": list(zip(("photograph", "heat map"), sources, addresses, strict=True)),
        "score": written(finding.score),
        "share": f"{100 * below / len(normals):.0f}" if len(normals) else "",
        "below": below,
        "normals": len(normals),
        "above": finding.score >= settings.threshold,
    }


def _label(finding: Finding) -> str:
    words = {0: "normal", 1: "abnormal"}.get(finding.label, "unknown")
    return words + (f", grade {finding.grade}" if finding.label == 1 and finding.grade >= 0 else "")


def _summary(
    ordered: Sequence[Finding],
    left_out: Sequence[tuple[str, str]],
    settings: Settings,
    written: Callable[[float], str],
    gate: Gate,
) -> dict[str, object]:
    """Return what the first page says before its table, as the template takes it."""
    stops = [f"#{bytes(colours()[level]).hex()}" for level in np.linspace(0, 255, 9).round().astype(int)]
    return {
        "count": len(ordered),
        "method": settings.method,
        "above": sum(finding.score >= settings.threshold for finding in ordered),
        "threshold": written(settings.threshold),
        "meaning": settings.threshold_meaning,
        "stops": ",".join(stops) if settings.scale else "",
        "ends": bar_ends(settings.scale) if settings.scale else [],
        "unit": settings.unit,
        "left_out": list(left_out),
        "light": gate.light if gate.light and gate.light.colour else None,
        "with_care": sum(finding.care != "" for finding in ordered),
        "unjudged": unjudged_rows(
            gate, settings.rows_per_page, settings.thumbnail, settings.jpeg_quality, settings.larger
        ),
    }
