"""The footnotes of a table of ReSAD's: what was run, what was left out, and what its figures mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.report.tables.footnotes import calibration_notes, footnotes, independence, notes_of, tested
from fundus_anomaly.report.tables.layout import PUBLISHED
from fundus_anomaly.report.tables.resad import FIGURES
from fundus_anomaly.report.tables.variant import Variant


class Settings(NamedTuple):
    """What the configuration says about a table.

    Attributes:
        dataset: It decides which published rows are added.
        image_score: Image score of the image-level figures, but for rows with one of their own.
        normal_quantile: Quantile of the calibrated thresholds.
        confidence: Coverage of the intervals.
        against: Name of the row that the others' pixel figures are compared with.
        resampling: How the pixel figures' differences are drawn.
    """

    dataset: str
    image_score: str
    normal_quantile: float
    confidence: float
    against: str
    resampling: Resampling

    @classmethod
    def of(cls, settings: Mapping[str, object], resampling: Mapping[str, object]) -> Settings:
        """Return the settings from plain values."""
        return cls(**settings, resampling=Resampling(**resampling))


def notes_below(
    table: pd.DataFrame,
    variants: Sequence[Variant],
    test: Mapping[str, Sequence],
    excluded: Mapping[str, str],
    settings: Settings,
    facts: Mapping[str, object],
    *,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
) -> list[str]:
    """Return the footnotes of a table.

    Args:
        table: From :func:`.layout.wide_table`.
        variants: Its rows of ours.
        test: Columns ``id``, ``label`` and ``patient`` of the test's images.
        excluded: Why each image is excluded, by id.
        settings: See :class:`Settings`.
        facts: What was run.
        before: Footnotes of the table's own, before those on its figures.
        after: Likewise after them.
    """
    return footnotes(
        {**facts, "test images": tested(test, excluded)},
        excluded,
        settings.normal_quantile,
        settings.confidence,
        settings.image_score,
        bool((table["source"] == PUBLISHED).any()),
        [
            *before,
            *calibration_notes(variants, settings.image_score, settings.normal_quantile),
            *notes_of(variants, FIGURES, settings.image_score),
            *after,
        ],
        independence(test, excluded),
    )
