"""What do the bins that scores are counted in do to a pixel AUC?

Three ways on the same maps of a finished run: by ranks without bins, in the library's bins, and in bins of even width
from the lowest score to the highest. One position a thousand times as far from the bank as the others leaves nearly all
pixels in the first of even bins, and the AUC falls towards .5.

PYTHONPATH=src python benchmarks/score_bins.py results/idrid/scores results/idrid/masks/resad/test.h5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import h5py
import numpy as np
from tabulate import tabulate

from fundus_anomaly.evaluation.pixel_metrics import roc_auc
from fundus_anomaly.evaluation.score_bins import BINS, edges_of, quantise
from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.imaging.lesion_truth import lesion_truth
from fundus_anomaly.scoring.map_files import map_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="scores of a run: every test.h5 below it is two rows")
    parser.add_argument("masks", type=Path, help="the run's masks of the test images")
    parser.add_argument("--bins", type=int, nargs="+", default=[256, 1000, 4096, 10_000], help="numbers of even bins")
    arguments = parser.parse_args()
    rows = []
    for file in sorted(arguments.folder.rglob("test.h5")):
        with open_h5(file, "distance", "id") as maps, open_h5(arguments.masks, "coverage", "id") as masks:
            ids, distance, size = read_ids(maps), maps["distance"][:], tuple(maps.attrs["image_size"])
            lesion = lesions_of(masks, ids, size)
            scores = np.stack([map_of(maps, number) for number in range(len(ids))])
        annotated = lesion.any(axis=(1, 2))
        edges = edges_of(distance, distance.size)
        for images, chosen in (("all", np.full(len(ids), True)), ("with lesions", annotated)):
            of_lesion, of_normal = scores[chosen][lesion[chosen]], scores[chosen][~lesion[chosen]]
            ours = binned(quantise(of_lesion, edges), quantise(of_normal, edges), BINS)
            even = [even_bins(of_lesion, of_normal, distance, bins) for bins in arguments.bins]
            tail = distance.max() / np.median(distance)
            variant = str(file.parent.relative_to(arguments.folder))
            rows.append((variant, images, tail, by_ranks(of_lesion, of_normal), ours, *even))
    heads = ["variant", "images", "highest score / median", "by ranks", "the library's bins"]
    print(tabulate(rows, [*heads, *(f"{bins} even bins" for bins in arguments.bins)], floatfmt=".4f"))


def lesions_of(masks: h5py.File, ids: list[str], size: tuple[int, int]) -> np.ndarray:
    """Return where each image shows a lesion of any type, (n, H, W) bool; nowhere for an image without a mask."""
    place = {name: number for number, name in enumerate(read_ids(masks))}
    found = np.zeros((len(ids), *size), bool)
    for number, name in enumerate(ids):
        if name in place:
            found[number] = np.any([lesion_truth(one) for one in masks["coverage"][place[name]]], axis=0)
    return found


def even_bins(positive: np.ndarray, negative: np.ndarray, distance: np.ndarray, bins: int) -> float:
    """Return the AUC of scores counted in bins of even width over the range of the distances."""
    low, high = float(distance.min()), float(distance.max())
    numbers = [np.minimum((one - low) / (high - low) * bins, bins - 1).astype(np.int64) for one in (positive, negative)]
    return binned(*numbers, bins)


def binned(positive: np.ndarray, negative: np.ndarray, bins: int) -> float:
    """Return the AUC of bin numbers."""
    return float(roc_auc(*(np.bincount(one, minlength=bins).astype(float) for one in (positive, negative))))


def by_ranks(positive: np.ndarray, negative: np.ndarray) -> float:
    """Return the AUC of scores, as Mann and Whitney's statistic."""
    below = np.sort(negative)
    wins = np.searchsorted(below, positive, "left") + np.searchsorted(below, positive, "right")
    return float(wins.sum(dtype=np.float64) / 2 / len(positive) / len(negative))


if __name__ == "__main__":
    main()
