"""LesionPaste's tables: area under the ROC curve of normal images against each grade and against all abnormal ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fundus_anomaly.report.tables.called import COLUMNS, called_counts, called_table, called_words
from fundus_anomaly.report.tables.layout import (
    NONE,
    OURS,
    PUBLISHED,
    document,
    markdown,
    number,
    probability,
    terminal,
    with_interval,
)
from fundus_anomaly.report.tables.published import published_by_subset
from fundus_anomaly.scoring.contract import OWN

PAPER = "lesionpaste"
ALL = "all"
CHOSEN_ON_TEST = "0 vs all, epoch chosen on the test"
_NOTE = (
    "Published rows: Huang, Huang and Tang, LesionPaste: One-Shot Anomaly Detection for Medical Images, Table {table}; "
    "VGG16 at 256×256, the epoch chosen on the test images by the authors' code."
)
_COLUMNS = ("method", "source", "run", "against", "normals", "abnormals", "auc", "auc_low", "auc_high")
_COLUMNS += ("auc_epoch_chosen_on_test", "epoch_chosen_on_test", "note")
_TESTED = "epoch_"


def lesionpaste_table(
    metrics: Mapping[str, Mapping[str, pd.DataFrame]],
    scores: Mapping[str, Mapping[str, pd.Series]],
    test: pd.DataFrame,
    dataset: str,
    number: str,
) -> pd.DataFrame:
    """Return one line for each row, run and comparison.

    Args:
        metrics: For each row of the table and each run (a repeat, of a fold where the dataset has folds) the long table
            of its evaluation. Image scores are ``own``, the logit after the epoch that was chosen by validation, and
            ``epoch_<n>`` of the epochs that the authors' way chooses from.
        scores: Likewise the abnormal logits of the test images, by id.
        test: Columns ``id``, ``label``.
        dataset: With ``number`` it decides which published figures are added.
        number: The table's number in the paper, ``"3"``, ``"1"``, ``"2"``, ``"A1"`` or ``"A2"``.

    Returns:
        Columns ``method``, ``source``, ``run``, ``against``, ``normals``, ``abnormals``, ``auc``, ``auc_low``,
        ``auc_high``, ``auc_epoch_chosen_on_test``, ``epoch_chosen_on_test``, ``note``. The epoch that is chosen on the
        test has the largest AUC of normals against all abnormal images.
    """
    lines = []
    for method, runs in metrics.items():
        for run, measured in runs.items():
            aucs = measured[(measured["level"] == "image") & (measured["metric"] == "auc")]
            own = aucs[aucs["score"] == OWN].set_index("subset")
            chosen = _chosen_on_test(aucs)
            for name in _subsets(own):
                found = own.loc[name]
                line = {"method": method, "source": OURS, "run": run, "against": name.replace(":", "_")}
                line |= {"normals": found["negatives"], "abnormals": found["positives"]}
                line |= {"auc": found["value"], "auc_low": found["low"], "auc_high": found["high"]}
                line |= {"note": "" if pd.isna(found["note"]) else found["note"]}
                if len(chosen):
                    epoch = int(chosen["score"].iloc[0].removeprefix(_TESTED))
                    line["auc_epoch_chosen_on_test"] = chosen.set_index("subset").loc[name, "value"]
                    line["epoch_chosen_on_test"] = epoch
                if name == ALL and np.isnan(found["value"]):
                    tested = test[test["id"].isin(scores[method][run].index)]
                    logits = scores[method][run].reindex(tested["id"]).to_numpy()
                    line |= called_counts(logits, tested["label"].to_numpy(), 0.0)
                lines.append(line)
    lines += published_by_subset(PAPER, dataset, number).assign(source=PUBLISHED, note="").to_dict("records")
    whole = dict.fromkeys(("normals", "abnormals", "epoch_chosen_on_test"), "Int64")
    # Only a test without both classes has them, and no other figure.
    further = [column for column in COLUMNS if column not in _COLUMNS and any(column in line for line in lines)]
    whole |= dict.fromkeys(further, "Int64")
    return pd.DataFrame(lines, columns=[*_COLUMNS, *further]).astype(whole)


def _subsets(own: pd.DataFrame) -> list[str]:
    """Return what a line stands for: each grade that has images, and all abnormal ones."""
    grades = [f"grade:{grade}" for grade in range(1, 5)]
    return [*(name for name in grades if name in own.index and own.loc[name, "positives"]), ALL]


def _chosen_on_test(aucs: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of the epoch with the largest AUC on the test; none if none was tested or there is no AUC."""
    epochs = aucs[aucs["score"].str.startswith(_TESTED)]
    values = epochs[epochs["subset"] == ALL].set_index("score")["value"].dropna()
    return epochs[epochs["score"] == values.idxmax()] if len(values) else epochs.iloc[:0]


