"""Are a network's maps displaced against the photographs, and what does it cost?

Prints what the library's probe finds, and the pixel AUC of maps that are moved by some pixels down and to the right.
Images and masks are those of a finished run; the bank is a random part of the positions of some normals, and the
features are averaged over 3×3 positions:

PYTHONPATH=src python benchmarks/displacement.py results/phantom --weights results/phantom/weights/…
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from tabulate import tabulate

from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.imaging.lesion_truth import lesion_truth
from fundus_anomaly.methods.resad.resc import concat_levels, pooled
from fundus_anomaly.neighbours.search import neighbours_for
from fundus_anomaly.networks.displacement import displacement, whole_pixels
from fundus_anomaly.networks.interface import Backbone, load
from fundus_anomaly.scoring.maps import anomaly_map

ONNX = {"outputs": ["level2", "level3"], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
LEVELS = ("level 2", "level 3", "both")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder of a run, with images and masks")
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--normals", type=int, default=24, help="images that the bank is drawn from")
    parser.add_argument("--abnormal", type=int, default=24, help="annotated images that are scored")
    parser.add_argument("--entries", type=int, default=3000, help="entries of the bank")
    parser.add_argument("--shifts", type=int, nargs="+", default=[-6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6])
    parser.add_argument("--lesions", nargs="+", default=["MA", "HE", "EX", "SE"], help="in the order of the masks")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network = load(arguments.backbone, arguments.weights, device="cpu", precision="float32", threads=1, onnx=ONNX)
    folder = arguments.results
    with open_h5(folder / "images/resad/train.h5", "image") as file:
        normals = file["image"][: arguments.normals]
    with open_h5(folder / "masks/resad/test.h5", "coverage", "id") as file:
        names, masks = read_ids(file)[: arguments.abnormal], file["coverage"][: arguments.abnormal]
    with open_h5(folder / "images/resad/test.h5", "image", "id") as file:
        place = {name: number for number, name in enumerate(read_ids(file))}
        abnormal = np.stack([file["image"][place[name]] for name in names])
    size = normals.shape[1:3]
    found = displacement(network, *size)
    print("probe, pixels (y, x):", *(f"{value:+.2f}" for value in found), "taken back:", *whole_pixels(found))
    bank, maps = features(network, normals), features(network, abnormal)
    rows = []
    for level in LEVELS:
        entries = bank[level].reshape(-1, bank[level].shape[-1])
        chosen = np.random.default_rng(0).permutation(len(entries))[: arguments.entries]
        search = neighbours_for(
            entries[chosen], {"index": "flat", "nlist": 1, "nprobe": 1}, device="cpu", threads=1, seed=0
        )
        distance = [search.distances(one.reshape(-1, one.shape[-1])).reshape(one.shape[:2]) for one in maps[level]]
        scores = np.stack([anomaly_map(one, size) for one in distance])
        for name, truth in truths(masks, arguments.lesions).items():
            back = area(np.stack([anomaly_map(one, size, whole_pixels(found)) for one in distance]), truth)
            rows.append((level, name, back, *(area(moved(scores, shift), truth) for shift in arguments.shifts)))
    heads = [f"{shift:+d}" for shift in arguments.shifts]
    print(tabulate(rows, ["features", "lesions", "as taken back", *heads], floatfmt=".4f"))


def features(network: Backbone, photographs: np.ndarray) -> dict[str, np.ndarray]:
    """Return pooled features by level, ``(n, h, w, c)`` float32; level 3 at its own positions."""
    found: dict[str, list[np.ndarray]] = {level: [] for level in LEVELS}
    for photograph in photographs:
        fine, coarse = (pooled(level[0], 3) for level in network.levels(torch.from_numpy(photograph[None])))
        for level, values in zip(LEVELS, (fine, coarse, concat_levels(fine, coarse)), strict=True):
            found[level].append(values.numpy())
    return {level: np.stack(values) for level, values in found.items()}


def truths(masks: np.ndarray, lesions: list[str]) -> dict[str, np.ndarray]:
    """Return the lesion pixels of each type and of all, ``(n, H, W)`` bool each; pixels of no lesion are the others."""
    found = {name: np.stack([lesion_truth(one) for one in masks[:, number]]) for number, name in enumerate(lesions)}
    return {"all": np.any(list(found.values()), axis=0)} | found


def moved(scores: np.ndarray, shift: int) -> np.ndarray:
    """Return maps moved down and to the right; what enters repeats the border."""
    index = [np.clip(np.arange(side) - shift, 0, side - 1) for side in scores.shape[1:]]
    return scores[:, index[0]][:, :, index[1]]


def area(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the pixel AUC over 2¹⁶ bins, whose error is far below the fourth digit."""
    low, high = float(scores.min()), float(scores.max())
    bins = ((scores - low) / (high - low) * 65535).astype(np.int64)
    hits, false = (np.bincount(bins[chosen], minlength=65536) for chosen in (truth, ~truth))
    above = false.sum() - np.cumsum(false)
    return float(1 - (hits * (above + false / 2)).sum() / (hits.sum() * false.sum()))


if __name__ == "__main__":
    main()
