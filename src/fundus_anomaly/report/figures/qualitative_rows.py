"""The rows of Fig. 2, from a run's files."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fundus_anomaly.report.figures.qualitative import Row
from fundus_anomaly.report.figures.row_choice import choose_rows, lesion_areas
from fundus_anomaly.report.figures.shown_images import ShownImages


def qualitative_rows(
    shown: ShownImages,
    manifest: pd.DataFrame,
    lesions: Sequence[str],
    scores: Sequence[pd.Series],
    *,
    rows: int,
    quantile: float,
    seed: int,
) -> list[Row]:
    """Return the images of Fig. 2, chosen by their lesions and names; see :func:`.row_choice.choose_rows`.

    Args:
        shown: The test images with the maps of all methods.
        manifest: Columns ``id``, ``split``, ``label`` and ``grade``.
        lesions: Names of the lesion types.
        scores: An image score by id, one a method.
        rows: How many rows are wanted; each lesion type gets one, and there is one normal image at least.
        quantile: Which area stands for a lesion type.
        seed: Seed of the run.
    """
    manifest = manifest[manifest["id"].isin(shown.ids)]
    chosen = choose_rows(
        manifest,
        lesion_areas(shown.annotated, lesions, map(shown.coverage, shown.annotated)),
        quantile=quantile,
        normals=max(1, rows - len(lesions)),
        others=max(1, rows - 1),
        seed=seed,
    )
    grades = manifest.set_index("id")["grade"]
    return [
        Row(
            choice.id,
            choice.reason,
            int(grades[choice.id]),
            shown.photograph(choice.id),
            shown.field_of_view(choice.id),
            shown.coverage(choice.id),
            shown.maps(choice.id),
            [table[choice.id] for table in scores],
        )
        for choice in chosen
    ]
