"""HTML pages on a folder of unknown photographs: highest score first, each with its heat map; nothing to install."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

import cv2
import numpy as np

from ..errors import Problem, raise_if_any

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#1a1a1a}
.notice{border-left:4px solid #d55e00;background:#fff4ec;padding:.6rem 1rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.5rem;border-bottom:1px solid #ddd;vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
td.name{overflow-wrap:anywhere;max-width:16rem}
img{display:block;background:#000}
.above{font-weight:600}
nav a,nav strong{display:inline-block;margin-right:.6rem}
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
    """

    id: str
    path: str
    score: float


@dataclass(frozen=True)
class Settings:
    """What holds for all pages.

    Attributes:
        title: Heading of the pages, e.g. the dataset's name.
        method: The method, backbone and image score, in words.
        threshold: Image score at and above which a photograph counts as unlike the normals.
        threshold_meaning: How it was chosen, e.g. ``"95 % quantile of held-out normals"``.
        rows_per_page: Photographs on one page.
        thumbnail: Longer side of a thumbnail in pixels.
        jpeg_quality: 1–100.
    """

    title: str
    method: str
    threshold: float
    threshold_meaning: str
    rows_per_page: int
    thumbnail: int
    jpeg_quality: int


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
    size = settings.rows_per_page
    count = max(1, -(-len(ordered) // size))
    for page in range(count):
        start = page * size
        rows = [
            _row(start + place, finding, normals, pictures, settings)
            for place, finding in enumerate(ordered[start : start + size], 1)
        ]
        intro = _summary(ordered, normals, left_out, settings) if page == 0 else ""
        yield page_name(page), _document(intro, rows, _links(page, count), settings)


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


def _row(place: int, finding: Finding, normals: np.ndarray, pictures: Pictures, settings: Settings) -> str:
    photograph, heat = (embedded(p, settings.thumbnail, settings.jpeg_quality) for p in pictures(finding.id))
    below = normals_below(finding.score, normals)
    share = f"{100 * below / len(normals):.0f}<br><small>{below} of {len(normals)}</small>" if len(normals) else "–"
    above = finding.score >= settings.threshold
    name = escape(finding.id)
    return (
        f"<tr><td class=number>{place}</td>"
        f"<td class=name>{name}<br><small>{escape(finding.path)}</small></td>"
        f'<td><img alt="photograph {name}" src="{photograph}"></td>'
        f'<td><img alt="heat map {name}" src="{heat}"></td>'
        f"<td class=number>{finding.score:.4g}</td>"
        f"<td class=number>{share}</td>"
        f"<td{' class=above' if above else ''}>{'yes' if above else 'no'}</td></tr>"
    )


def _summary(
    ordered: Sequence[Finding], normals: np.ndarray, left_out: Sequence[tuple[str, str]], settings: Settings
) -> str:
    above = sum(f.score >= settings.threshold for f in ordered)
    text = (
        f"<p>{len(ordered)} photographs, scored by {escape(settings.method)}; {above} of them at or above the "
        f"threshold of {settings.threshold:.4g} ({escape(settings.threshold_meaning)}, {len(normals)} images).</p>"
        "<p>The percentile is the share of held-out normal photographs that score lower. Heat maps of all "
        "photographs share one colour scale and are unpainted where the retina looks as in normal photographs; "
        "the brighter, the less alike.</p>"
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


def _document(intro: str, rows: Sequence[str], links: str, settings: Settings) -> str:
    head = "".join(
        f"<th{kind}>{text}</th>"
        for text, kind in (
            ("#", " class=number"),
            ("image", ""),
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
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1><p class=notice>{escape(_NOTICE)}</p>{intro}{links}"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n"
        + "\n".join(rows)
        + f"\n</tbody></table>{links}</body></html>\n"
    )
