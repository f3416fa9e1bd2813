"""Do a test's normals score as the held-out normals of its bank do, and is it the year that they were taken in?

Of each bank of a results folder: Kolmogorov's and Smirnov's test of the two sets, with all held-out normals and with
those of one year left out; what a promise delivers with each of the two sets, and how likely so few false alarms are by
chance; and the sensitivity that the test's own normals would allow, which no run can know. Years are those of the
cameras' clocks, read from the photographs that the manifest names.

    PYTHONPATH=src python benchmarks/held_out_normals.py results/idrid --coreset 0.1
    PYTHONPATH=src python benchmarks/held_out_normals.py results/idrid --below calibrated --score inner_maximum
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import betabinom, ks_2samp

from fundus_anomaly.datasets.camera_clock import taken_at
from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.scoring.thresholds import calibrate


def by_chance(alarms: int, tested: int, held_out: int, rank: int) -> float:
    """Return how likely at most so many of the tested normals lie above the score of that rank of the held-out ones."""
    return float(betabinom.cdf(alarms, tested, held_out + 1 - rank, rank))


def said_of(name: str, normals: np.ndarray, tested: np.ndarray, abnormal: np.ndarray, alpha: float) -> str:
    """Return what the promise of α delivers with a set of held-out normals."""
    found = calibrate(normals, 1 - alpha)
    alarms = int((tested >= found.threshold).sum())
    return (
        f"  {name}, {len(normals)}: median {np.median(normals):.4g}; the same as the tested ones by chance:"
        f" p = {ks_2samp(tested, normals).pvalue:.2g}; promised {alpha:.0%} false alarms, {alarms} of {len(tested)}"
        f" delivered, so few or fewer with a probability of"
        f" {by_chance(alarms, len(tested), len(normals), found.rank):.2g};"
        f" sensitivity {(abnormal >= found.threshold).mean():.3f}"
    )


def years_of(paths: pd.Series) -> np.ndarray:
    """Return the year of each photograph by its camera's clock, 0 where it has none.

    Raises:
        SystemExit: If a photograph is not there: its year would pass for unknown.
    """
    if missing := [path for path in paths if not Path(path).is_file()]:
        sys.exit(f"{len(missing)} photographs are not where the manifest has them, the first one: {missing[0]}")
    return np.array([when.year if (when := taken_at(path)) else 0 for path in paths])


def main() -> None:
    """Print a few lines for each bank."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--coreset", default="*", help="coreset fraction of the banks")
    parser.add_argument("--score", default="maximum")
    parser.add_argument("--below", default="", help="folder below a bank's scores: calibrated")
    parser.add_argument("--without-year", type=int, default=2009)
    parser.add_argument("--alpha", type=float, default=0.05, help="the promised share of false alarms")
    asked = parser.parse_args()
    columns = {"id": "str", "path": "str", "label": "int64"}
    manifest = read_results_table(asked.results / "audit" / "manifest.csv", columns).set_index("id")
    for file in sorted(asked.results.glob(f"scores/backbone~*/**/coreset~{asked.coreset}/{asked.below}/test.csv")):
        test, held_out = (
            read_csv(file.with_name(name), dtype={"id": str}).set_index("id")[asked.score].astype(float)
            for name in ("test.csv", "calibration.csv")
        )
        labels = manifest.loc[test.index, "label"].to_numpy()
        tested, abnormal = test[labels == 0], test[labels == 1]
        print(file.parent.relative_to(asked.results / "scores"))
        if tested.empty or abnormal.empty:
            print("  the test has not both normal and abnormal photographs")
            continue
        left_out = years_of(manifest.loc[held_out.index, "path"]) == asked.without_year
        of_tested = years_of(manifest.loc[tested.index, "path"]) == asked.without_year
        print(
            f"  tested normals, {len(tested)}, of {asked.without_year} {of_tested.sum()}: median {tested.median():.4g}"
        )
        scores = tested.to_numpy(), abnormal.to_numpy(), asked.alpha
        print(said_of("held-out normals", held_out.to_numpy(), *scores))
        if 0 < left_out.sum() < len(left_out):
            old, rest = held_out[left_out], held_out[~left_out]
            print(said_of(f"those not of {asked.without_year}", rest.to_numpy(), *scores))
            between = ks_2samp(old, rest).pvalue
            print(f"  those of {asked.without_year}, {len(old)}: median {old.median():.4g}; p = {between:.2g}")
        own = np.sort(tested)[int(np.ceil((1 - asked.alpha) * len(tested))) - 1]
        print(f"  at the test's own threshold, which is no result: sensitivity {(abnormal > own).mean():.3f}")


if __name__ == "__main__":
    main()
