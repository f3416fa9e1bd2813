"""How much does the image AUC of the maximum hang on the border of the distance map?

The maximum is taken over the map without its outermost 0, 1, 2, … positions, of a finished run's score files:

PYTHONPATH=src python benchmarks/border.py results/idrid/scores --abnormal idrid/segmentation/
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from tabulate import tabulate

from fundus_anomaly.files.hdf5 import open_h5, read_ids


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="scores of a run: every test.h5 below it is a row")
    parser.add_argument("--abnormal", required=True, help="what the ids of abnormal images begin with")
    parser.add_argument("--positions", type=int, nargs="+", default=[0, 1, 2, 3, 4, 8], help="left out at each side")
    arguments = parser.parse_args()
    rows = []
    for file in sorted(arguments.folder.rglob("test.h5")):
        with open_h5(file, "distance", "id") as maps:
            distance, ids = maps["distance"][:], read_ids(maps)
        abnormal = np.array([name.startswith(arguments.abnormal) for name in ids])
        found = [roc_auc_score(abnormal, inner_maximum(distance, out)) for out in arguments.positions]
        at_border = (distance.max(axis=(1, 2)) > inner_maximum(distance, 1))[~abnormal]
        variant = str(file.parent.relative_to(arguments.folder))
        rows.append((variant, *found, f"{at_border.sum()} of {len(at_border)}"))
    heads = [f"AUC, {out} left out" for out in arguments.positions]
    print(tabulate(rows, ["variant", *heads, "normals with their maximum on the border"], floatfmt=".3f"))


def inner_maximum(distance: np.ndarray, left_out: int) -> np.ndarray:
    """Return the maximum of each map (n, h, w) without the outermost positions, (n,)."""
    height, width = distance.shape[1:]
    return distance[:, left_out : height - left_out, left_out : width - left_out].max(axis=(1, 2))


if __name__ == "__main__":
    main()
