"""The table that settings are chosen by: lesioned copies of held-out normals against these normals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fundus_anomaly.evaluation.choice import Choice
from fundus_anomaly.evaluation.delong import compare
from fundus_anomaly.report.tables.layout import Figure, document, markdown, probability, readable, wide_table
from fundus_anomaly.report.tables.variant import Variant

FIGURES = (
    Figure("image_auc", "image AUC", "image", "auc", "all", True, ""),
    Figure("pixel_auc", "pixel AUC", "pixel", "auc", "all", True, ""),
    Figure("pixel_average_precision", "pixel average precision", "pixel", "average_precision", "all", True, ""),
    Figure("pixel_aupro", "AUPRO", "pixel", "aupro", "all", True, ""),
)
_HEADINGS = {
    "method": "candidate",
    "pool": "pool",
    "region": "region",
    "spatial": "spatial",
    "scale": "scale",
    "normals": "normals",
    "coreset": "coreset",
    "image_score": "image score",
    "calibrated": "calibrated",
}


def select_table(variants: Sequence[Variant]) -> pd.DataFrame:
    """Return the candidates with their settings and figures, machine-readable; see :func:`.layout.wide_table`."""
    return wide_table(variants, FIGURES, "", pd.DataFrame())


def p_values(scores: Mapping[str, pd.Series], manifest: pd.DataFrame, best: str) -> list[float]:
    """Return for each candidate the p-value of DeLong's test of its image AUC against the chosen one's; NaN for that.

    Args:
        scores: Image scores of each candidate by id.
        manifest: ``id``, ``label`` and ``patient`` of normals and copies.
        best: Name of the chosen candidate.
    """
    abnormal, patients = manifest["label"].to_numpy() == 1, manifest["patient"].to_numpy(str)
    values = {name: own.loc[manifest["id"]].to_numpy(float) for name, own in scores.items()}
    return [
        float("nan") if name == best else compare(abnormal, values[best], own, patients).p_value
        for name, own in values.items()
    ]


def select_markdown(
    table: pd.DataFrame, choice: Choice, figure: str, title: str, facts: Mapping[str, object], confidence: float
) -> str:
    """Return the table as a Markdown document, the choice first.

    Args:
        table: From :func:`select_table`, with the column ``p_value``.
        choice: What was chosen.
        figure: The column that it was chosen by.
        title: Title of the document.
        facts: What the copies were made of, for a footnote.
        confidence: Coverage of the intervals.
    """
    text = readable(table, FIGURES, {key: heading for key, heading in _HEADINGS.items() if key in table})
    text["p against the chosen"] = [probability(value) if np.isfinite(value) else "–" for value in table["p_value"]]
    heading = next(one.heading for one in FIGURES if one.column == figure)
    said = f"Chosen by {heading}: **{choice.name}**, {choice.value:.3f}.\n"
    if choice.tied:
        said += (
            f"\n{', '.join(choice.tied)}: the very same figure, so that the order of the configuration decided. "
            "Fewer or fainter lesions (select.most) may tell them apart.\n"
        )
    notes = [
        "Made of: " + "; ".join(f"{name}: {value}" for name, value in facts.items()) + ".",
        "Training normals against lesioned copies of the same normals, each scored without entries of its own patient "
        "and calibrated by other patients' normals. No photograph, mask or label of the test has part in it.",
        "Pixel figures are those of the map as the method gives it, calibrated or not, against the exact masks of what "
        "was drawn.",
        f"Intervals, {confidence:.0%}, over patients: DeLong's for image AUC, studentised bootstrap for pixels. "
        "p: DeLong's test of the image AUC, of which there are as many as other candidates.",
        "The figures rank settings. They are of artificial lesions, and no estimate of what real disease will give.",
    ]
    return document(title, [said, markdown("Candidates", text, 2)], notes)


def selection_record(
    table: pd.DataFrame,
    choice: Choice,
    figure: str,
    settings: Mapping[str, Mapping[str, object]],
    facts: Mapping[str, object],
    annotated: Sequence[str],
    digest: str,
) -> dict[str, object]:
    """Return what was chosen, by what, and what the choice was made with, as JSON can hold it.

    Args:
        table: From :func:`select_table`.
        choice: What was chosen.
        figure: The column that it was chosen by.
        settings: Those of each candidate by its name.
        facts: What the copies were made of.
        annotated: Ids of the annotated images whose lesions were pasted: no row that is set up like this may be
            tested on them.
        digest: Of the configuration and the code, from :func:`..plan.candidates.selection_digest`.
    """
    best = table[table["method"] == choice.name].iloc[0]
    ends = [float(best[f"{figure}_{end}"]) for end in ("low", "high")]
    return {
        "chosen": {"name": choice.name, **settings[choice.name]},
        "figure": figure,
        "value": choice.value,
        "interval": ends if np.isfinite(ends).all() else None,
        "tied": list(choice.tied),
        "candidates": {name: dict(own) for name, own in settings.items()},
        "made_of": dict(facts),
        "not_to_be_tested_on": list(annotated),
        "digest": digest,
    }
