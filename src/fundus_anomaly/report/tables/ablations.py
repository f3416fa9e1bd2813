"""The paper's Table 3: shares of the training images, parts of ReSC, and the readings of its equation 4."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from fundus_anomaly.evaluation.pixel_sample import PixelSample
from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.report.tables.layout import document, markdown, readable, wide_table
from fundus_anomaly.report.tables.notes_below import Settings, notes_below
from fundus_anomaly.report.tables.pixel_differences import difference_part, difference_table
from fundus_anomaly.report.tables.published import published_rows
from fundus_anomaly.report.tables.resad import FIGURES, shown
from fundus_anomaly.report.tables.variant import Variant

PARAMETER_HEADINGS = {
    "training_images": "training images",
    "reading": "reading of eq. 4",
    "effective_neighbours": "effective neighbours",
}
"""Parameters shown to readers, where the variants have them; the machine-readable table holds all."""


class AblationTables(NamedTuple):
    """Table 3.

    Attributes:
        table: One row a variant, machine-readable.
        differences: Differences of pixel figures.
        markdown: All of it for readers.
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    markdown: str


def as_it_came_out(row: Mapping[str, object], images: int, neighbours: np.ndarray) -> dict[str, object]:
    """Return the parameters of a row as they came out.

    Args:
        row: The variant: ``coreset``, ``region``, ``spatial`` and ``scale``.
        images: Normal images that its bank was chosen from.
        neighbours: ``(n,)`` effective number of neighbours of each image, NaN without attention.
    """
    without_scale = row["spatial"] in ("off", "identity")
    return {
        "training_images": images,
        "coreset_fraction": row["coreset"],
        "region": row["region"],
        "reading": row["spatial"] if without_scale else f"{row['spatial']}, {row['scale']}",
        "effective_neighbours": float(np.nanmedian(neighbours)) if np.isfinite(neighbours).any() else float("nan"),
    }


def read_as_it_came_out(
    row: Mapping[str, object], coreset: str | os.PathLike[str], attention: str | os.PathLike[str]
) -> dict[str, object]:
    """Return :func:`as_it_came_out` of a finished row.

    Args:
        row: As there.
        coreset: File of the chosen entries, which has a place for each image that they were chosen from.
        attention: File with the effective neighbours of each image.

    Raises:
        InputError: If a file is damaged.
    """
    with open_h5(attention, "effective_neighbours") as found, open_h5(coreset, "image") as bank:
        return as_it_came_out(row, len(bank["image"]), found["effective_neighbours"][:])


def ablation_tables(
    variants: Sequence[Variant],
    pixels: Sequence[PixelSample | None],
    test: Mapping[str, Sequence],
    excluded: Mapping[str, str],
    settings: Settings,
    *,
    title: str,
    facts: Mapping[str, object],
    notes: Sequence[str],
) -> AblationTables:
    """Return Table 3 with its footnotes.

    Args:
        variants: As in :func:`ablation_table`.
        pixels: The pixels of each, from its evaluation; None for one without pixel figures.
        test: Columns ``id``, ``label`` and ``patient`` of the test's images.
        excluded: Why each image is excluded, by id.
        settings: See :class:`.notes_below.Settings`.
        title: Title of the document.
        facts: What was run.
        notes: Footnotes of the table's own, after those on its figures.
    """
    image_score = settings.image_score
    table = ablation_table(variants, settings.dataset, image_score)
    differences = difference_table(variants, pixels, settings.against, test, settings.resampling)
    footnoted = notes_below(table, variants, test, excluded, settings, facts, after=notes)
    part = difference_part(differences, settings.confidence)
    text = ablation_markdown(variants, settings.dataset, image_score, title, footnoted, part)
    return AblationTables(table, differences, text)


def ablation_table(variants: Sequence[Variant], dataset: str, image_score: str) -> pd.DataFrame:
    """Return Table 3, machine-readable; see :func:`.layout.wide_table`.

    Args:
        variants: In the order of the rows. The parameter ``effective_neighbours`` is the median over images and
            positions of exp(entropy) of the attention, NaN or absent without attention.
        dataset: Decides which published rows are added.
        image_score: The image score that image-level figures are taken from; the paper's is "maximum".
    """
    return wide_table(variants, FIGURES, image_score, published_rows(dataset, [3]))


def ablation_markdown(
    variants: Sequence[Variant],
    dataset: str,
    image_score: str,
    title: str,
    footnotes: Sequence[str],
    differences: Sequence[str] = (),
) -> str:
    """Return Table 3 as a Markdown document, images and pixels apart.

    Args:
        variants: As in :func:`ablation_table`.
        dataset: As in :func:`ablation_table`.
        image_score: As in :func:`ablation_table`.
        title: Title of the document.
        footnotes: From :func:`.footnotes.footnotes`.
        differences: From :func:`.pixel_differences.difference_part`.
    """
    table = ablation_table(variants, dataset, image_score)
    headings = {"method": "ablation"} | {name: text for name, text in PARAMETER_HEADINGS.items() if name in table}
    parts = []
    for level in ("image", "pixel"):
        figures = [figure for figure in FIGURES if figure.level == level]
        if shown(table, figures):
            rows = table[~table["method"].isin([variant.label for variant in variants if not variant.has(level)])]
            parts.append(markdown(f"{level.capitalize()}s (the paper's Table 3)", readable(rows, figures, headings), 1))
    if not parts:
        parts.append("No figures: the test has not both normal and abnormal images or pixels.\n")
    return document(title, [*parts, *differences], footnotes)
