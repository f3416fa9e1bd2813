"""Print the headline table of a finished run, and where its tables, figures and report lie."""

import sys
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from fundus_anomaly.report.tables import lesionpaste, resad

_TABLES = {
    "resad.csv": ("ReSAD, Tables 1 and 2", resad.headline),
    "lesionpaste_3.csv": ("LesionPaste, Table 3, AUC", lesionpaste.headline),
}


def main(results: Path, tables: Collection[str] = tuple(_TABLES)) -> None:
    """Print what a user looks for first.

    Args:
        results: The run's folder, e.g. ``results/phantom``.
        tables: Names of the tables to show, of those that are there.
    """
    for name, (title, headline) in _TABLES.items():
        if name in tables and (results / "tables" / name).exists():
            print(f"{title}\n\n{headline(pd.read_csv(results / 'tables' / name))}\n")
    for what, name in (
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
