"""A folder of heat maps: pictures of every image in full size, and the pages to look through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fundus_anomaly.files.whole import whole, write_text
from fundus_anomaly.progress import track
from fundus_anomaly.quality.shift import Light
from fundus_anomaly.report.figures.heat_map import painted_over
from fundus_anomaly.report.pages.gallery_card import Finding
from fundus_anomaly.report.pages.gallery_files import FILES
from fundus_anomaly.report.pages.gallery_page import Settings, pages
from fundus_anomaly.report.pages.layers import contour, heat_layer, jpeg, outlined, png, thumbnail, truth

_THUMBNAIL = 320
_THUMBNAIL_QUALITY, _QUALITY = 85, 95


class Pictured(NamedTuple):
    """What is shown of a photograph.

    Attributes:
        photograph: ``(S, S, 3)`` uint8 RGB.
        levels: ``(S, S)`` uint8, see :func:`..figures.heat_map.levels`; None where it cannot be judged.
        coverage: ``(L, S, S)`` uint8, how much of each pixel is lesion; None where none is annotated.
        encoded: The photograph as JPEG, if it is known.
    """

    photograph: np.ndarray
    levels: np.ndarray | None
    coverage: np.ndarray | None = None
    encoded: bytes = b""


def write_gallery(
    folder: Path,
    findings: Sequence[Finding],
    pictured: Callable[[str], Pictured],
    normal_scores: np.ndarray,
    left_out: Sequence[tuple[str, str]],
    settings: Settings,
    light: Light | None = None,
) -> None:
    """Write the files of each photograph that :data:`.gallery_files.FILES` names, and the pages, ``index.html`` first.

    Args:
        folder: An empty folder, or none yet.
        findings: The scored photographs; ``annotated`` and ``lesions`` are what ``pictured`` gives.
        pictured: What is shown of a photograph, by its id.
        normal_scores: ``(n,)`` scores of held-out normals.
        left_out: Photographs that were not scored: what they are called, and why.
        settings: Of the pages.
        light: Whether all photographs are of the normals' camera; None says nothing.
    """
    known = []
    for finding in track(findings, len(findings), "heat maps"):
        shown = pictured(finding.id)
        known.append(_with_lesions(finding, shown.coverage, settings))
        for name, content in _contents(shown, settings).items():
            with whole(folder / getattr(FILES.of(finding.id), name)) as temporary:
                temporary.write_bytes(content)
    for page, html in pages(known, normal_scores, left_out, settings, light):
        write_text(folder / page, html)


def _with_lesions(finding: Finding, coverage: np.ndarray | None, settings: Settings) -> Finding:
    """Return a photograph with the types of lesion that are outlined in it."""
    if coverage is None:
        return finding
    types = tuple(name for name, layer in zip(settings.lesions, coverage, strict=True) if outlined(layer).any())
    return finding._replace(annotated=True, lesions=types)


def _contents(shown: Pictured, settings: Settings) -> dict[str, bytes]:
    """Return the content of each file of a photograph."""
    contents = {
        "photograph": shown.encoded or jpeg(shown.photograph, _QUALITY),
        "small": jpeg(thumbnail(shown.photograph, _THUMBNAIL), _THUMBNAIL_QUALITY),
    }
    if shown.levels is None:
        return contents
    contents |= {
        "heat_map": png(painted_over(shown.photograph, shown.levels, settings.opacity)),
        "heat": heat_layer(shown.levels),
        "contour": contour(shown.levels).encode(),
        "small_heat": heat_layer(thumbnail(shown.levels, _THUMBNAIL)),
    }
    return (
        contents if shown.coverage is None else contents | {"truth": truth(shown.coverage, settings.lesions).encode()}
    )
