"""Are promised specificities kept, and p-values of normals uniform? 200 random splits of the cross-fitted normals.

Of each split, by patients, one half gives the threshold and the other half is judged by it. The normals' scores are
those that a run has written; no image of the test and no label has part in it. The p-values of one half share the other
half, so they are no independent draws: whether they are uniform is Kolmogorov's and Smirnov's test of the two halves.

    PYTHONPATH=src python benchmarks/operating_points.py results/phantom --score inner_maximum --below calibrated
    PYTHONPATH=src python benchmarks/operating_points.py results/phantom --score maximum
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.scoring.thresholds import calibrate, p_values
from fundus_anomaly.seeds import generator

PROMISED = (0.9, 0.95, 0.98)


def splits(scores: np.ndarray, patients: np.ndarray, count: int, seed: int) -> pd.DataFrame:
    """Return for each split the delivered specificities, and how uniform the p-values are."""
    names = np.unique(patients)
    rows = []
    for number in range(count):
        drawn = generator(seed, "split of normals", str(number)).permutation(names)[: len(names) // 2]
        known = np.isin(patients, drawn)
        row = {"normals": int(known.sum()), "judged": int((~known).sum())}
        for promised in PROMISED:
            row[f"{promised:g}"] = float((scores[~known] < calibrate(scores[known], promised).threshold).mean())
        row["low_p"] = float((p_values(scores[~known], scores[known]) <= 0.1).mean())
        row["ks_p"] = float(ks_2samp(scores[known], scores[~known]).pvalue)
        rows.append(row)
    return pd.DataFrame(rows)


def main() -> None:
    """Print mean and spread of delivered minus promised specificity of each bank of a results folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--score", default="maximum")
    parser.add_argument("--below", default="", help="folder below a bank's scores: calibrated")
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    manifest = read_results_table(asked.results / "audit" / "manifest.csv", {"id": "str", "patient": "str"})
    patient_of = dict(zip(manifest["id"], manifest["patient"], strict=True))
    for file in sorted(asked.results.glob(f"scores/backbone~*/**/coreset~*/{asked.below}/calibration.csv")):
        table = read_csv(file, dtype={"id": str})
        patients = np.array([patient_of[name] for name in table["id"]])
        found = splits(table[asked.score].to_numpy(float), patients, asked.splits, asked.seed)
        print(file.parent.relative_to(asked.results / "scores"))
        print(f"  normals {found['normals'].mean():.0f}, judged {found['judged'].mean():.0f}, {asked.splits} splits")
        for promised in PROMISED:
            off = found[f"{promised:g}"] - promised
            print(f"  promised {promised:g}: delivered minus promised {off.mean():+.4f}, spread {off.std():.4f}")
        print(f"  share of p-values up to .1: {found['low_p'].mean():.3f}, spread {found['low_p'].std():.3f}")
        print(f"  p-values not uniform at .05 in {(found['ks_p'] < 0.05).mean():.1%} of the splits")


if __name__ == "__main__":
    main()
