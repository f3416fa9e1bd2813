"""Differences of variants' pixel figures from one variant's, on the same images: a paired bootstrap by patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.evaluation.pixel_intervals import FIGURES, Resampling, pixel_differences
from fundus_anomaly.evaluation.pixel_sample import PixelSample
from fundus_anomaly.report.tables.layout import markdown, probability, signed
from fundus_anomaly.report.tables.variant import Variant

COLUMNS = ("method", "against", "figure", "difference", "low", "high", "p", "note")
_HEADINGS = {"auc": "AUC", "average_precision": "average precision", "aupro": "AUPRO"}


def difference_table(
    variants: Sequence[Variant],
    samples: Sequence[PixelSample | None],
    against: str,
    test: Mapping[str, Sequence],
    resampling: Resampling,
) -> pd.DataFrame:
    """Return each pixel figure of each variant less that of one of them, lesions of any type against all else.

    Args:
        variants: The rows of the table.
        samples: The pixels of each, from its evaluation; None for one without pixel figures.
        against: Name of the variant that the others are compared with; without one of this name nothing is.
        test: Columns ``id``, ``label`` and ``patient`` of the test's images.
        resampling: How the intervals and the p-values are made.

    Returns:
        :data:`COLUMNS`, a row for each variant but that one and each figure; none without lesion masks.

    Raises:
        InputError: If two variants were evaluated on other images.
    """
    by_id = pd.DataFrame({"label": test["label"], "patient": test["patient"]}, index=test["id"])
    pairs = [pair for pair in zip(variants, samples, strict=True) if pair[1] is not None and pair[0].has("pixel")]
    rows = []
    for other, pixels in [pair for pair in pairs if pair[0].label == against]:
        for variant, sample in [pair for pair in pairs if pair[0].label != against]:
            _require_same(variant.label, sample, against, pixels, set(by_id.index))
            if not pixels.ids:
                continue
            images = by_id.loc[pixels.ids]
            groups, patients = (images["label"] != 0).to_numpy(int), images["patient"].astype(str).tolist()
            values = [_values(other), _values(variant)]
            found = pixel_differences(pixels, sample, *values, patients, groups, resampling)
            rows += [(variant.label, against, name, *found[name]) for name in FIGURES]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _values(variant: Variant) -> dict[str, float]:
    return {name: float(variant.figure("pixel", name)["value"]) for name in FIGURES}


def _require_same(label: str, sample: PixelSample, against: str, other: PixelSample, tested: set[str]) -> None:
    """Raise unless two variants were evaluated on the same images of the test."""
    if sample.ids == other.ids and set(sample.ids) <= tested:
        return
    found = f"{len(set(sample.ids) ^ set(other.ids) or set(sample.ids) - tested)} images that only one of them has"
    remedy = "delete the evaluation of both variants and run the same command again"
    raise InputError(Problem(f"pixels of {label} and {against}", found, "the same images of the test", remedy))


def difference_part(table: pd.DataFrame, confidence: float) -> list[str]:
    """Return the differences as a part of a Markdown document, and nothing if there are none.

    Args:
        table: From :func:`difference_table`.
        confidence: Coverage of its intervals.
    """
    if table.empty:
        return []
    lines = [
        {"method": method} | {_HEADINGS[row.figure]: _cell(row) for row in rows.itertuples()}
        for method, rows in table.groupby("method", sort=False)
    ]
    title = f"Pixels, difference from “{table['against'].iloc[0]}” (paired bootstrap over patients, {confidence:.0%})"
    return [markdown(title, pd.DataFrame(lines), 1)]


def _cell(row: tuple) -> str:
    if np.isnan(row.p):
        return f"{signed(row.difference)} (no interval: {row.note})" if row.note else signed(row.difference)
    p_text = probability(row.p) if row.p < 0.001 else f"= {probability(row.p)}"
    ends = "" if np.isnan(row.low) else f" [{signed(row.low)}, {signed(row.high)}]"
    return f"{signed(row.difference)}{ends}, p {p_text}"
