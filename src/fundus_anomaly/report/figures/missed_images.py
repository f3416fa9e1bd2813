"""The tiles of the contact sheet of misses, from a run's files."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from fundus_anomaly.report.figures.misses import Tile, worst_misses
from fundus_anomaly.report.figures.shown_images import ShownImages


def missed_images(
    shown: ShownImages,
    manifest: pd.DataFrame,
    scores: pd.Series,
    normal_scores: np.ndarray,
    count: int,
    unjudged: Collection[str] = (),
) -> list[list[Tile]]:
    """Return the tiles of the abnormal images scored lowest, and those of the normal images scored highest.

    Args:
        shown: The test images with one method's maps.
        manifest: Index image id; columns ``label`` and ``grade``.
        scores: An image score by id.
        normal_scores: ``(n,)`` scores of held-out normals.
        count: At most so many of each.
        unjudged: Images that cannot be judged; they are no misses of the method.
    """
    ids = [name for name in shown.ids if name not in unjudged]
    manifest, scores, normal_scores = manifest.loc[ids], scores[ids], np.sort(normal_scores)

    def tile(place: int) -> Tile:
        name, score = ids[place], scores.iloc[place]
        coverage = shown.coverage(name)
        return Tile(
            name,
            int(manifest["grade"].iloc[place]),
            float(score),
            100 * float(np.searchsorted(normal_scores, score)) / len(normal_scores),
            shown.photograph(name),
            shown.maps(name)[0],
            shown.field_of_view(name),
            coverage.max(axis=0) if coverage.any() else None,
        )

    found = worst_misses(ids, scores.to_numpy(), manifest["label"].to_numpy(), count)
    return [[tile(place) for place in places] for places in found]
