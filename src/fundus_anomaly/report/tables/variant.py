"""One evaluated variant, and how a figure of its long table is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from fundus_anomaly.errors import InputError, Problem


class Variant(NamedTuple):
    """One row of a table of ours.

    Attributes:
        label: Name of the row, e.g. "ReSAD".
        params: What distinguishes it, e.g. ``{"coreset_fraction": 0.1, "effective_neighbours": 106.0}``; each is a
            column of the machine-readable table.
        metrics: The evaluation's long table.
        image_score: The image score of its image-level figures where it is not that of the whole table, else "".
    """

    label: str
    params: Mapping[str, object]
    metrics: pd.DataFrame
    image_score: str = ""

    def has(self, level: str) -> bool:
        """Return whether it was evaluated at a level: maps calibrated by position have no pixel figures."""
        return bool((self.metrics["level"] == level).any())

    def score_of(self, level: str, image_score: str) -> str:
        """Return the score whose figures are shown at a level, given that of the whole table."""
        return (self.image_score or image_score) if level == "image" else ""

    def figure(self, level: str, metric: str, score: str = "", subset: str = "all") -> pd.Series:
        """Return one figure's ``value``, ``low`` and ``high``.

        Raises:
            InputError: If the long table has no such row.
        """
        rows = self.metrics
        score_of_row = rows["score"].fillna("")
        wanted = (rows["level"] == level) & (rows["metric"] == metric) & (rows["subset"] == subset)
        found = rows[wanted & (score_of_row == score)]
        if len(found) != 1:
            where = f"metrics of {self.label}: {level} {metric} {score} {subset}".replace("  ", " ")
            remedy = "delete the metrics of this variant and run the same command again"
            raise InputError(Problem(where, f"{len(found)} rows", "one", remedy))
        return found.iloc[0][["value", "low", "high"]]

    def subsets(self, prefix: str) -> list[str]:
        """Return the subsets with a prefix such as ``"lesion:"``, in the order of the long table."""
        names = self.metrics["subset"].drop_duplicates()
        return [name for name in names if str(name).startswith(prefix)]

    def scores(self) -> list[str]:
        """Return the names of the image scores, in the order of the long table."""
        images = self.metrics[self.metrics["level"] == "image"]
        return list(images["score"].drop_duplicates())
