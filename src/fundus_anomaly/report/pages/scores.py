"""HTML pages on a folder of unknown photographs: highest score first, each with its heat map; nothing to install."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

import cv2
import numpy as np

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.files.output_names import output_file
from fundus_anomaly.report.figures.colour_bar import bar_ends
from fundus_anomaly.report.figures.heat_map import Scale, colours
from fundus_anomaly.report.number_format import alike

_STYLE = """
:root{color-scheme:light dark;--ink:#1f2933;--soft:#5f6c7b;--line:#dfe4ea;--page:#fbfbfa;--card:#fff4ec;--link:#1f5fa8}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa6b2;--line:#343c46;--page:#161a1f;--card:#2a211b;
--link:#8bb8e8}}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:68rem;padding:1.5rem 1rem 3rem;
background:var(--page);color:var(--ink)}
h1,p,li{overflow-wrap:anywhere}a{color:var(--link)}small{color:var(--soft)}
.notice{border-left:4px solid #d55e00;background:var(--card);padding:.6rem 1rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.5rem;border-bottom:1px solid var(--line);vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
td.name{overflow-wrap:anywhere;max-width:16rem}
img{display:block;background:#000}a img{cursor:zoom-in}
.above{font-weight:600}
.scale{max-width:22rem;font-size:.87rem}.scale div{height:.8rem}
.scale p{display:flex;justify-content:space-between;margin:.1rem 0 1rem;color:var(--soft)}
nav a,nav strong{display:inline-block;margin-right:.6rem}
@media (max-width:46rem){thead{display:none}table,tbody{display:block}
tr{display:grid;grid-template-columns:1fr 1fr;gap:.1rem .8rem;border-bottom:1px solid var(--line);padding:.7rem 0}
td,td.number{border:0;padding:.15rem 0;text-align:left}td.name,td.label{grid-column:1/-1}
td.name{max-width:none;font-weight:600}
img{max-width:100%;height:auto}
td.place{display:none}td.fact::before{content:attr(data-label) ": ";color:var(--soft);font-weight:400}}
"""
_NOTICE = (
    "Research use only. This is not a diagnosis and not a medical device. A score says how far a photograph "
    "differs from the normal photographs that the model was given; a difference may be disease, but also another "
    "camera, blur, a lash or a reflection, and disease may be missed. Whoever acts on an image must have looked at it."
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
    """

    id: str
    path: str
    score: float
    label: int = -1
    grade: int = -1


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
    larger: tuple[str, str] = ("", "")


Pictures = Callable[[str], tuple[np.ndarray, np.ndarray]]


def pages(
    findings: Sequence[Finding],
    normal_scores: np.ndarray,
    left_out: Sequence[tuple[str, str]],
    pictures: Pictures,
    settings: Settings,
) -> Iterator[tuple[str, str]]:
    """Yield the pages one after another, so that only one page's thumbnails are in memory at a time.

    Args:
        findings: The scored photographs, in any order.
        normal_scores: ``(m,)`` float, image scores of held-out normals.
        left_out: Photographs that were not scored: path and why.
        pictures: Returns photograph and heat map of an image id, each ``(H,W,3)`` uint8, RGB.
        settings: What holds for all pages.

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
            _row(start + place, finding, normals, pictures, settings, written, labelled)
            for place, finding in enumerate(ordered[start : start + size], 1)
        ]
        intro = _summary(ordered, left_out, settings, written) if page == 0 else ""
        yield page_name(page), _document(intro, rows, _links(page, count), settings, labelled)


def page_name(page: int) -> str:
    """Return the file name of a page, counted from 0."""
    return "index.html" if page == 0 else f"page_{page + 1}.html"


def normals_below(score: float, normals: np.ndarray) -> int:
    """Return how many of the held-out normals, ``(m,)`` sorted float, score lower."""
    return int(np.searchsorted(normals, score, side="left"))


def embedded(picture: np.ndarray, longer_side: int, quality: int) -> str:
    """Return a picture, made smaller if need be, as a ``data:`` address.

    Args:
        picture: ``(H,W,3)`` uint8, RGB.
        longer_side: At most so many pixels.
        quality: JPEG quality, 1–100.
    """
    shrink = min(1.0, longer_side / max(picture.shape[:2]))
    width, height = (max(1, round(side * shrink)) for side in picture.shape[1::-1])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def _row(
    place: int,
    finding: Finding,
    normals: np.ndarray,
    pictures: Pictures,
    settings: Settings,
    written: Callable[[float], str],
    labelled: bool,
) -> str:
    photograph, heat = (embedded(p, settings.thumbnail, settings.jpeg_quality) for p in pictures(finding.id))
    below = normals_below(finding.score, normals)
    share = f"{100 * below / len(normals):.0f}<br><small>{below} of {len(normals)}</small>" if len(normals) else "–"
    above = finding.score >= settings.threshold
    name = escape(finding.id)
    pictured = [
        _linked(f'<img alt="{what} {name}" src="{source}">', pattern, finding.id)
        for what, source, pattern in zip(("photograph", "heat map"), (photograph, heat), settings.larger, strict=True)
    ]
    label = f'<td class="fact label" data-label="label">{_label(finding)}</td>' if labelled else ""
    return (
        f"<tr><td class='number place'>{place}</td>"
        f"<td class=name>{name}<br><small>{escape(finding.path)}</small></td>{label}"
        f"<td>{pictured[0]}</td><td>{pictured[1]}</td>"
        f'<td class="number fact" data-label="score">{written(finding.score)}</td>'
        f'<td class="number fact" data-label="percentile">{share}</td>'
        f'<td class="fact{" above" if above else ""}" data-label="above the threshold">{"yes" if above else "no"}</td>'
        "</tr>"
    )


def _linked(image: str, pattern: str, name: str) -> str:
    """Return an image that leads to a larger one, if there is one."""
    return f'<a href="{escape(quote(output_file(pattern, name)))}">{image}</a>' if pattern else image


def _label(finding: Finding) -> str:
    words = {0: "normal", 1: "abnormal"}.get(finding.label, "unknown")
    return words + (f", grade {finding.grade}" if finding.label == 1 and finding.grade >= 0 else "")


def _summary(
    ordered: Sequence[Finding],
    left_out: Sequence[tuple[str, str]],
    settings: Settings,
    written: Callable[[float], str],
) -> str:
    above = sum(f.score >= settings.threshold for f in ordered)
    text = (
        f"<p>{len(ordered)} photographs, scored by {escape(settings.method)}; {above} of them at or above the "
        f"threshold of {written(settings.threshold)} ({escape(settings.threshold_meaning)}).</p>"
        "<p>The percentile is the share of held-out normal photographs that score lower. Heat maps of all "
        "photographs share one colour scale, which those normals alone fix. They are unpainted where the retina looks "
        "as in normal photographs; the brighter, the less alike.</p>"
    )
    if settings.scale:
        table = colours()
        stops = ",".join("#" + bytes(table[level]).hex() for level in np.linspace(0, 255, 9).round().astype(int))
        texts = "".join(f"<span>{end}</span>" for end in bar_ends(settings.scale))
        text += (
            f'<div class=scale><div style="background:linear-gradient(to right,{stops})"></div><p>{texts}</p></div>'
            "<p><small>Anomaly score of a place. At the bar's beginning and below it nothing is painted; its last "
            "colour stands for its end and all above.</small></p>"
        )
    if left_out:
        items = "".join(f"<li>{escape(path)}: {escape(why)}</li>" for path, why in left_out)
        text += f"<h2>Left out: {len(left_out)}</h2><ul>{items}</ul>"
    return text


def _links(page: int, count: int) -> str:
    if count == 1:
        return ""
    parts = [
        f"<strong>{n + 1}</strong>" if n == page else f'<a href="{page_name(n)}">{n + 1}</a>' for n in range(count)
    ]
    return f"<nav>Page {''.join(parts)}</nav>"


def _document(intro: str, rows: Sequence[str], links: str, settings: Settings, labelled: bool) -> str:
    head = "".join(
        f"<th{kind}>{text}</th>"
        for text, kind in (
            ("#", " class=number"),
            ("image", ""),
            *([("label", "")] if labelled else []),
            ("photograph", ""),
            ("heat map", ""),
            ("score", " class=number"),
            ("percentile", " class=number"),
            ("above the threshold of normals", ""),
        )
    )
    title = escape(settings.title)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        # The browser itself refuses scripts and anything from outside, should a name ever slip through unescaped.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>"
        f"<body><h1>{title}</h1><p class=notice>{escape(_NOTICE)}</p>{intro}{links}"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n"
        + "\n".join(rows)
        + f"\n</tbody></table>{links}</body></html>\n"
    )
