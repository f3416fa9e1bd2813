"""A folder of heat maps: pictures of every image in full size, and the pages to look through them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from fundus_anomaly.files.output_names import output_file
from fundus_anomaly.files.whole import whole, write_text
from fundus_anomaly.progress import track
from fundus_anomaly.quality.shift import Light
from fundus_anomaly.quality.verdict import NOT_JUDGED
from fundus_anomaly.report.figures.heat_map import overlay
from fundus_anomaly.report.figures.shown_images import ShownImages
from fundus_anomaly.report.pages.scores import Finding, Settings, pages
from fundus_anomaly.report.pages.unjudged import Gate, Unjudged

LARGER = ("photograph/{id}.jpg", "png/{id}.png")
"""Photograph and heat map of an image in full size."""


def write_heat_maps(
    folder: Path,
    shown: ShownImages,
    manifest: pd.DataFrame,
    scores: pd.Series,
    normal_scores: np.ndarray,
    left_out: Sequence[tuple[str, str]],
    settings: Settings,
    opacity: float,
    said: pd.DataFrame,
    light: Light,
) -> None:
    """Write the two pictures of each image that :data:`LARGER` names, and the pages, ``index.html`` first.

    Args:
        folder: An empty folder, or none yet.
        shown: The test images with one method's maps.
        manifest: Index image id; columns ``path``, ``label`` and ``grade``.
        scores: An image score by id.
        normal_scores: ``(n,)`` scores of held-out normals.
        left_out: Id of each image that was left out, and why.
        settings: Of the pages; ``larger`` is :data:`LARGER`.
        opacity: Of the paint over the photograph, in [0, 1].
        said: Of each image's quality, index image id; columns ``quality`` and ``reason``. What cannot be judged gets no
            heat map and no place in the ranking.
        light: Whether the photographs are of the normals' camera.
    """
    refused = said.index[said["quality"] == NOT_JUDGED]

    def pictures(name: str) -> tuple[np.ndarray, np.ndarray]:
        photograph = shown.photograph(name)
        return photograph, overlay(photograph, shown.maps(name)[0], shown.field_of_view(name), settings.scale, opacity)

    for name in track(shown.ids, len(shown.ids), "heat maps"):
        drawn = [shown.photograph(name)] if name in refused else pictures(name)
        for pattern, picture in zip(LARGER, drawn, strict=False):
            file = folder / output_file(pattern, name)
            with whole(file) as temporary:
                temporary.write_bytes(cv2.imencode(file.suffix, picture[..., ::-1])[1].tobytes())
    rows = manifest.loc[shown.ids].join(said["reason"])
    found = [
        Finding(row.Index, row.path, float(scores[row.Index]), int(row.label), int(row.grade), row.reason)
        for row in rows.drop(index=refused).itertuples()
    ]
    unjudged = [Unjudged(row.Index, row.path, row.reason) for row in rows.loc[refused].itertuples()]
    gate = Gate(unjudged, shown.photograph, light)
    for page, html in pages(found, normal_scores, left_out, pictures, settings, gate):
        write_text(folder / page, html)
