"""Whether figures of lesioned copies predict those of the test: both of each setting, and their rank correlation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from fundus_anomaly.evaluation.rank_correlation import RankCorrelation, rank_correlation
from fundus_anomaly.report.tables.layout import document, markdown, number, with_interval
from fundus_anomaly.report.tables.variant import Variant

_FIGURES = {"image_auc": ("image", "auc"), "pixel_auc": ("pixel", "auc")}
_HEADINGS = {"image_auc": "image AUC", "pixel_auc": "pixel AUC"}
LESIONED, TEST = "lesioned", "test"


def proxy_table(lesioned: Sequence[Variant], tested: Sequence[Variant]) -> pd.DataFrame:
    """Return ``method``, and of image and pixel AUC the figure of the lesioned copies and that of the test.

    Args:
        lesioned: The settings as the copies judge them.
        tested: The same settings, in the same order, as the test does.
    """
    rows = []
    for own, other in zip(lesioned, tested, strict=True):
        row: dict[str, object] = {"method": own.label}
        for name, (level, metric) in _FIGURES.items():
            for source, variant in ((LESIONED, own), (TEST, other)):
                found = variant.figure(level, metric, variant.score_of(level, ""))
                row[f"{name}_{source}"] = float(found["value"])
        rows.append(row)
    return pd.DataFrame(rows)


def correlations(table: pd.DataFrame, *, resamples: int, confidence: float, seed: int) -> dict[str, RankCorrelation]:
    """Return Spearman's ρ between both columns of each figure; arguments as :func:`.rank_correlation.rank_correlation`.

    Args:
        table: From :func:`proxy_table`.
        resamples: Tables that are drawn.
        confidence: Coverage of the intervals.
        seed: Seed of the configuration.
    """
    options = {"resamples": resamples, "confidence": confidence, "seed": seed}
    return {
        name: rank_correlation(table[f"{name}_{LESIONED}"], table[f"{name}_{TEST}"], **options) for name in _FIGURES
    }


def correlation_table(found: Mapping[str, RankCorrelation]) -> pd.DataFrame:
    """Return one row a figure: ``figure``, ``spearman``, ``spearman_low``, ``spearman_high``, ``rows``, ``note``."""
    rows = [(name, one.value, one.low, one.high, one.rows, one.note) for name, one in found.items()]
    return pd.DataFrame(rows, columns=["figure", "spearman", "spearman_low", "spearman_high", "rows", "note"])


def proxy_markdown(
    table: pd.DataFrame,
    found: Mapping[str, RankCorrelation],
    title: str,
    facts: Mapping[str, object],
    confidence: float,
) -> str:
    """Return both tables as a Markdown document.

    Args:
        table: From :func:`proxy_table`.
        found: From :func:`correlations`.
        title: Title of the document.
        facts: What the copies were made of, for a footnote.
        confidence: Coverage of the intervals.
    """
    ranks = pd.DataFrame(
        {
            "figure": [_HEADINGS[name] for name in found],
            "Spearman's ρ": [with_interval(one.value, one.low, one.high) for one in found.values()],
            "rows": [str(one.rows) for one in found.values()],
        }
    )
    shown = pd.DataFrame({"setting": table["method"]})
    for name in _FIGURES:
        for source, words in ((LESIONED, "lesioned copies"), (TEST, "test")):
            shown[f"{_HEADINGS[name]}, {words}"] = [number(value) for value in table[f"{name}_{source}"]]
    notes = [
        "Lesioned copies: " + "; ".join(f"{name}: {value}" for name, value in facts.items()) + ".",
        f"Intervals, {confidence:.0%}: percentiles of tables whose rows are drawn with replacement. The rows are "
        "settings of one method on the same photographs, not independent ones: the interval is of other settings of "
        "this kind, not of other data.",
        "This table needs the test's labels and decides nothing: no setting is chosen by it.",
        *(f"{_HEADINGS[name]}: {one.note}." for name, one in found.items() if one.note),
    ]
    return document(title, [markdown("Do they rank alike?", ranks, 1), markdown("Settings", shown, 1)], notes)
