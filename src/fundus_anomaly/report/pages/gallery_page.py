"""Pages to look through scored photographs: each with its heat map, the highest score first, filters and notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.files.output_names import output_file
from fundus_anomaly.quality.shift import Light
from fundus_anomaly.quality.verdict import JUDGED, NOT_JUDGED, WITH_CARE
from fundus_anomaly.report.figures.colour_bar import bar_ends
from fundus_anomaly.report.figures.heat_map import Scale, colours
from fundus_anomaly.report.number_format import alike
from fundus_anomaly.report.pages.page import NOTICE, render

_PARTS = Path(__file__).parent / "gallery"
_SCRIPTS = ("notes.js", "grid.js", "viewer.js")
ABOVE, BELOW = "above the threshold", "below the threshold"
MISSED, FALSE_ALARM = "missed", "false alarm"
_NOTES = ("agree", "disagree", "cannot judge")


class Files(NamedTuple):
    """A photograph's files beside the pages, as :func:`.output_names.output_file` takes them.

    Attributes:
        photograph: In full size.
        heat_map: The same with the map painted over it, to be taken elsewhere.
        heat: The map alone, the lower the more transparent.
        contour: The outline of all that is painted.
        truth: The outlines of annotated lesions.
        small: The photograph as a thumbnail.
        small_heat: The map likewise.
    """

    photograph: str = "photograph/{id}.jpg"
    heat_map: str = "png/{id}.png"
    heat: str = "heat/{id}.png"
    contour: str = "contour/{id}.svg"
    truth: str = "truth/{id}.svg"
    small: str = "small/{id}.jpg"
    small_heat: str = "small_heat/{id}.png"

    def of(self, name: str) -> Files:
        """Return the files of a photograph, relative to the pages."""
        return Files(*(output_file(pattern, name) for pattern in self))


FILES = Files()


class Finding(NamedTuple):
    """One scored photograph.

    Attributes:
        id: The image id.
        score: The image score.
        label: 1 abnormal, 0 normal, -1 unknown.
        grade: 0–4, or -1 where it is unknown.
        quality: Whether it can be judged, :mod:`..quality.verdict`. One that cannot be has no heat map and no place in
            the ranking, whatever its score.
        reason: Why not, or why with care.
        annotated: Whether its lesions are outlined.
    """

    id: str
    score: float
    label: int = -1
    grade: int = -1
    quality: str = JUDGED
    reason: str = ""
    annotated: bool = False


@dataclass(frozen=True)
class Settings:
    """What holds for all pages.

    Attributes:
        title: Heading of the pages, e.g. the dataset's name.
        method: The method, backbone and image score, in words.
        threshold: Image score at and above which a photograph counts as unlike the normals.
        threshold_meaning: How it was chosen, from :func:`.thresholds.calibration_in_words`.
        scale: What the colours of the heat maps stand for.
        unit: What the numbers of the colour bar are, a sentence.
        opacity: Of the paint over a photograph at first, in [0, 1].
        lesions: The colour of each type of annotated lesion, by its name.
        left_out_title: What the photographs have in common that were not scored.
        rows_per_page: Photographs on one page.
    """

    title: str
    method: str
    threshold: float
    threshold_meaning: str
    scale: Scale
    unit: str = "Anomaly score of a place."
    opacity: float = 0.8
    lesions: Mapping[str, str] = field(default_factory=dict)
    left_out_title: str = "Excluded"
    rows_per_page: int = 500


def pages(
    findings: Sequence[Finding],
    normal_scores: np.ndarray,
    left_out: Sequence[tuple[str, str]],
    settings: Settings,
    light: Light | None = None,
) -> Iterator[tuple[str, str]]:
    """Yield the pages one after another.

    Args:
        findings: The scored photographs, in any order.
        normal_scores: ``(m,)`` float, image scores of held-out normals.
        left_out: Photographs that were not scored: what they are called, and why.
        settings: What holds for all pages.
        light: Whether all photographs are of the normals' camera; None says nothing.

    Yields:
        File name (``index.html``, ``page_2.html``, …) and its HTML, which loads the files of :data:`FILES` alone and
        runs no script but ours; without scripts it shows all photographs with their heat maps.

    Raises:
        InputError: If a score is not finite; all such images are named.
    """
    raise_if_any(
        Problem(
            f"image {f.id}", f"an image score of {f.score}", "a finite number", "score the image again, or exclude it"
        )
        for f in findings
        if not np.isfinite(f.score) and f.quality != NOT_JUDGED
    )
    judged = sorted((f for f in findings if f.quality != NOT_JUDGED), key=lambda f: (-f.score, f.id))
    ordered = [*judged, *sorted(f for f in findings if f.quality == NOT_JUDGED)]
    normals = np.sort(np.asarray(normal_scores, dtype=np.float64))
    written = alike([settings.scale.low, settings.scale.high])
    summary = {
        "count": len(judged),
        "method": settings.method,
        "above": sum(finding.score >= settings.threshold for finding in judged),
        "unjudged": len(ordered) - len(judged),
        "with_care": sum(finding.quality == WITH_CARE for finding in judged),
        "light": light if light and light.colour else None,
        "threshold": written(settings.threshold),
        "meaning": settings.threshold_meaning,
        "left_out": list(left_out),
        "left_out_title": settings.left_out_title,
    }
    size = settings.rows_per_page
    count = max(1, -(-len(ordered) // size))
    shared = {
        "notice": NOTICE,
        "opacity": round(100 * settings.opacity),
        "lesions": list(settings.lesions.items()) if any(f.annotated for f in ordered) else [],
        "stops": ",".join(f"#{bytes(colours()[level]).hex()}" for level in np.linspace(0, 255, 9).round().astype(int)),
        "ends": bar_ends(settings.scale),
        "unit": settings.unit,
        "filters": _filters(ordered, settings.threshold),
    }
    for page in range(count):
        rows = [_row(finding, normals, settings, written) for finding in ordered[page * size : (page + 1) * size]]
        links = [(page_name(number), number + 1, number == page) for number in range(count)]
        values = shared | {"summary": summary if page == 0 else None, "pages": links, "rows": rows}
        html = render("gallery", _part("gallery.html"), settings.title, **_looks(), **values)
        yield page_name(page), html


def page_name(page: int) -> str:
    """Return the file name of a page, counted from 0."""
    return "index.html" if page == 0 else f"page_{page + 1}.html"


def normals_below(score: float, normals: np.ndarray) -> int:
    """Return how many of the held-out normals, ``(m,)`` sorted float, score lower."""
    return int(np.searchsorted(normals, score, side="left"))


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _looks() -> dict[str, str]:
    return {"own_style": _part("gallery.css"), "script": "".join(map(_part, _SCRIPTS))}


def _decision(finding: Finding, threshold: float) -> str:
    if finding.quality == NOT_JUDGED:
        return NOT_JUDGED
    return ABOVE if finding.score >= threshold else BELOW


def _kind(finding: Finding, threshold: float) -> str:
    """Return what is wrong about the side of the threshold, where the label is known."""
    wrong = {(1, BELOW): MISSED, (0, ABOVE): FALSE_ALARM}
    return wrong.get((finding.label, _decision(finding, threshold)), "")


def _filters(findings: Sequence[Finding], threshold: float) -> list[tuple[str, str]]:
    """Return the choices of which photographs are shown: what stands in an attribute of theirs, and words."""
    found = [("kind", kind) for kind in (MISSED, FALSE_ALARM) if any(f.label >= 0 for f in findings)]
    found += [("decision", decision) for decision in sorted({_decision(finding, threshold) for finding in findings})]
    found += [("quality", WITH_CARE)] if any(f.quality == WITH_CARE for f in findings) else []
    found += [("label", label) for label in sorted({_label(f) for f in findings if f.label >= 0})]
    choices = [(f"{what}:{value}", value) for what, value in found]
    return [*choices, *((f"note:{note}", f"note: {note}") for note in _NOTES), ("note:", "without a note")]


def _row(
    finding: Finding, normals: np.ndarray, settings: Settings, written: Callable[[float], str]
) -> dict[str, object]:
    """Return a photograph's card as the template takes it."""
    judged = finding.quality != NOT_JUDGED
    below = normals_below(finding.score, normals) if judged else 0
    addresses = {name: quote(file) for name, file in FILES.of(finding.id)._asdict().items()}
    return addresses | {
        "id": finding.id,
        "judged": judged,
        "truth": addresses["truth"] if finding.annotated else "",
        "label": _label(finding) if finding.label >= 0 else "",
        "kind": _kind(finding, settings.threshold),
        "decision": _decision(finding, settings.threshold),
        "quality": finding.quality,
        "reason": f"with care: {finding.reason}" if finding.quality == WITH_CARE else finding.reason,
        "value": repr(float(finding.score)) if judged else "-Infinity",
        "score": written(finding.score) if judged else "",
        "share": f"{100 * below / len(normals):.0f}" if len(normals) else "",
        "below": below,
        "normals": len(normals),
        "above": judged and finding.score >= settings.threshold,
    }


def _label(finding: Finding) -> str:
    words = {0: "normal", 1: "abnormal"}.get(finding.label, "unknown")
    return words + (f", grade {finding.grade}" if finding.label == 1 and finding.grade >= 0 else "")
