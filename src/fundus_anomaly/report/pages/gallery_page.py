"""Pages to look through scored photographs: each with its heat map, the highest score first, filters and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.quality.shift import Light
from fundus_anomaly.quality.verdict import NOT_JUDGED, WITH_CARE
from fundus_anomaly.report.figures.colour_bar import bar_ends
from fundus_anomaly.report.figures.heat_map import Scale, colours
from fundus_anomaly.report.number_format import alike
from fundus_anomaly.report.pages.gallery_card import FALSE_ALARM, MISSED, Finding, card, decision_of, label_of
from fundus_anomaly.report.pages.gallery_patients import by_patient, paged
from fundus_anomaly.report.pages.page import NOTICE, render
from fundus_anomaly.scoring.thresholds import calibrate, calibration_in_words

_PARTS = Path(__file__).parent / "gallery"
_SCRIPTS = ("notes.js", "patients.js", "grid.js", "viewer.js")
_NOTES = ("agree", "disagree", "cannot judge")


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
        rows_per_page: Photographs on one page; those of a patient are on one.
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

    @classmethod
    def of_normals(cls, normal_scores: np.ndarray, normal_quantile: float, **others: Any) -> Settings:
        """Return settings with the threshold that held-out normals give, and its meaning.

        Args:
            normal_scores: ``(n,)`` float.
            normal_quantile: Share of new normals that the threshold lets pass.
            others: All other attributes.
        """
        threshold = calibrate(normal_scores, normal_quantile).threshold
        meaning = calibration_in_words(len(normal_scores), normal_quantile)
        return cls(threshold=threshold, threshold_meaning=meaning, **others)


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
        File name (``index.html``, ``page_2.html``, …) and its HTML, which loads the files of
        :data:`.gallery_files.FILES` alone and runs no script but ours; without scripts it shows all photographs with
        their heat maps.

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
    ordered = [*judged, *sorted((f for f in findings if f.quality == NOT_JUDGED), key=lambda f: f.id)]
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
    patients = by_patient(ordered)
    number_of = {one.id: number for number, photographs in enumerate(patients, 1) for one in photographs}
    place_of = {one.id: place for place, one in enumerate(ordered)}
    shown = paged(patients, settings.rows_per_page)
    shared = {
        "notice": NOTICE,
        "opacity": round(100 * settings.opacity),
        "lesions": list(settings.lesions.items()) if any(f.annotated for f in ordered) else [],
        "stops": ",".join(f"#{bytes(colours()[level]).hex()}" for level in np.linspace(0, 255, 9).round().astype(int)),
        "ends": bar_ends(settings.scale),
        "unit": settings.unit,
        "filters": _filters(ordered, settings.threshold),
        "shown_lesions": [name for name in settings.lesions if any(name in f.lesions for f in ordered)],
        "patients": len(patients) if len(patients) < len(ordered) else 0,
    }
    for page, found in enumerate(shown):
        here = sorted((one for photographs in found for one in photographs), key=lambda one: place_of[one.id])
        rows = [card(one, number_of[one.id], normals, settings.threshold, written) for one in here]
        links = [(page_name(number), number + 1, number == page) for number in range(len(shown))]
        values = shared | {"summary": summary if page == 0 else None, "pages": links, "rows": rows}
        html = render("gallery", _part("gallery.html"), settings.title, **_looks(), **values)
        yield page_name(page), html


def page_name(page: int) -> str:
    """Return the file name of a page, counted from 0."""
    return "index.html" if page == 0 else f"page_{page + 1}.html"


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _looks() -> dict[str, str]:
    return {"own_style": _part("gallery.css"), "script": "".join(map(_part, _SCRIPTS))}


def _filters(findings: Sequence[Finding], threshold: float) -> list[tuple[str, str]]:
    """Return the choices of which photographs are shown: what stands in an attribute of theirs, and words."""
    found = [("kind", kind) for kind in (MISSED, FALSE_ALARM) if any(f.label >= 0 for f in findings)]
    found += [("decision", decision) for decision in sorted({decision_of(finding, threshold) for finding in findings})]
    found += [("quality", WITH_CARE)] if any(f.quality == WITH_CARE for f in findings) else []
    found += [("label", label) for label in sorted({label_of(f) for f in findings if f.label >= 0})]
    choices = [(f"{what}:{value}", value) for what, value in found]
    return [*choices, *((f"note:{note}", f"note: {note}") for note in _NOTES), ("note:", "without a note")]
