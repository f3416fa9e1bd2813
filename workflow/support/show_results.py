"""Print the headline table of a finished run, and where its tables, figures and report lie."""

import sys
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from fundus_anomaly.quality.tables import read_summary, summary_in_words
from fundus_anomaly.report.tables import lesionpaste, resad

SUMMARY = "quality/summary.csv"
_TABLES = {
    "resad.csv": ("ReSAD, Tables 1 and 2", resad.headline),
    "lesionpaste_3.csv": ("LesionPaste, Table 3, AUC", lesionpaste.headline),
}


def main(results: Path, tables: Collection[str] = (*_TABLES, SUMMARY)) -> None:
    """Print what a user looks for first.

    Args:
        results: The run's folder, e.g. ``results/phantom``.
        tables: Names of the tables to show, of those that are there; :data:`SUMMARY` has the photographs' quality.
    """
    for name, (title, headline) in _TABLES.items():
        if name in tables and (results / "tables" / name).exists():
            print(f"{title}\n\n{headline(pd.read_csv(results / 'tables' / name))}\n")
    if SUMMARY in tables and (results / SUMMARY).exists():
        print(*summary_in_words(*read_summary(results / SUMMARY)), "", sep="\n")
    for what, name in (
        ("open first", "index.html"),
        ("photographs", "images.csv"),
        ("pages", "pages/index.html"),
        ("tables", "tables"),
        ("figures", "figures"),
        ("heat maps", "heat_maps/index.html"),
        ("audit of the data", "audit/audit.html"),
        ("report", "report.html"),
    ):
        if (results / name).exists():
            print(f"{what + ':':<19}{results / name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
