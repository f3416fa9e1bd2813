"""What ReSAD's tables, and that of all methods, read beside the figures of their rows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from fundus_anomaly.audit.excluded import read_excluded
from fundus_anomaly.evaluation.pixel_sample import PixelSample, read_pixel_sample
from fundus_anomaly.quality.tables import read_quality
from fundus_anomaly.report.tables.footnotes import index_fact
from fundus_anomaly.report.tables.unjudged import still_counted_note
from fundus_anomaly.scoring.contract import read_scores
from fundus_anomaly.scoring.map_files import recall_of


class Beside(NamedTuple):
    """What is known of a table's rows beside their figures.

    Attributes:
        excluded: Why each image is excluded, by id.
        scores: The image scores of each row, from its ``test.csv``.
        pixels: The pixels of each row but calibrated ones; empty ones of a method without maps.
        notes: Footnotes on photographs that cannot be judged; none where all can be.
    """

    excluded: dict[str, str]
    scores: list[pd.DataFrame]
    pixels: list[PixelSample]
    notes: list[str]


def read_beside(
    left_out: str | os.PathLike[str],
    quality: str | os.PathLike[str],
    pixels: Iterable[str | os.PathLike[str]],
    scores: Iterable[str | os.PathLike[str]] = (),
) -> Beside:
    """Return what is known beside the figures.

    Args:
        left_out: The audit's table of excluded images.
        quality: What is said of the quality of each photograph of the test.
        pixels: Of each row but calibrated ones the file of pixels that its evaluation wrote.
        scores: Of each row its image scores.

    Raises:
        InputError: If a file is damaged.
    """
    notes = still_counted_note(read_quality(quality)["quality"])
    return Beside(read_excluded(left_out), list(map(read_scores, scores)), list(map(read_pixel_sample, pixels)), notes)


def read_index_fact(search: Mapping[str, object], maps: Iterable[str | os.PathLike[str]]) -> str:
    """Return :func:`.footnotes.index_fact`.

    Args:
        search: As there.
        maps: The files of maps of the rows, if the index is approximate.
    """
    return index_fact(search, list(map(recall_of, maps)))