def lesionpaste_markdown(
    table: pd.DataFrame,
    compared: pd.DataFrame,
    number_of_table: str,
    title: str,
    footnotes: Sequence[str],
    further: Sequence[str] = (),
) -> str:
    """Return the table for readers: a row a method, a column a comparison, and DeLong's test of any two rows.

    One run is shown with DeLong's interval, several as mean ± standard deviation.

    Args:
        table: From :func:`lesionpaste_table`.
        compared: From :func:`..evaluation.comparison.p_values` of the rows' logits.
        number_of_table: As in :func:`lesionpaste_table`.
        title: Title of the document.
        footnotes: What a reader must know beside it.
        further: Further parts of the document, after the tables of figures.
    """
    published = [_NOTE.format(table=number_of_table)] if (table["source"] == PUBLISHED).any() else []
    ours = table[table["source"] == OURS]
    if ours["auc"].notna().any():
        parts = [markdown(f"AUC (the paper's Table {number_of_table})", _readable(table), 1)]
    else:
        parts = [markdown("Images called abnormal: logit at or above 0", called_table(_counted(ours)), 1)]
    if len(compared) > 1:
        shown = compared.map(probability).rename_axis("p of two rows").reset_index()
        parts.append(markdown("DeLong's test of two rows, 0 vs all", shown, 1))
    return document(title, [*parts, *further], [*footnotes, *published, *_counts(table), *_remarks(table)])


def headline(table: pd.DataFrame) -> str:
    """Return our rows as a short table for the terminal, see :func:`headline_parts`."""
    said, figures = headline_parts(table)
    return terminal(figures) if len(figures) else "\n".join(said)


def headline_parts(table: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    """Return our rows: a table of text, or, of a test without both classes, a sentence for each.

    Args:
        table: From :func:`lesionpaste_table`.
    """
    ours = table[table["source"] == OURS]
    if ours["auc"].notna().any():
        return [], _readable(ours)
    rows = _counted(ours).to_dict("records")
    said = [f"{row['method']}: {called_words(row, 'called abnormal', float('nan'))}" for row in rows]
    return said, pd.DataFrame()


def _counted(ours: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that count the images called abnormal; a run of several has its number in its name."""
    ours = ours[ours["against"] == ALL]
    several = ours["run"].nunique() > 1
    return ours.assign(method=ours["method"] + (", " + ours["run"] if several else ""))


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row of text for each method, a column for each comparison."""
    names = list(dict.fromkeys(table["against"]))
    lines = []
    for (method, source), group in table.groupby(["method", "source"], sort=False):
        line = {"method": f"{method} ({PUBLISHED})" if source == PUBLISHED else method}
        line |= {_heading(name): _cell(group[group["against"] == name]) for name in names}
        if table["auc_epoch_chosen_on_test"].notna().any():
            line[CHOSEN_ON_TEST] = _spread(group.loc[group["against"] == ALL, "auc_epoch_chosen_on_test"].dropna())
        lines.append(line)
    return pd.DataFrame(lines)


def _heading(name: str) -> str:
    return "0 vs all" if name == ALL else f"0 vs {name.removeprefix('grade_')}"


def _cell(lines: pd.DataFrame) -> str:
    values = lines["auc"].dropna()
    if len(values) == 0:
        return NONE
    if len(values) > 1:
        return _spread(values)
    return with_interval(values.iloc[0], float(lines["auc_low"].iloc[0]), float(lines["auc_high"].iloc[0]))


def _spread(values: pd.Series) -> str:
    """Return mean and standard deviation of several runs, one run's figure, or "–"."""
    if len(values) == 0:
        return NONE
    mean = number(values.mean())
    return f"{mean} ± {number(values.std(ddof=1))}" if len(values) > 1 else mean


def _counts(table: pd.DataFrame) -> list[str]:
    ours = table[table["source"] == OURS]
    ours = ours[ours["method"] == ours["method"].iloc[0]]
    counts = ours.groupby("against", sort=False)[["normals", "abnormals"]].agg(["min", "max"])
    words = "; ".join(
        f"{_heading(name)}: {_span(*line['normals'])} and {_span(*line['abnormals'])}"
        for name, line in counts.iterrows()
    )
    return [f"Normal and abnormal test images of a training: {words}."]


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


def _remarks(table: pd.DataFrame) -> list[str]:
    noted = table[table["note"].fillna("") != ""]
    return [f"{row.method}, {_heading(row.against)}: {row.note}." for row in noted.itertuples()]
