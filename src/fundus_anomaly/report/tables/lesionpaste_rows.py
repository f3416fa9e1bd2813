"""What both tables of LesionPaste's read and say: their rows' files, and how each was made."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.methods.lesionpaste.lesion import in_words
from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank
from fundus_anomaly.report.tables.excluded import left_out_note
from fundus_anomaly.report.tables.footnotes import independence
from fundus_anomaly.scoring.contract import OWN, read_scores


class Rows(NamedTuple):
    """Rows of a table, each with its runs.

    Attributes:
        metrics: For each row and run the long table of its evaluation.
        scores: Likewise the abnormal logits of the test images, by id.
    """

    metrics: dict[str, dict[str, pd.DataFrame]]
    scores: dict[str, dict[str, pd.Series]]

    def in_order(self, names: Iterable[str]) -> Rows:
        """Return the rows in the order of their names."""
        order = list(names)
        return Rows(*({name: found[name] for name in order} for found in self))


def read_rows(
    runs: Iterable[tuple[str, str]],
    metrics: Iterable[str | os.PathLike[str]],
    scores: Iterable[str | os.PathLike[str]],
) -> Rows:
    """Return the rows of a table.

    Args:
        runs: Row and run of each pair of files.
        metrics: Their evaluations.
        scores: Their scores, see :mod:`..scoring.contract`.

    Raises:
        InputError: If a file is damaged.
    """
    rows = Rows({}, {})
    for (row, run), measured, scored in zip(runs, metrics, scores, strict=True):
        rows.metrics.setdefault(row, {})[run] = read_csv(measured)
        rows.scores.setdefault(row, {})[run] = read_scores(scored).set_index("id")[OWN]
    return rows


def lesions_in_words(bank: str | os.PathLike[str]) -> str:
    """Return what a lesion bank holds, and of which images.

    Raises:
        InputError: If the bank is damaged.
    """
    lesions = read_bank(bank)
    return f"{in_words(lesions)} of {', '.join(dict.fromkeys(lesion.source for lesion in lesions))}"


def run_notes(
    facts: Mapping[str, object], excluded: Mapping[str, str], confidence: float, test: Mapping[str, Sequence]
) -> list[str]:
    """Return the footnotes on what was run, what was excluded, and the intervals.

    Args:
        facts: What was run.
        excluded: Why each image is excluded, by id.
        confidence: Coverage of the intervals.
        test: Columns ``id``, ``label`` and ``patient`` of the images that take part.
    """
    return [
        "Run: " + "; ".join(f"{name}: {value}" for name, value in facts.items()) + ".",
        left_out_note(excluded),
        f"One training: {confidence:.0%} interval from DeLong's variance, on the logit scale; several: mean ± "
        f"standard deviation over trainings. {independence(test, [])}",
    ]
