"""LesionPaste's Table 3: area under the ROC curve of normal images against each grade and against all abnormal ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from ..evaluation.delong import auc_interval, compare
from .footnotes import comparison_note
from .layout import NONE, OURS, PUBLISHED, document, markdown, number, with_interval

FILE = Path(__file__).parent / "published" / "lesionpaste.csv"
"""Columns table, dataset, method, against (grade_1 … grade_4 | all), auc."""

ALL = "all"
_NOTE = (
    "Published rows: Huang, Huang and Tang, LesionPaste: One-Shot Anomaly Detection for Medical Images, Table 3; VGG16 "
    "at 256×256, the epoch chosen on the test images by the authors' code."
)


def against(labels: np.ndarray, grades: np.ndarray) -> dict[str, np.ndarray]:
    """Return which images each comparison takes, ``(n,)`` bool: normals and one grade, or normals and all abnormal.

    Args:
        labels: ``(n,)`` int, 0 normal, 1 abnormal; others (unknown) are in none.
        grades: ``(n,)`` int, 0 to 4, -1 unknown.
    """
    normal, abnormal = labels == 0, labels == 1
    chosen = {f"grade_{grade}": normal | (abnormal & (grades == grade)) for grade in range(1, 5)}
    return {name: taken for name, taken in chosen.items() if (taken & abnormal).any()} | {ALL: normal | abnormal}


def lesionpaste_table(
    scores: Mapping[str, Mapping[int, pd.Series]], test: pd.DataFrame, dataset: str, confidence: float
) -> pd.DataFrame:
    """Return one line for each row, repeat and comparison.

    Args:
        scores: For each row of the table and each repeat the abnormal logit of each test image, by id.
        test: Columns ``id``, ``label``, ``grade``.
        dataset: Decides which published figures stand beneath.
        confidence: Coverage of DeLong's intervals.

    Returns:
        Columns ``method``, ``source``, ``repeat`` (Int64), ``against``, ``normals``, ``abnormals``, ``auc``,
        ``auc_low``, ``auc_high``, ``note``.
    """
    lines = []
    for method, repeats in scores.items():
        for repeat, found in repeats.items():
            table = test[test["id"].isin(found.index)]
            labels = table["label"].to_numpy()
            logits = found[table["id"]].to_numpy()
            for name, taken in against(labels, table["grade"].to_numpy()).items():
                line = {"method": method, "source": OURS, "repeat": repeat, "against": name}
                lines.append(line | _figures(labels[taken] == 1, logits[taken], confidence))
    columns = ["method", "source", "repeat", "against", "normals", "abnormals", "auc", "auc_low", "auc_high", "note"]
    published = pd.read_csv(FILE, dtype={"table": str})
    published = published[(published["table"] == "3") & (published["dataset"] == dataset)]
    lines += published[["method", "against", "auc"]].assign(source=PUBLISHED, note="").to_dict("records")
    return pd.DataFrame(lines, columns=columns).astype({"repeat": "Int64", "normals": "Int64", "abnormals": "Int64"})


def _figures(abnormal: np.ndarray, scores: np.ndarray, confidence: float) -> dict[str, object]:
    counts = {"normals": int((~abnormal).sum()), "abnormals": int(abnormal.sum())}
    if not all(counts.values()):
        return counts | {"note": "undefined: the test needs normal and abnormal images"}
    low, high, note = auc_interval(abnormal, scores, confidence)
    return counts | {"auc": float(roc_auc_score(abnormal, scores)), "auc_low": low, "auc_high": high, "note": note}


def lesionpaste_markdown(table: pd.DataFrame, title: str, footnotes: Sequence[str]) -> str:
    """Return the table for readers: a row a method, a column a comparison.

    One repeat is shown with DeLong's interval, several as mean ± standard deviation.

    Args:
        table: From :func:`lesionpaste_table`.
        title: Title of the document.
        footnotes: What a reader must know beside it.
    """
    names = list(dict.fromkeys(table["against"]))
    lines = []
    for (method, source), group in table.groupby(["method", "source"], sort=False):
        label = f"{method} ({PUBLISHED})" if source == PUBLISHED else method
        lines.append({"method": label} | {_heading(name): _cell(group[group["against"] == name]) for name in names})
    notes = [*footnotes, *([_NOTE] if (table["source"] == PUBLISHED).any() else []), *_counts(table), *_remarks(table)]
    return document(title, [markdown("AUC (the paper's Table 3)", pd.DataFrame(lines), 1)], notes)


def _heading(name: str) -> str:
    return "0 vs all" if name == ALL else f"0 vs {name.removeprefix('grade_')}"


def _cell(lines: pd.DataFrame) -> str:
    values = lines["auc"].dropna()
    if len(values) == 0:
        return NONE
    if len(values) > 1:
        return f"{number(values.mean())} ± {number(values.std(ddof=1))}"
    return with_interval(values.iloc[0], float(lines["auc_low"].iloc[0]), float(lines["auc_high"].iloc[0]))


def _counts(table: pd.DataFrame) -> list[str]:
    ours = table[table["source"] == OURS].drop_duplicates("against")
    counts = "; ".join(f"{_heading(row.against)}: {row.normals} and {row.abnormals}" for row in ours.itertuples())
    return [f"Normal and abnormal test images: {counts}."]


def _remarks(table: pd.DataFrame) -> list[str]:
    noted = table[table["note"].fillna("") != ""]
    return [f"{row.method}, {_heading(row.against)}: {row.note}." for row in noted.itertuples()]


def comparisons(scores: Mapping[str, Mapping[int, pd.Series]], test: pd.DataFrame) -> list[str]:
    """Return DeLong's test of each pair of rows on all test images, of the mean logit over repeats, as sentences.

    Args:
        scores: As in :func:`lesionpaste_table`.
        test: Likewise.
    """
    means = {method: pd.concat(list(repeats.values()), axis=1).mean(axis=1) for method, repeats in scores.items()}
    names, told = list(means), []
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            table = test[test["id"].isin(means[first].index) & test["label"].isin([0, 1])]
            if table["label"].nunique() < 2:
                return []
            pair = (means[name][table["id"]].to_numpy() for name in (first, second))
            found = compare(table["label"].to_numpy() == 1, *pair)
            told.append(comparison_note(first, second, found.auc_a, found.auc_b, found.p_value, found.note))
    return told
