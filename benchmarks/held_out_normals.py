"""Do a test's normals score as the held-out normals of its bank do, and is it the year that they were taken in?

Of each bank of a results folder: Kolmogorov's and Smirnov's test of the two sets, with all held-out normals and with
those of one year left out; what a promise delivers; and the sensitivity that the test's own normals would allow, which
no run can know. Years are those of the cameras' clocks, read from the photographs that the manifest names.

    PYTHONPATH=src python benchmarks/held_out_normals.py results/idrid --coreset 0.1
    PYTHONPATH=src python benchmarks/held_out_normals.py results/idrid --below calibrated --score inner_maximum
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import ks_2samp

from fundus_anomaly.datasets.camera_clock import taken_at
from fundus_anomaly.evaluation.promises import delivered, promises
from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.files.tables import read_results_table


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
    columns = {"id": "str", "path": "str", "label": "str"}
    manifest = read_results_table(asked.results / "audit" / "manifest.csv", columns).set_index("id")
    for file in sorted(asked.results.glob(f"scores/backbone~*/**/coreset~{asked.coreset}/{asked.below}/test.csv")):
        test, held_out = (read_csv(file.with_name(name), dtype={"id": str}) for name in ("test.csv", "calibration.csv"))
        abnormal = np.array([manifest.loc[name, "label"] != "0" for name in test["id"]])
        scores, normals = test[asked.score].to_numpy(float), held_out[asked.score].to_numpy(float)
        years = [when.year if (when := taken_at(manifest.loc[name, "path"])) else None for name in held_out["id"]]
        left_out = np.array([year == asked.without_year for year in years])
        found = promises(scores, abnormal, normals)
        own = np.sort(scores[~abnormal])[int(np.ceil((1 - asked.alpha) * (~abnormal).sum())) - 1]
        at = np.array([asked.alpha])
        print(file.parent.relative_to(asked.results / "scores"))
        print(f"  medians: {np.median(scores[~abnormal]):.4g} of {(~abnormal).sum()} tested normals,", end=" ")
        print(f"{np.median(normals):.4g} of {len(normals)} held-out ones; the same by chance: p = {found.same:.2g}")
        if 0 < left_out.sum() < len(left_out):
            rest = ks_2samp(scores[~abnormal], normals[~left_out]).pvalue
            between = ks_2samp(normals[left_out], normals[~left_out]).pvalue
            print(f"  without the {left_out.sum()} of {asked.without_year}: p = {rest:.2g};", end=" ")
            print(f"held-out ones of that year against the others: p = {between:.2g}")
        print(f"  promised {asked.alpha:.0%} false alarms: {delivered(found.normal, at)[0]:.1%} delivered,", end=" ")
        print(f"sensitivity {delivered(found.abnormal, at)[0]:.3f};", end=" ")
        print(f"at the test's own threshold, which is no result, {(scores[abnormal] > own).mean():.3f}")


if __name__ == "__main__":
    main()
