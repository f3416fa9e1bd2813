"""The paper's Tables 1 and 2: ReSAD and PatchCore, by image and by pixel, beside the published numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fundus_anomaly.report.tables.called import called_table, called_words, counted
from fundus_anomaly.report.tables.layout import OURS, Figure, document, markdown, readable, terminal, wide_table
from fundus_anomaly.report.tables.published import published_rows
from fundus_anomaly.report.tables.variant import Variant

FIGURES = (
    Figure("image_auc", "AUC", "image", "auc", "all", True, "image_auc"),
    Figure(
        "image_balanced_accuracy_best_on_test",
        "balanced accuracy, best on test",
        "image",
        "balanced_accuracy_best_on_test",
        "all",
        False,
        "image_balanced_accuracy",
    ),
    Figure(
        "image_balanced_accuracy_at_normal_quantile",
        "balanced accuracy, calibrated threshold",
        "image",
        "balanced_accuracy_at_normal_quantile",
        "all",
        True,
        "",
    ),
    Figure(
        "image_sensitivity_at_normal_quantile",
        "sensitivity, calibrated threshold",
        "image",
        "sensitivity_at_normal_quantile",
        "all",
        True,
        "",
    ),
    Figure(
        "image_specificity_at_normal_quantile",
        "specificity, calibrated threshold",
        "image",
        "specificity_at_normal_quantile",
        "all",
        True,
        "",
    ),
    Figure("image_average_precision", "average precision", "image", "average_precision", "all", False, ""),
    Figure("pixel_auc", "AUC, all images", "pixel", "auc", "all", True, "pixel_auc"),
    Figure("pixel_auc_abnormal_only", "AUC, abnormal images", "pixel", "auc", "abnormal_only", True, ""),
    Figure(
        "pixel_balanced_accuracy_best_on_test",
        "balanced accuracy, best on test",
        "pixel",
        "balanced_accuracy_best_on_test",
        "all",
        False,
        "pixel_balanced_accuracy",
    ),
    Figure(
        "pixel_balanced_accuracy_at_normal_quantile",
        "balanced accuracy, calibrated threshold",
        "pixel",
        "balanced_accuracy_at_normal_quantile",
        "all",
        False,
        "",
    ),
    Figure("pixel_average_precision", "average precision", "pixel", "average_precision", "all", True, ""),
    Figure("pixel_aupro", "AUPRO", "pixel", "aupro", "all", True, ""),
)

_OF_A_LESION = tuple(
    figure._replace(heading=figure.heading.removesuffix(", all images"), published="")
    for figure in FIGURES
    if figure.subset == "all"
)
_LESION_HEADINGS = {"lesion": "lesion", "method": "method"}


def resad_table(variants: Sequence[Variant], dataset: str, image_score: str) -> pd.DataFrame:
    """Return Tables 1 and 2 in one, machine-readable; see :func:`.layout.wide_table`.

    Args:
        variants: ReSAD and PatchCore.
        dataset: Decides which published rows are added; none for a dataset that is not in the paper.
        image_score: The image score that image-level figures are taken from; the paper's is "maximum".
    """
    return wide_table(variants, FIGURES, image_score, published_rows(dataset, [1, 2]))


def lesion_table(variants: Sequence[Variant], image_score: str) -> pd.DataFrame:
    """Return the figures of each lesion type: images that show it against normals, its pixels against lesion-free ones.

    Args:
        variants: Ours; they share their lesion types.
        image_score: The image score that image-level figures are taken from.

    Returns:
        As :func:`.layout.wide_table`, with a column ``lesion``; empty for a dataset without lesion masks.
    """
    parts = [
        wide_table(
            [variant._replace(params={"lesion": subset.removeprefix("lesion:")})],
            [figure._replace(subset=subset) for figure in _OF_A_LESION],
            image_score,
            published_rows("", []),
        )
        for subset in dict.fromkeys(subset for variant in variants for subset in variant.subsets("lesion:"))
        for variant in variants
    ]
    if parts:
        return pd.concat(parts, ignore_index=True)
    return wide_table([], _OF_A_LESION, image_score, published_rows("", [])).assign(lesion=[])


def image_score_table(variants: Sequence[Variant]) -> pd.DataFrame:
    """Return the image AUC by image score; columns method, source, ``auc_<score>`` with ``_low`` and ``_high``."""
    scores = list(dict.fromkeys(score for variant in variants for score in variant.scores()))
    rows = []
    for variant in variants:
        row = {"method": variant.label, "source": OURS}
        for score in variant.scores():
            found = variant.figure("image", "auc", score)
            row |= {f"auc_{score}{end and '_' + end}": found[end or "value"] for end in ("", "low", "high")}
        rows.append(row)
    columns = [f"auc_{score}{end}" for score in scores for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["method", "source", *columns])


def resad_markdown(
    variants: Sequence[Variant],
    dataset: str,
    image_score: str,
    title: str,
    footnotes: Sequence[str],
    differences: Sequence[str] = (),
) -> str:
    """Return Tables 1 and 2, the image scores and the lesion types as one Markdown document.

    Args:
        variants: ReSAD and PatchCore.
        dataset: As in :func:`resad_table`.
        image_score: As in :func:`resad_table`.
        title: Title of the document.
        footnotes: From :func:`.footnotes.footnotes`.
        differences: From :func:`.pixel_differences.difference_part`.
    """
    table = resad_table(variants, dataset, image_score)
    parts = []
    if counted(table.iloc[0]):
        parts.append(markdown("Images at or above the threshold of normals", called_table(_ours(table)), 1))
    for level, heading in (("pixel", "Pixels (the paper's Table 1)"), ("image", "Images (the paper's Table 2)")):
        figures = [figure for figure in FIGURES if figure.level == level]
        # What has no figure at this level, of the paper's methods or of ours, has no row in its table either.
        without = [variant.label for variant in variants if not variant.has(level)]
        ours = (table["source"] == OURS) & ~table["method"].isin(without)
        rows = table[table[[figure.column for figure in figures]].notna().any(axis=1) | ours]
        if not shown(table, figures):
            continue
        parts.append(markdown(heading, readable(rows, figures, {"method": "method"}), 1))
    parts += differences
    scores = image_score_table(variants)
    by_score = [
        Figure(column, column.removeprefix("auc_"), "image", "auc", "all", True, "")
        for column in scores
        if column.startswith("auc_") and f"{column}_low" in scores
    ]
    if shown(scores, by_score):
        parts.append(markdown("Image AUC by image score", readable(scores, by_score, {"method": "method"}), 1))
    lesions = lesion_table(variants, image_score)
    for level in ("pixel", "image") if len(lesions) else ():
        figures = [figure for figure in _OF_A_LESION if figure.level == level]
        if not shown(lesions, figures):
            continue
        rows = lesions[~lesions["method"].isin([variant.label for variant in variants if not variant.has(level)])]
        parts.append(markdown(f"Lesion types, {level}s", readable(rows, figures, _LESION_HEADINGS), 2))
    return document(title, parts, footnotes)


def shown(table: pd.DataFrame, figures: Sequence[Figure]) -> bool:
    """Return whether our rows of a table have any of these figures; a part of a table that has none is left out."""
    return bool(_ours(table)[[figure.column for figure in figures]].notna().any(axis=None))


def _ours(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["source"] == OURS]


def headline(table: pd.DataFrame) -> str:
    """Return what the terminal shows, see :func:`headline_parts`."""
    said, figures = headline_parts(table)
    return "\n".join([*said, *([""] if said and len(figures) else []), *([terminal(figures)] if len(figures) else [])])


def headline_parts(table: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    """Return what a user looks for first: our rows, and the published ones of the same methods.

    Of a test without both classes it is a sentence for each method, and the figures that such a test has.

    Args:
        table: From :func:`resad_table` or :func:`.ablations.ablation_table`.

    Returns:
        The sentences, and a table of text; either may be empty.
    """
    columns = {"image_auc": "image AUC", "pixel_auc": "pixel AUC", "pixel_aupro": "AUPRO"}
    figures = [figure._replace(heading=columns[figure.column]) for figure in FIGURES if figure.column in columns]
    rows = table[table["method"].isin(_ours(table)["method"])]
    said = []
    if counted(table.iloc[0]):
        said = [
            f"{row['method']}: {called_words(row, 'above the threshold', float(row['false_alarms']))}"
            for row in _ours(table).to_dict("records")
        ]
        figures = [figure for figure in figures if shown(table, [figure])]
    return said, readable(rows, figures, {"method": "method"}) if figures else pd.DataFrame()
